import { assert, describe, it } from "@effect/vitest"
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { brokenLinks } from "../../docs/site/links.mjs"
import { apiIndex, apiPage, withLinks } from "../../docs/site/pages.mjs"

const linksOf = (files: Readonly<Record<string, string>>, base?: string) => {
  const directory = mkdtempSync(join(tmpdir(), "ociman-site-test-"))
  try {
    for (const [name, content] of Object.entries(files)) {
      mkdirSync(dirname(join(directory, name)), { recursive: true })
      writeFileSync(join(directory, name), content)
    }
    return brokenLinks(directory, base)
  } finally {
    rmSync(directory, { recursive: true })
  }
}

const guide = `<h1 id="first-step">First step</h1>`

describe("The check of links of the site", () => {
  it("accepts links to pages, files, headings and other sites", () => {
    const index = [
      `<a href="/guide/start">`,
      `<a href="/guide/start#first-step">`,
      `<a href="guide/">`,
      `<a href="#top" id="top">`,
      `<link href="/style.css">`,
      `<a href="https://example.com/missing">`
    ].join("\n")
    const files = { "index.html": index, "guide/start.html": guide, "guide/index.html": guide, "style.css": "" }
    assert.deepStrictEqual(linksOf(files), [])
  })

  it("accepts links below the base of the site", () => {
    assert.deepStrictEqual(
      linksOf({ "index.html": `<a href="/ociman/guide/start">`, "guide/start.html": guide }, "/ociman/"),
      []
    )
  })

  it("reports a missing page and a missing heading", () => {
    const index = `<a href="/guide/missing"><a href="/guide/start#second-step">`
    assert.deepStrictEqual(linksOf({ "index.html": index, "guide/start.html": guide }), [
      "index.html: /guide/missing does not exist",
      "index.html: /guide/start#second-step names a missing heading"
    ])
  })
})

const docgen = `***

title: One.ts
---

## One overview

The first module, see {@link one}. It has one export.

Added in v0.1.0

---

<h2 class="text-delta">Table of contents</h2>

- [constructors](#constructors)

---

# constructors

## one

Makes one.

**Signature**

\`\`\`ts
# not a heading
export declare const one: number
\`\`\`

Added in v0.1.0
`

describe("Pages of the site", () => {
  it("have one title, and the headings of docgen below it", () => {
    const page = apiPage("sample", { name: "One", text: docgen })
    assert.deepStrictEqual(page.match(/^#+ .*$/gm), ["# One", "## constructors", "### one", "# not a heading"])
    assert.include(page, "import { One } from \"@ociman/sample\"")
    assert.include(page, "The first module, see `one`.")
    assert.notInclude(page, "Table of contents")
  })

  it("list the modules of a package with their first sentences", () => {
    assert.include(
      apiIndex("sample", [{ name: "One", text: docgen }]),
      "| [One](./One.md) | The first module, see `one`. |"
    )
  })

  it("have their relative links changed, except in code", () => {
    const page = "<!-- note -->\n\n[a](./a.md) [b](https://example.com)\n\n```ts\n[c](./c.md)\n```\n\n[d]: ../d.ts\n"
    assert.strictEqual(
      withLinks(page, (target: string) => `changed/${target}`),
      "[a](changed/./a.md) [b](https://example.com)\n\n```ts\n[c](./c.md)\n```\n\n[d]: changed/../d.ts\n"
    )
  })
})
