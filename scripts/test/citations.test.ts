import { assert, describe, it } from "@effect/vitest"
import * as fs from "node:fs"
import * as path from "node:path"
import { citations, rows, wrongCitations } from "./documents.js"

const docs = path.resolve(import.meta.dirname, "../../docs/conformance")

const read = (file: string) => fs.readFileSync(path.join(docs, file), "utf8")

/** The text below a heading, up to the next one. */
const section = (markdown: string, heading: string) => markdown.split(/^## /m).find((part) => part.startsWith(heading))

describe("the tests that documents name", () => {
  it.each(["engines.md", "ociman.md", "ocipkg.md", "registry.md"])("are there: %s", (file) => {
    assert.isNotEmpty(citations(read(file)))
    assert.deepStrictEqual(wrongCitations(read(file), docs), [])
  })

  it("pin each difference of the engines", () => {
    const [head = "", versions = "", ...differences] = read("engines.md").split(/^## /m)
    assert.isTrue(versions.startsWith("Versions"), head)
    const table = rows(differences.join("## "))
    assert.deepStrictEqual(table.filter((cells) => citations(cells.at(-1) ?? "").length === 0), [])
    assert.isAbove(table.length, 50)
  })

  it.each([["Its integration tests", 40], ["Its tests of backends", 11], ["Its defects", 11]])(
    "are named in each row of %s",
    (heading, count) => {
      const table = rows(section(read("ociman.md"), heading) ?? "")
      assert.strictEqual(table.length, count)
      assert.deepStrictEqual(table.filter((cells) => citations(cells.at(-1) ?? "").length === 0), [])
    }
  )
})

describe("docs/conformance/ocipkg.md", () => {
  it("names a test for each defect", () => {
    const table = rows(section(read("ocipkg.md"), "Its defects") ?? "")
    assert.strictEqual(table.length, 23)
    assert.deepStrictEqual(table.filter((cells) => citations(cells.at(-1) ?? "").length === 0), [])
  })
})

describe("the check itself", () => {
  const networks = "[networks]: ../../packages/testing/src/internal/backendSuite/networks.ts"
  const wrong = (cell: string, ...files: ReadonlyArray<string>) =>
    wrongCitations(`| what | ${cell} |\n\n${files.join("\n")}\n`, docs)

  it("takes a title that is there, also one of several parts", () => {
    assert.deepStrictEqual(wrong("[a gateway is where it was asked for][networks]", networks), [])
    assert.deepStrictEqual(
      wrong("[a command runs as ${user}][executing]", networks.replaceAll("networks", "executing")),
      []
    )
  })

  it("finds a title, a file and a label that are not there", () => {
    assert.deepStrictEqual(wrong("[a gateway is where it was not asked for][networks]", networks), [
      "../../packages/testing/src/internal/backendSuite/networks.ts has no test \"a gateway is where it was not asked for\""
    ])
    assert.deepStrictEqual(wrong("[a][gone]", "[gone]: ../gone.ts"), ["../gone.ts is not there"])
    assert.deepStrictEqual(wrong("[a][nothing]", networks), ["[nothing] is no file"])
  })
})
