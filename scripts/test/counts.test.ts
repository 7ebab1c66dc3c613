import { assert, describe, it } from "@effect/vitest"
import { spawnSync } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { count } from "../counts.mjs"

const report = (passed: number, failed: number, skipped: number, unloaded: number) => ({
  success: failed + unloaded === 0,
  numPassedTests: passed,
  numFailedTests: failed,
  numPendingTests: skipped,
  numTodoTests: 0,
  testResults: [
    {
      status: failed > 0 ? "failed" : "passed",
      assertionResults: Array.from({ length: failed }, () => ({ status: "failed" }))
    },
    ...Array.from({ length: unloaded }, () => ({ status: "failed", assertionResults: [] }))
  ]
})

const counted = (reports: ReadonlyArray<object>, otherFailures?: number) => {
  const directory = mkdtempSync(join(tmpdir(), "ociman-counts-"))
  try {
    const files = reports.map((content, index) => {
      const file = join(directory, `${index}.json`)
      writeFileSync(file, JSON.stringify(content))
      return file
    })
    return count(files, otherFailures)
  } finally {
    rmSync(directory, { recursive: true })
  }
}

describe("counts", () => {
  it("sums the reports and names skipped tests only where there are some", () => {
    assert.strictEqual(counted([report(3, 0, 0, 0), report(2, 1, 0, 0)]), "5 passed, 1 failed")
    assert.strictEqual(counted([report(3, 0, 2, 0)]), "3 passed, 0 failed, 2 skipped")
  })

  it("counts a file that does not load, a run that failed otherwise, and one without a report", () => {
    assert.strictEqual(counted([report(3, 0, 0, 1)]), "3 passed, 1 failed")
    assert.strictEqual(counted([{ ...report(3, 0, 0, 0), success: false }]), "3 passed, 1 failed")
    assert.strictEqual(count(["/nowhere/report.json"]), "0 passed, 1 failed")
    assert.strictEqual(counted([report(1, 0, 0, 0)], 2), "1 passed, 2 failed")
  })

  it("prints nothing but the line", () => {
    const script = fileURLToPath(new URL("../counts.mjs", import.meta.url))
    const { stdout } = spawnSync(process.execPath, [script, "--failed", "1"], { encoding: "utf8" })
    assert.strictEqual(stdout, "0 passed, 1 failed\n")
  })
})
