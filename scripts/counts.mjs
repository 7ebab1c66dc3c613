// Sums vitest's JSON reports: `node scripts/counts.mjs [--failed N] REPORT…`
import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"

const read = (report) => {
  try {
    return JSON.parse(readFileSync(report, "utf8"))
  } catch {
    return undefined
  }
}

// A run without a report, or one that failed without a failed test (a file that does not load), failed once.
const countOne = (report) => {
  const result = read(report)
  if (result === undefined) return { passed: 0, failed: 1, skipped: 0 }
  const unloaded =
    result.testResults.filter(({ assertionResults, status }) =>
      status === "failed" && !assertionResults.some((test) => test.status === "failed")
    ).length
  const failed = result.numFailedTests + unloaded
  return {
    passed: result.numPassedTests,
    failed: failed === 0 && !result.success ? 1 : failed,
    skipped: result.numPendingTests + result.numTodoTests
  }
}

export const count = (reports, otherFailures = 0) => {
  const counts = reports.map(countOne)
  const sum = (key) => counts.reduce((total, one) => total + one[key], 0)
  const skipped = sum("skipped")
  return `${sum("passed")} passed, ${sum("failed") + otherFailures} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const args = process.argv.slice(2)
  const failed = args[0] === "--failed" ? Number(args.splice(0, 2)[1]) : 0
  console.log(count(args, failed))
}
