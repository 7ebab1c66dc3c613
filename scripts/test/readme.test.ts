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

const pages = [
  ...readmes,
  ...["quick-start", "testing", "writing-a-backend"].map((name) => `docs/guide/${name}.md`)
]

const linked = [
  ...readmes,
  "CONTRIBUTING.md",
  ...["conformance", "guide"].flatMap((directory) =>
    fs.readdirSync(path.join(root, "docs", directory)).map((name) => `docs/${directory}/${name}`)
  )
]

/** The files that the links and images of a page lead to. */
const targets = (page: string) =>
  Array.from(
    fs.readFileSync(path.join(root, page), "utf8").matchAll(/\]\(([^)\s]+)\)|^\[[^\]]+\]: (\S+)$/gm),
    ([, inline, reference]) => inline ?? reference ?? ""
  ).filter((target) => !/^(?:https?:|#)/.test(target)).map((target) => target.replace(/#.*$/, ""))

const peerDependencies: Record<string, string> = Object.assign(
  {},
  ...fs.readdirSync(path.join(root, "packages")).map((name) =>
    JSON.parse(fs.readFileSync(path.join(root, "packages", name, "package.json"), "utf8")).peerDependencies
  )
)

const peers = Object.keys(peerDependencies)

/** The peers as an install line names them: `^3.22.0` is `effect@^3.22` there. */
const peerVersions = Object.entries(peerDependencies).map(([name, range]) => `${name}@${range.replace(/\.0$/, "")}`)

const isOf = (word: string, name: string) => word === name || word.startsWith(`${name}@`)

describe("Documentation", () => {
  it("README.md quotes a quick start of at most 15 lines", () => {
    assert.deepStrictEqual(quotations("README.md").map(({ file }) => file), ["examples/quick-start.ts"])
    for (const { code } of quotations("README.md")) assert.isAtMost(code.trimEnd().split("\n").length, 15)
  })

  it("README.md shows the commands of the demo and of the tests", () => {
    const text = fs.readFileSync(path.join(root, "README.md"), "utf8")
    for (const command of ["./scripts/demo.sh", "./scripts/test.sh"]) {
      assert.include(text, `\n${command} `)
      assert.isTrue(fs.existsSync(path.join(root, command)))
    }
  })

  it.each(linked)("%s links only to files that exist", (page) => {
    const missing = targets(page).filter((target) => !fs.existsSync(path.resolve(root, path.dirname(page), target)))
    assert.deepStrictEqual(missing, [])
  })

  it("packages/containers/README.md quotes a program, its unit test and its integration test", () => {
    assert.deepStrictEqual(quotations("packages/containers/README.md").map(({ file }) => file), [
      "examples/site.ts",
      "test/site.test.ts",
      "test/integration/site.ts"
    ])
  })

  it.each(pages)("%s installs the peer versions of the packages", (page) => {
    const lines = fs.readFileSync(path.join(root, page), "utf8").match(/^npm install .*$/gm) ?? []
    assert.isNotEmpty(lines)
    for (
      const word of lines.flatMap((line) => line.split(" ")).filter((word) => peers.some((name) => isOf(word, name)))
    ) {
      assert.include(peerVersions, word)
    }
  })

  it.each(readmes.flatMap(quotations))("$readme quotes $file unchanged", ({ code, file, readme }) => {
    const source = fs.readFileSync(path.resolve(path.dirname(path.join(root, readme)), file), "utf8")
    assert.include(source, code)
  })
})
