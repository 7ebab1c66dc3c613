// Runs the steps below, two at a time, and all of them even if some fail. `node scripts/check.mjs [STEP…]`
import { spawn } from "node:child_process"
import { availableParallelism } from "node:os"
import { dirname } from "node:path"
import { fileURLToPath } from "node:url"

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const script = (name) => [`scripts/${name}.mjs`]

// A worker takes the first step that can start: the longest chains of steps come first.
const steps = [
  { name: "types", description: "TypeScript 5.9, and the build", args: ["node_modules/typescript/bin/tsc", "-b"] },
  { name: "effect", description: "Effect's diagnostics", args: script("check-effect") },
  { name: "install", description: "install lines of the READMEs", args: script("check-install"), after: "types" },
  { name: "packages", description: "contents of the packages", args: script("check-packages"), after: "types" },
  {
    name: "lint",
    description: "lint and format",
    args: ["node_modules/eslint/bin/eslint.js", "--max-warnings=0", "."]
  },
  { name: "docs", description: "doc examples", args: script("check-docs") },
  { name: "guide", description: "programs of the guide", args: script("check-guide"), after: "types" },
  { name: "site", description: "the documentation site and its links", args: ["docs/site/build.mjs"], after: "docs" },
  {
    name: "types-7",
    description: "TypeScript 7",
    args: ["scripts/typescript-7/node_modules/typescript/bin/tsc", "-p", "tsconfig.all.json"]
  },
  { name: "boundaries", description: "package edges and cycles", args: script("boundaries") },
  { name: "tracked", description: "the lock file, no machine's paths", args: script("check-tracked") }
]

const selected = process.argv.slice(2)
const unknown = selected.filter((name) => !steps.some((step) => step.name === name))
if (unknown.length > 0) {
  console.error(`unknown: ${unknown.join(", ")}; there are ${steps.map(({ name }) => name).join(", ")}`)
  process.exit(2)
}

const run = ({ args }) =>
  new Promise((done) => {
    const started = Date.now()
    const child = spawn(process.execPath, args, { cwd: root, stdio: ["ignore", "pipe", "pipe"] })
    let output = ""
    child.stdout.on("data", (chunk) => output += chunk)
    child.stderr.on("data", (chunk) => output += chunk)
    child.on("close", (code) => done({ ok: code === 0, output: output.trim(), seconds: (Date.now() - started) / 1000 }))
  })

const waiting = steps.filter(({ name }) => selected.length === 0 || selected.includes(name))
const ran = new Map()
const worker = async () => {
  for (;;) {
    const index = waiting.findIndex(({ after }) => after === undefined || !running.has(after) && !pending(after))
    if (index < 0) {
      if (waiting.length === 0) return
      await Promise.race(running.values())
      continue
    }
    const [step] = waiting.splice(index, 1)
    const outcome = run(step)
    running.set(step.name, outcome)
    const { ok, output, seconds } = await outcome
    running.delete(step.name)
    ran.set(step.name, ok)
    const lines = output.split("\n")
    const summary = ok && lines.length === 1 ? lines[0] : ""
    console.log(
      `${ok ? "ok    " : "FAILED"} ${step.name.padEnd(10)} ${seconds.toFixed(1).padStart(6)} s  ${
        summary || step.description
      }`
    )
    if (!ok) console.log(output.replaceAll(/^/gm, "       "))
  }
}
const running = new Map()
const pending = (name) => waiting.some((step) => step.name === name)

await Promise.all(Array.from({ length: Math.min(2, availableParallelism()) }, worker))
process.exitCode = [...ran.values()].every(Boolean) ? 0 : 1
