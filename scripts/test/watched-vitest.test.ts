import { assert, describe, it } from "@effect/vitest"
import { spawnSync } from "node:child_process"
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

const script = fileURLToPath(new URL("../watched-vitest.mjs", import.meta.url))
const modules = fileURLToPath(new URL("../../node_modules", import.meta.url))

const passedTests = (report: string): unknown =>
  existsSync(report) ? JSON.parse(readFileSync(report, "utf8")).numPassedTests : undefined

const run = (test: string, stallSeconds: number) => {
  const directory = mkdtempSync(join(tmpdir(), "ociman-watched-"))
  try {
    symlinkSync(modules, join(directory, "node_modules"))
    writeFileSync(join(directory, "some.test.ts"), `import { it } from "vitest"\n${test}\n`)
    const { status, stderr } = spawnSync(process.execPath, [script, "report.json"], {
      cwd: directory,
      encoding: "utf8",
      env: { ...process.env, OCIMAN_TEST_STALL_SECONDS: String(stallSeconds) }
    })
    return { status, stderr, passed: passedTests(join(directory, "report.json")) }
  } finally {
    rmSync(directory, { recursive: true })
  }
}

describe("scripts/watched-vitest.mjs", () => {
  it("ends a run without progress, fails and names the running test", () => {
    const { status, stderr } = run(
      `it("passes", () => {})\nit("hangs", () => new Promise(() => {}), 60_000)`,
      5
    )
    assert.strictEqual(status, 1)
    assert.include(stderr, "This run was cut: no test has ended for 5 s.")
    assert.include(stderr, "some.test.ts: hangs")
    assert.notInclude(stderr, "some.test.ts: passes")
  })

  it("writes the report of a run and passes on its exit code", () => {
    const passed = run(`it("passes", () => {})`, 60)
    assert.strictEqual(passed.status, 0, passed.stderr)
    assert.strictEqual(passed.passed, 1)
    assert.strictEqual(run(`it("fails", () => { throw new Error("no") })`, 60).status, 1)
  })
})
