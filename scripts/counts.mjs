// Evaluates JSON reports of vitest.
// `node scripts/counts.mjs [--failed N] REPORT…` prints the sums; N is the number of other failures.
// `node scripts/counts.mjs --failures REPORT…` prints the failed tests.
// `node scripts/counts.mjs --retries REPORT…` prints the tests that passed after a retry, and fails for more than 3.
// `node scripts/counts.mjs --slowest REPORT…` prints the ten test files that took longest.
import { readFileSync } from "node:fs"
import { basename, relative } from "node:path"
import { fileURLToPath } from "node:url"

const read = (report) => {
  try {
    return JSON.parse(readFileSync(report, "utf8"))
  } catch {
    return undefined
  }
}

// Counts one failure for a missing report, for a run without tests, and for a failed run without failed tests, such as
// one with a file that does not load.
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

/** The failed tests with the beginning of the message of each attempt. */
export const failures = (reports) =>
  reports.flatMap((report) => read(report)?.testResults ?? []).flatMap(
    ({ assertionResults, message, name, status }) => {
      const failed = assertionResults.filter((test) => test.status === "failed")
      return failed.length === 0 && status === "failed"
        ? [`  ${name}`, ...beginning(message)]
        : failed.flatMap(({ failureMessages, fullName }) => [`  ${fullName}`, ...failureMessages.flatMap(beginning)])
    }
  )

/** The tests that passed after a retry with the beginning of the message of each failed attempt. */
export const retries = (reports) =>
  reports.flatMap((report) => read(report)?.testResults ?? []).flatMap(({ assertionResults }) =>
    assertionResults.filter(({ failureMessages, status }) => status === "passed" && failureMessages.length > 0)
      .map(({ failureMessages, fullName }) => [`  ${fullName}`, ...failureMessages.flatMap(beginning)])
  )

const secondsOf = ({ endTime, startTime }) => (endTime - startTime) / 1000

/** The test files that took longest, by the time from their first test to the end of their last one. */
export const slowest = (reports, number = 10) =>
  reports.flatMap((report) =>
    (read(report)?.testResults ?? []).map((file) => ({
      seconds: secondsOf(file),
      path: relative(process.cwd(), file.name),
      run: basename(report, ".json")
    }))
  )
    .sort((a, b) => b.seconds - a.seconds)
    .slice(0, number)
    .map(({ path, run, seconds }) => `  ${seconds.toFixed(1).padStart(6)} s  ${path} (${run})`)

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
      console.log(`tests that passed after a retry: ${retried.length}, allowed: ${allowedRetries}`)
    }
    for (const line of retried.flat()) console.log(line)
    process.exit(retried.length > allowedRetries ? 1 : 0)
  }
  if (args[0] === "--slowest") {
    const files = slowest(args.slice(1))
    if (files.length > 0) console.log(["slowest test files:", ...files].join("\n"))
    process.exit()
  }
  const failed = args[0] === "--failed" ? Number(args.splice(0, 2)[1]) : 0
  console.log(count(args, failed))
}
