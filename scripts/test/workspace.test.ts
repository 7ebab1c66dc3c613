import { assert, describe, it } from "@effect/vitest"
import { existingTests, projects } from "../../vitest.workspace.js"

describe("vitest.workspace.ts", () => {
  const files = ["oci/test/Tar", "oci/test/internal/jail", "oci/test/Unpack.vectors", "node/test/NodeHasher"]

  it("returns the paths of test files that exist", () => {
    assert.deepStrictEqual(existingTests(["oci/test/Tar", "node/test/**/*", "*/test/internal/*"], files), [
      "packages/oci/test/Tar.test.ts",
      "packages/node/test/**/*.test.ts",
      "packages/*/test/internal/*.test.ts"
    ])
  })

  it.each(["oci/test/Gone", "oci/test/jail", "process/test/**/*", "oci/test/UnpackXvectors", "node/test/Node"])(
    "refuses the name %s, which matches no test file",
    (glob) => {
      assert.throws(() => existingTests(["oci/test/Tar", glob], files), `no test file matches ${glob}`)
    }
  )

  it("refuses a name that matches no test file of this repository", () => {
    assert.throws(() => existingTests(["oci/test/NoSuchTest"]), "no test file matches oci/test/NoSuchTest")
  })

  it("holds the projects of this repository", () => {
    assert.deepStrictEqual(projects.map(({ test }) => test?.name), ["unit", "integration", "scripts", "machines"])
  })
})
