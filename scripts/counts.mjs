// Sums vitest's JSON reports: `node scripts/counts.mjs [--failed N] REPORT…`
// Names the tests that failed in them: `node scripts/counts.mjs --failures REPORT…`
// Names those that passed at a later try, and fails if there are more than 3: `node scripts/counts.mjs --retries REPORT…`
import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"

const read = (report) => {
  try {
    return JSON.parse(readFileSync(report, "utf8"))
  } catch {
    return undefined
  }
}

// A run without a report, one in which no test ran, or one that failed without a failed test (a file that does not load), failed once.
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
    failed: failed === 0 && (!result.success || result.numPassedTests === 0) ? 1 : failed,
    skipped: result.numPendingTests + result.numTodoTests
  }
}

export const count = (reports, otherFailures = 0) => {
  const counts = reports.map(countOne)
  const sum = (key) => counts.reduce((total, one) => total + one[key], 0)
  const skipped = sum("skipped")
  return `${sum("passed")} passed, ${sum("failed") + otherFailures} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`
}

const beginning = (message) => message.split("\n").slice(0, 5).map((line) => `    ${line.slice(0, 500)}`)

/** The failed tests and how what each try said begins. */
export const failures = (reports) =>
  reports.flatMap((report) => read(report)?.testResults ?? []).flatMap(
    ({ assertionResults, message, name, status }) => {
      const failed = assertionResults.filter((test) => test.status === "failed")
      return failed.length === 0 && status === "failed"
        ? [`  ${name}`, ...beginning(message)]
        : failed.flatMap(({ failureMessages, fullName }) => [`  ${fullName}`, ...failureMessages.flatMap(beginning)])
    }
  )

/** The tests that passed at a later try, and what each failed try said. Vitest keeps that beside a test that passed. */
export const retries = (reports) =>
  reports.flatMap((report) => read(report)?.testResults ?? []).flatMap(({ assertionResults }) =>
    assertionResults.filter(({ failureMessages, status }) => status === "passed" && failureMessages.length > 0)
      .map(({ failureMessages, fullName }) => [`  ${fullName}`, ...failureMessages.flatMap(beginning)])
  )

const allowedRetries = 3

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const args = process.argv.slice(2)
  if (args[0] === "--failures") {
    for (const line of failures(args.slice(1))) console.log(line)
    process.exit()
  }
  if (args[0] === "--retries") {
    const retried = retries(args.slice(1))
    if (retried.length > 0) {
      console.log(`tests that passed at a later try: ${retried.length}, allowed: ${allowedRetries}`)
    }
    for (const line of retried.flat()) console.log(line)
    process.exit(retried.length > allowedRetries ? 1 : 0)
  }
  const failed = args[0] === "--failed" ? Number(args.splice(0, 2)[1]) : 0
  console.log(count(args, failed))
}
