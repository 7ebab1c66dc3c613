import { assert, describe, it } from "@effect/vitest"
import * as fs from "node:fs"
import * as path from "node:path"
import { citations, rows, wrongCitations } from "./documents.js"

const docs = path.resolve(import.meta.dirname, "../../docs/conformance")

const read = (file: string) => fs.readFileSync(path.join(docs, file), "utf8")

/** Returns the text below a heading, up to the next one. */
const section = (markdown: string, heading: string) => markdown.split(/^## /m).find((part) => part.startsWith(heading))

describe("Conformance pages", () => {
  it.each(["engines.md", "ociman.md", "ocipkg.md", "registry.md"])("%s cites only tests that exist", (file) => {
    assert.isNotEmpty(citations(read(file)))
    assert.deepStrictEqual(wrongCitations(read(file), docs), [])
  })

  it("engines.md cites a test for each difference", () => {
    const [head = "", versions = "", ...differences] = read("engines.md").split(/^## /m)
    assert.isTrue(versions.startsWith("Versions"), head)
    const table = rows(differences.join("## "))
    assert.deepStrictEqual(table.filter((cells) => citations(cells.at(-1) ?? "").length === 0), [])
    assert.isAbove(table.length, 50)
  })

  it.each([["Integration tests", 40], ["Backend and hash tests", 11], ["Defects", 11]])(
    "ociman.md cites a test in each row of %s",
    (heading, count) => {
      const table = rows(section(read("ociman.md"), heading) ?? "")
      assert.strictEqual(table.length, count)
      assert.deepStrictEqual(table.filter((cells) => citations(cells.at(-1) ?? "").length === 0), [])
    }
  )
})

describe("docs/conformance/ocipkg.md", () => {
  it("cites a test for each defect", () => {
    const table = rows(section(read("ocipkg.md"), "Defects") ?? "")
    assert.strictEqual(table.length, 23)
    assert.deepStrictEqual(table.filter((cells) => citations(cells.at(-1) ?? "").length === 0), [])
  })
})

describe("The check of citations", () => {
  const networks = "[networks]: ../../packages/testing/src/internal/backendSuite/networks.ts"
  const wrong = (cell: string, ...files: ReadonlyArray<string>) =>
    wrongCitations(`| what | ${cell} |\n\n${files.join("\n")}\n`, docs)

  it("accepts an existing title, also of a template", () => {
    assert.deepStrictEqual(wrong("[a network uses the requested gateway address][networks]", networks), [])
    assert.deepStrictEqual(
      wrong("[exec runs the command as user ${user}][executing]", networks.replaceAll("networks", "executing")),
      []
    )
  })

  it("reports a missing title, file or label", () => {
    assert.deepStrictEqual(wrong("[a network uses no gateway address][networks]", networks), [
      "../../packages/testing/src/internal/backendSuite/networks.ts has no test \"a network uses no gateway address\""
    ])
    assert.deepStrictEqual(wrong("[a][gone]", "[gone]: ../gone.ts"), ["../gone.ts does not exist"])
    assert.deepStrictEqual(wrong("[a][nothing]", networks), ["[nothing] is no label of a file"])
  })
})
