import { assert, describe, it } from "@effect/vitest"
import { spawnSync } from "node:child_process"
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

const root = fileURLToPath(new URL("../..", import.meta.url))

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

const check = (source: string) => {
  const directory = mkdtempSync(join(tmpdir(), "ociman-docs-"))
  const sample = join(directory, "packages/sample")
  const run = () =>
    spawnSync(process.execPath, [join(root, "scripts/check-docs.mjs"), directory], {
      encoding: "utf8",
      env: { ...process.env, OCIMAN_CHECK_CACHE: join(directory, "cache") }
    })
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
    const first = run()
    const second = first.status === 0 ? run() : first
    return {
      status: first.status,
      output: first.stdout + first.stderr,
      again: second.stdout,
      pages: existsSync(join(directory, "docs/api/sample/modules/One.ts.md")),
      leftovers: existsSync(join(sample, "docs"))
    }
  } finally {
    rmSync(directory, { recursive: true })
  }
}

const right = `import { one } from "@ociman/sample/One"\nimport { Effect } from "effect"\n`

describe("The check of doc examples", () => {
  it("passes, and skips an unchanged package", () => {
    const { again, leftovers, output, pages, status } = check(
      module(`${right}\nassert.strictEqual(Effect.runSync(Effect.succeed(one)), 1)`)
    )
    assert.strictEqual(status, 0, output)
    assert.match(output, /^sample: 1 examples passed/)
    assert.strictEqual(again, "sample: unchanged\n")
    assert.isTrue(pages)
    assert.isFalse(leftovers)
  })

  it("rejects an example whose assertion fails", () => {
    const { output, status } = check(module(`${right}\nassert.strictEqual(one, 2)`))
    assert.strictEqual(status, 1)
    assert.include(output, "AssertionError")
  })

  it("rejects an example that does not compile", () => {
    const { output, status } = check(module(`${right}\nexport const text: string = one`))
    assert.strictEqual(status, 1)
    assert.include(output, "TS2322")
  })

  it("rejects an export without @since", () => {
    const { output, status } = check(module(right, ""))
    assert.strictEqual(status, 1)
    assert.include(output, "Missing @since tag in src/One.ts#one")
  })
})
