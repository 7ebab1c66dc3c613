import { assert, describe, it } from "@effect/vitest"
import { spawnSync } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { count, failures, retries } from "../counts.mjs"

const script = fileURLToPath(new URL("../counts.mjs", import.meta.url))

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

const counted = (reports: ReadonlyArray<object>, otherFailures?: number) =>
  written(reports, (files) => count(files, otherFailures))

const written = <A>(reports: ReadonlyArray<object>, use: (files: ReadonlyArray<string>) => A): A => {
  const directory = mkdtempSync(join(tmpdir(), "ociman-counts-"))
  try {
    const files = reports.map((content, index) => {
      const file = join(directory, `${index}.json`)
      writeFileSync(file, JSON.stringify(content))
      return file
    })
    return use(files)
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

  it("names what failed, and how what it said begins, of each try", () => {
    const failed = (fullName: string, ...failureMessages: ReadonlyArray<string>) => ({
      status: "failed",
      fullName,
      failureMessages
    })
    const report = {
      testResults: [
        { status: "failed", assertionResults: [failed("copies", "in the way\nat a\nat b\nat c\nat d\nat e", "again")] },
        { status: "passed", assertionResults: [{ status: "passed", fullName: "reads", failureMessages: [] }] },
        { status: "failed", name: "broken.test.ts", message: "no such module", assertionResults: [] }
      ]
    }
    assert.deepStrictEqual(written([report], failures), [
      "  copies",
      ...["in the way", "at a", "at b", "at c", "at d", "again"].map((line) => `    ${line}`),
      "  broken.test.ts",
      "    no such module"
    ])
    assert.deepStrictEqual(failures(["/nowhere/report.json"]), [])
  })

  it("counts a run in which no test ran as failed", () => {
    assert.strictEqual(counted([report(0, 0, 0, 0)]), "0 passed, 1 failed")
  })

  it("names the tests that passed at a later try, and fails if there are more than three", () => {
    const retried = (fullName: string) => ({ status: "passed", fullName, failureMessages: ["hidden\nat a"] })
    const once = {
      testResults: [{ assertionResults: [retried("copies"), { ...retried("reads"), failureMessages: [] }] }]
    }
    assert.deepStrictEqual(written([once], retries), [["  copies", "    hidden", "    at a"]])
    const often = { testResults: [{ assertionResults: ["a", "b", "c", "d"].map(retried) }] }
    const run = (report: object) =>
      written([report], ([file = ""]) => spawnSync(process.execPath, [script, "--retries", file], { encoding: "utf8" }))
    assert.strictEqual(run(once).status, 0)
    assert.include(run(once).stdout, "tests that passed at a later try: 1, allowed: 3\n  copies\n    hidden\n")
    assert.strictEqual(run(often).status, 1)
  })

  it("prints nothing but the line", () => {
    const { stdout } = spawnSync(process.execPath, [script, "--failed", "1"], { encoding: "utf8" })
    assert.strictEqual(stdout, "0 passed, 1 failed\n")
  })
})
