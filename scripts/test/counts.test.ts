import { assert, describe, it } from "@effect/vitest"
import { spawnSync } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { count, failures, retries, slowest } from "../counts.mjs"

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

describe("scripts/counts.mjs", () => {
  it("sums the reports and prints skipped tests only if there are some", () => {
    assert.strictEqual(counted([report(3, 0, 0, 0), report(2, 1, 0, 0)]), "5 passed, 1 failed")
    assert.strictEqual(counted([report(3, 0, 2, 0)]), "3 passed, 0 failed, 2 skipped")
  })

  it("counts a file that does not load, a failed run without failed tests, and a missing report", () => {
    assert.strictEqual(counted([report(3, 0, 0, 1)]), "3 passed, 1 failed")
    assert.strictEqual(counted([{ ...report(3, 0, 0, 0), success: false }]), "3 passed, 1 failed")
    assert.strictEqual(count(["/missing/report.json"]), "0 passed, 1 failed")
    assert.strictEqual(counted([report(1, 0, 0, 0)], 2), "1 passed, 2 failed")
  })

  it("prints the failed tests with the beginning of the message of each attempt", () => {
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
    assert.deepStrictEqual(failures(["/missing/report.json"]), [])
  })

  it("counts a run in which no test ran as failed", () => {
    assert.strictEqual(counted([report(0, 0, 0, 0)]), "0 passed, 1 failed")
  })

  it("prints the tests that passed after a retry and fails if there are more than three", () => {
    const retried = (fullName: string) => ({ status: "passed", fullName, failureMessages: ["hidden\nat a"] })
    const once = {
      testResults: [{ assertionResults: [retried("copies"), { ...retried("reads"), failureMessages: [] }] }]
    }
    assert.deepStrictEqual(written([once], retries), [["  copies", "    hidden", "    at a"]])
    const often = { testResults: [{ assertionResults: ["a", "b", "c", "d"].map(retried) }] }
    const run = (report: object) =>
      written([report], ([file = ""]) => spawnSync(process.execPath, [script, "--retries", file], { encoding: "utf8" }))
    assert.strictEqual(run(once).status, 0)
    assert.include(run(once).stdout, "tests that passed after a retry: 1, allowed: 3\n  copies\n    hidden\n")
    assert.strictEqual(run(often).status, 1)
  })

  it("prints the slowest test files of all reports, at most ten", () => {
    const file = (name: string, seconds: number) => ({
      name: join(process.cwd(), `packages/oci/test/${name}.test.ts`),
      startTime: 1_000,
      endTime: 1_000 + seconds * 1_000,
      assertionResults: []
    })
    const first = { testResults: Array.from({ length: 9 }, (_, index) => file(`f${index}`, index)) }
    const second = { testResults: [file("slow", 12.34), file("slower", 123.4)] }
    const lines = written([first, second], (files) => slowest(files))
    assert.lengthOf(lines, 10)
    assert.deepStrictEqual(lines.slice(0, 3), [
      "   123.4 s  packages/oci/test/slower.test.ts (1)",
      "    12.3 s  packages/oci/test/slow.test.ts (1)",
      "     8.0 s  packages/oci/test/f8.test.ts (0)"
    ])
    const { stdout } = written(
      [second],
      ([path = ""]) => spawnSync(process.execPath, [script, "--slowest", path], { encoding: "utf8" })
    )
    assert.match(stdout, /^slowest test files:\n +123\.4 s {2}packages\/oci\/test\/slower\.test\.ts/)
    assert.deepStrictEqual(slowest(["/missing/report.json"]), [])
  })

  it("prints only the line of counts", () => {
    const { stdout } = spawnSync(process.execPath, [script, "--failed", "1"], { encoding: "utf8" })
    assert.strictEqual(stdout, "0 passed, 1 failed\n")
  })
})
