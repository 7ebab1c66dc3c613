import { assert, describe, it } from "@effect/vitest"
import * as fs from "node:fs"
import * as path from "node:path"

const root = path.resolve(import.meta.dirname, "../..")

const quotation = /<!-- quoted from (\S+) -->\s+```ts\n([\s\S]*?)```/g

const quotations = (readme: string) =>
  Array.from(fs.readFileSync(path.join(root, readme), "utf8").matchAll(quotation), ([, file = "", code = ""]) => ({
    readme,
    file,
    code
  }))

const readmes = [
  "README.md",
  ...fs.readdirSync(path.join(root, "packages")).map((name) => `packages/${name}/README.md`)
]

describe("READMEs", () => {
  it("quote the example that the demo runs", () => {
    assert.isNotEmpty(quotations("README.md"))
  })

  it("show one program with its tests in memory and on engines", () => {
    assert.deepStrictEqual(quotations("packages/containers/README.md").map(({ file }) => file), [
      "examples/site.ts",
      "test/site.test.ts",
      "test/integration/site.ts"
    ])
  })

  it.each(readmes.flatMap(quotations))("$readme quotes $file as it is", ({ code, file, readme }) => {
    const source = fs.readFileSync(path.resolve(path.dirname(path.join(root, readme)), file), "utf8")
    assert.include(source, code)
  })
})
