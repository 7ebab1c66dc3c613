import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import * as FileSystem from "node:fs"

const directory = new URL("../../../../../shared/vectors/", import.meta.url)

/** Tests with a file of conformance vectors, which is located beside the repository. In CI, a missing file fails. */
export const describeVectors = <A, I>(file: string, schema: Schema.Schema<A, I>, tests: (vectors: A) => void): void => {
  const url = new URL(file, directory)
  if (FileSystem.existsSync(url)) {
    describe(
      file,
      () => tests(Schema.decodeUnknownSync(Schema.parseJson(schema))(FileSystem.readFileSync(url, "utf8")))
    )
  } else if (process.env.CI === "true") {
    it(`${file} exists`, () => assert.fail(`${url.pathname} is missing`))
  }
}
