// Runs vitest and ends it when no test has ended for 10 minutes, or OCIMAN_TEST_STALL_SECONDS: the limit is on progress,
// since the total time depends on the load of the machine. `node scripts/watched-vitest.mjs REPORT [ARG…]`
import { spawn } from "node:child_process"
import { dirname, join } from "node:path"
import { clearTimeout, setTimeout } from "node:timers"
import { fileURLToPath } from "node:url"

const scripts = dirname(fileURLToPath(import.meta.url))
const limit = Number(process.env.OCIMAN_TEST_STALL_SECONDS ?? 600)
const [report, ...args] = process.argv.slice(2)

const vitest = spawn(
  process.execPath,
  [
    join(scripts, "../node_modules/vitest/vitest.mjs"),
    "run",
    "--allowOnly=false",
    "--reporter=default",
    "--reporter=json",
    `--reporter=${join(scripts, "progress-reporter.mjs")}`,
    `--outputFile.json=${report}`,
    ...args
  ],
  // A separate process group, so that it can be ended together with all workers.
  { detached: true, stdio: ["ignore", "inherit", "inherit", "ipc"] }
)

const kill = (signal) => {
  try {
    process.kill(-vitest.pid, signal)
  } catch {
    // The process group has already ended.
  }
}

const running = new Map()
let stalled = false
let timer

const watch = (seconds) => {
  clearTimeout(timer)
  timer = setTimeout(() => {
    stalled = true
    console.error(`\nThis run was cut: no test has ended for ${limit} s. Tests that had started and not ended:`)
    for (const name of running.values()) console.error(`  ${name}`)
    if (running.size === 0) console.error("  none: a file was being loaded, or a hook was running")
    kill("SIGKILL")
  }, seconds * 1000)
}

// The first message arrives after vitest itself has loaded.
watch(limit + 60)
vitest.on("message", ({ id, name, state }) => {
  if (state === "started") running.set(id, name)
  else running.delete(id)
  if (state !== "started") watch(limit)
})
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => kill(signal))
vitest.on("exit", (code, signal) => {
  clearTimeout(timer)
  if (signal !== null && !stalled) console.error(`\nThis run was ended by ${signal}.`)
  process.exitCode = stalled ? 1 : (code ?? 1)
})
