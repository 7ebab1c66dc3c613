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

const peerDependencies: Record<string, string> = Object.assign(
  {},
  ...fs.readdirSync(path.join(root, "packages")).map((name) =>
    JSON.parse(fs.readFileSync(path.join(root, "packages", name, "package.json"), "utf8")).peerDependencies
  )
)

const peers = Object.keys(peerDependencies)

/** The peers in the syntax of install lines: `effect@^3.22` for the range `^3.22.0`. */
const installed = Object.entries(peerDependencies).map(([name, range]) => `${name}@${range.replace(/\.0$/, "")}`)

const isOf = (word: string, name: string) => word === name || word.startsWith(`${name}@`)

describe("READMEs", () => {
  it("quote the example of the demo", () => {
    assert.isNotEmpty(quotations("README.md"))
  })

  it("show a program with its tests in memory and on engines", () => {
    assert.deepStrictEqual(quotations("packages/containers/README.md").map(({ file }) => file), [
      "examples/site.ts",
      "test/site.test.ts",
      "test/integration/site.ts"
    ])
  })

  it.each(readmes)("%s installs the versions of the peer dependencies", (readme) => {
    const lines = fs.readFileSync(path.join(root, readme), "utf8").match(/^npm install .*$/gm) ?? []
    assert.isNotEmpty(lines)
    for (
      const word of lines.flatMap((line) => line.split(" ")).filter((word) => peers.some((name) => isOf(word, name)))
    ) {
      assert.include(installed, word)
    }
  })

  it.each(readmes.flatMap(quotations))("$readme quotes $file unchanged", ({ code, file, readme }) => {
    const source = fs.readFileSync(path.resolve(path.dirname(path.join(root, readme)), file), "utf8")
    assert.include(source, code)
  })
})
