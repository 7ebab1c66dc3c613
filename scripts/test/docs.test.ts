import { assert, describe, it } from "@effect/vitest"
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { root, runScriptWith } from "./script.js"

const module = (code: string, since = " * @since 0.1.0\n") => `
/**
 * @since 0.1.0
 */

/**
 * @example
 * \`\`\`ts
${code.split("\n").map((line) => ` * ${line}`).join("\n")}
 * \`\`\`
 *
${since} */
export const one: number = 1
`

const check = async (source: string, ...limit: ReadonlyArray<string>) => {
  const directory = mkdtempSync(join(tmpdir(), "ociman-docs-"))
  const sample = join(directory, "packages/sample")
  const run = () =>
    runScriptWith({ OCIMAN_CHECK_CACHE: join(directory, "cache") }, "check-docs.mjs", directory, ...limit)
  try {
    mkdirSync(join(sample, "src"), { recursive: true })
    symlinkSync(join(root, "node_modules"), join(directory, "node_modules"))
    for (const file of ["package-lock.json", "tsconfig.docs.json"]) cpSync(join(root, file), join(directory, file))
    cpSync(join(root, "packages/oci/docgen.json"), join(sample, "docgen.json"))
    writeFileSync(
      join(sample, "package.json"),
      JSON.stringify({ name: "@ociman/sample", version: "0.0.0", type: "module", homepage: "https://example.com" })
    )
    writeFileSync(join(sample, "src/One.ts"), source)
    const first = await run()
    const second = first.status === 0 ? await run() : first
    return {
      status: first.status,
      output: first.output,
      again: second.stdout,
      pages: existsSync(join(directory, "docs/api/sample/modules/One.ts.md")),
      leftovers: existsSync(join(sample, "docs"))
    }
  } finally {
    rmSync(directory, { recursive: true })
  }
}

const right = `import { one } from "@ociman/sample/One"\nimport { Effect } from "effect"\n`

const timeout = 180_000

describe("The check of doc examples", () => {
  it("passes, and skips an unchanged package", { timeout }, async () => {
    const { again, leftovers, output, pages, status } = await check(
      module(`${right}\nassert.strictEqual(Effect.runSync(Effect.succeed(one)), 1)`)
    )
    assert.strictEqual(status, 0, output)
    assert.match(output, /^sample: 1 examples passed/)
    assert.strictEqual(again, "sample: unchanged\n")
    assert.isTrue(pages)
    assert.isFalse(leftovers)
  })

  it("rejects an example whose assertion fails", { timeout }, async () => {
    const { output, status } = await check(module(`${right}\nassert.strictEqual(one, 2)`))
    assert.strictEqual(status, 1)
    assert.include(output, "AssertionError")
  })

  it("rejects an example that does not compile", { timeout }, async () => {
    const { output, status } = await check(module(`${right}\nexport const text: string = one`))
    assert.strictEqual(status, 1)
    assert.include(output, "TS2322")
  })

  it("rejects a package whose examples take longer than the limit", { timeout }, async () => {
    const { output, pages, status } = await check(module("await new Promise((done) => setTimeout(done, 60_000))"), "2")
    assert.strictEqual(status, 1, output)
    assert.include(output, "ended after at most 2 s")
    assert.isFalse(pages)
  })

  it("rejects an export without @since", { timeout }, async () => {
    const { output, status } = await check(module(right, ""))
    assert.strictEqual(status, 1)
    assert.include(output, "Missing @since tag in src/One.ts#one")
  })
})
