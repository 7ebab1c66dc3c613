// Generates docs/api with docgen, which parses the packages, requires a @since on every export and runs every @example.
// A single run of TypeScript checks the examples of all packages. `node scripts/check-docs.mjs [ROOT [SECONDS]]`, with a limit for
// each process.
// Skips a package if this content passed before (see `cache.mjs`).
import { spawn } from "node:child_process"
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync
} from "node:fs"
import { tmpdir } from "node:os"
import { basename, delimiter, join, resolve } from "node:path"
import { fileURLToPath } from "node:url"
import { filesBelow, fingerprint, restore, store } from "./cache.mjs"

const script = fileURLToPath(import.meta.url)
const tools = fileURLToPath(new URL("../node_modules", import.meta.url))
const root = resolve(process.argv[2] ?? ".")
const api = join(root, "docs/api")
const deadline = Number(process.argv[3] ?? 600) * 1000

// docgen makes examples import the sources of their package from two levels above, so both lie inside the package.
const outDir = ".docgen"
const collectedDir = ".docgen-examples"

const scratch = mkdtempSync(join(tmpdir(), "ociman-docs-"))
process.on("exit", () => rmSync(scratch, { recursive: true, force: true }))

const packages = readdirSync(join(root, "packages"))
  .map((name) => join(root, "packages", name))
  .filter((directory) => existsSync(join(directory, "docgen.json")))

const manifestOf = (directory) => JSON.parse(readFileSync(join(directory, "package.json"), "utf8"))

const withDependencies = (directory, seen = new Set()) => {
  if (!seen.has(directory)) {
    seen.add(directory)
    for (const name of Object.keys(manifestOf(directory).dependencies ?? {})) {
      if (name.startsWith("@ociman/")) withDependencies(join(root, "packages", basename(name)), seen)
    }
  }
  return [...seen]
}

const keyOf = (directory) =>
  fingerprint(
    root,
    [
      ...["package-lock.json", "tsconfig.docs.json"].map((file) => join(root, file)),
      ...withDependencies(directory).sort().flatMap((owner) => [
        join(owner, "package.json"),
        ...filesBelow(join(owner, "src"))
      ]),
      join(directory, "docgen.json")
    ],
    readFileSync(script, "utf8")
  )

const run = (command, args, options) =>
  new Promise((done) => {
    const child = spawn(command, args, { timeout: deadline, stdio: ["ignore", "pipe", "pipe"], ...options })
    let output = ""
    child.stdout.on("data", (chunk) => output += chunk)
    child.stderr.on("data", (chunk) => output += chunk)
    child.on("close", (code, signal) => {
      // docgen ends with 0 if it is interrupted.
      if (child.killed || signal !== null) output += `\nended after at most ${deadline / 1000} s`
      done({ ok: code === 0 && !child.killed, output })
    })
  })

// docgen runs `tsc --noEmit --project TSCONFIG` for each package and then deletes the examples. This one keeps them.
const collector = join(scratch, "tsc")
writeFileSync(collector, `#!/bin/sh\nexec cp -R "$(dirname "$3")" '${collectedDir}'\n`)
chmodSync(collector, 0o755)

const docgen = async (directory) => {
  const started = Date.now()
  for (const name of [outDir, collectedDir]) rmSync(join(directory, name), { recursive: true, force: true })
  mkdirSync(join(directory, collectedDir))
  const { ok, output } = await run(process.execPath, [join(tools, "@effect/docgen/bin.cjs")], {
    cwd: directory,
    env: {
      ...process.env,
      PATH: [scratch, join(tools, ".bin"), process.env.PATH].join(delimiter),
      NODE_OPTIONS: "--conditions=@ociman/source"
    }
  })
  const examples = Number(/(\d+) example\(s\) found/.exec(output)?.[1] ?? 0)
  return { directory, ok, output, examples, seconds: (Date.now() - started) / 1000 }
}

/** Checks the types of the collected examples of all packages. Returns the messages of the compiler by package. */
const compileExamples = async (directories) => {
  const { compilerOptions } = JSON.parse(readFileSync(join(root, "tsconfig.docs.json"), "utf8"))
  const project = join(root, "packages", `${collectedDir}.json`)
  writeFileSync(
    project,
    JSON.stringify({ compilerOptions, include: directories.map((path) => `${basename(path)}/${collectedDir}/**/*.ts`) })
  )
  const { ok, output } = await run(process.execPath, [
    join(tools, "typescript/bin/tsc"),
    ...["--noEmit", "--pretty", "false", "--project", project]
  ], { cwd: root })
  rmSync(project)
  const messages = new Map()
  let current
  for (const line of output.split("\n")) {
    current = /^packages\/([^/]+)\//.exec(line)?.[1] ?? current
    if (current !== undefined) messages.set(current, `${messages.get(current) ?? ""}${line}\n`)
  }
  return { ok, output, messages }
}

const stale = []
for (const directory of packages) {
  const name = basename(directory)
  const key = keyOf(directory)
  if (restore("docs", key, join(api, name)) === undefined) stale.push({ directory, key })
  else console.log(`${name}: unchanged`)
}

const queue = [...stale]
const results = []
const worker = async () => {
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    results.push({ ...next, ...await docgen(next.directory) })
  }
}
await Promise.all([worker(), worker()])

const withExamples = results.filter(({ examples }) => examples > 0).map(({ directory }) => directory)
const compiled = withExamples.length === 0
  ? { ok: true, output: "", messages: new Map() }
  : await compileExamples(withExamples)
if (!compiled.ok && compiled.messages.size === 0) console.log(compiled.output)

let failed = packages.length === 0 || !compiled.ok
for (const { directory, examples, key, ok, output, seconds } of results) {
  const name = basename(directory)
  const errors = compiled.messages.get(name)
  if (ok && errors === undefined) {
    rmSync(join(api, name), { recursive: true, force: true })
    cpSync(join(directory, outDir), join(api, name), { recursive: true })
    if (compiled.ok) store("docs", key, name, join(directory, outDir))
    console.log(`${name}: ${examples} examples passed, ${seconds.toFixed(1)} s`)
  } else {
    failed = true
    console.log(
      `${name}: failed, ${seconds.toFixed(1)} s\n${[ok ? undefined : output, errors].filter(Boolean).join("\n")}`
    )
  }
  for (const path of [outDir, collectedDir]) rmSync(join(directory, path), { recursive: true, force: true })
}
process.exitCode = failed ? 1 : 0
