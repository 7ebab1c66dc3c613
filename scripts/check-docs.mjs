// Generates docs/api with docgen, which type-checks and runs every @example and requires a @since on every export.
// A package whose sources and dependencies did not change since its last good run is not run again.
// `node scripts/check-docs.mjs [ROOT [SECONDS]]`, with a limit for each package.
import { spawn } from "node:child_process"
import { createHash } from "node:crypto"
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { basename, delimiter, join, resolve } from "node:path"
import { fileURLToPath } from "node:url"

const tools = fileURLToPath(new URL("../node_modules", import.meta.url))
const root = resolve(process.argv[2] ?? ".")
const outDir = ".docgen"
const deadline = Number(process.argv[3] ?? 600) * 1000

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

const fingerprint = (directory) => {
  const hash = createHash("sha256").update(process.version)
  const add = (file) => hash.update(`\0${file}\0`).update(readFileSync(file))
  for (const file of ["package-lock.json", "tsconfig.docs.json"]) add(join(root, file))
  for (const owner of withDependencies(directory).sort()) {
    const files = readdirSync(join(owner, "src"), { recursive: true }).filter((name) => name.endsWith(".ts")).sort()
    for (const file of ["package.json", ...files.map((name) => join("src", name))]) add(join(owner, file))
  }
  add(join(directory, "docgen.json"))
  return hash.digest("hex")
}

// docgen looks for the package's sources two levels above its examples, so its output starts inside the package.
const docgen = (directory) =>
  new Promise((done) => {
    const out = join(directory, outDir)
    rmSync(out, { recursive: true, force: true })
    const child = spawn(process.execPath, [join(tools, "@effect/docgen/bin.cjs")], {
      cwd: directory,
      timeout: deadline,
      stdio: ["ignore", "pipe", "pipe"],
      env: {
        ...process.env,
        PATH: [join(tools, ".bin"), process.env.PATH].join(delimiter),
        NODE_OPTIONS: "--conditions=@ociman/source"
      }
    })
    let output = ""
    child.stdout.on("data", (chunk) => output += chunk)
    child.stderr.on("data", (chunk) => output += chunk)
    child.on("close", (code, signal) => {
      // docgen ends with 0 if it is interrupted.
      if (child.killed || signal !== null) output += `\nended after at most ${deadline / 1000} s`
      done({ ok: code === 0 && !child.killed && existsSync(join(out, "modules")), out, output })
    })
  })

const check = async (directory) => {
  const name = basename(directory)
  const api = join(root, "docs/api", name)
  const stamp = join(api, ".fingerprint")
  const print = fingerprint(directory)
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === print) {
    console.log(`${name}: unchanged`)
    return true
  }
  const started = Date.now()
  const { ok, out, output } = await docgen(directory)
  const seconds = ((Date.now() - started) / 1000).toFixed(1)
  if (ok) {
    const examples = /(\d+) example\(s\) found/.exec(output)?.[1] ?? 0
    mkdirSync(join(root, "docs/api"), { recursive: true })
    rmSync(api, { recursive: true, force: true })
    renameSync(out, api)
    writeFileSync(stamp, print)
    console.log(`${name}: ${examples} examples passed, ${seconds} s`)
  } else {
    console.log(`${name}: failed, ${seconds} s\n${output}`)
  }
  rmSync(out, { recursive: true, force: true })
  return ok
}

const queue = [...packages]
const results = []
const worker = async () => {
  for (let directory = queue.shift(); directory !== undefined; directory = queue.shift()) {
    results.push(await check(directory))
  }
}
await Promise.all([worker(), worker()])
process.exitCode = results.length > 0 && results.every(Boolean) ? 0 : 1
