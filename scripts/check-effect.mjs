// Reports diagnostics of Effect's language service for packages/*/src. `node scripts/check-effect.mjs [TSCONFIG]`
// Skips a package if this content passed before (see `cache.mjs`).
import { spawnSync } from "node:child_process"
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { createRequire } from "node:module"
import { tmpdir } from "node:os"
import { basename, dirname, join, relative, resolve } from "node:path"
import { fileURLToPath } from "node:url"
import { filesBelow, fingerprint, restore, store } from "./cache.mjs"

const script = fileURLToPath(import.meta.url)
const base = fileURLToPath(new URL("../tsconfig.base.json", import.meta.url))
const lock = fileURLToPath(new URL("../package-lock.json", import.meta.url))
const project = resolve(process.argv[2] ?? "tsconfig.effect.json")
const root = dirname(project)
const cli = createRequire(import.meta.url).resolve("@effect/language-service/cli.js")
const { compilerOptions } = JSON.parse(readFileSync(base, "utf8"))
const plugin = compilerOptions.plugins.find(({ name }) => name === "@effect/language-service")

// Not in tsconfig.base.json, where it would mark every test in an editor.
const settings = { ...plugin, diagnosticSeverity: { ...plugin.diagnosticSeverity, nodeBuiltinImport: "error" } }
const mayImportNode = /^packages\/(node|cli)\//

const packages = readdirSync(join(root, "packages"))
  .map((name) => join(root, "packages", name))
  .filter((directory) => existsSync(join(directory, "src")))

const manifestOf = (directory) => JSON.parse(readFileSync(join(directory, "package.json"), "utf8"))

const withDependencies = (directory, seen = new Set()) => {
  if (!seen.has(directory) && existsSync(directory)) {
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
    withDependencies(directory).sort().flatMap((
      owner
    ) => [join(owner, "package.json"), ...filesBelow(join(owner, "src"))]),
    basename(directory),
    ...[script, base, lock, project].map((file) => readFileSync(file, "utf8"))
  )

const keys = new Map(packages.map((directory) => [directory, keyOf(directory)]))
const kept = new Map(packages.map((directory) => [directory, restore("effect", keys.get(directory))]))
const stale = packages.filter((directory) => kept.get(directory) === undefined)

/** Runs the diagnostics on the sources of some packages. */
const diagnose = (directories) => {
  const scratch = mkdtempSync(join(tmpdir(), "ociman-effect-"))
  const partial = join(scratch, "tsconfig.json")
  writeFileSync(
    partial,
    JSON.stringify({
      extends: project,
      include: directories.map((directory) => join(directory, "src")),
      compilerOptions: { typeRoots: [join(root, "node_modules/@types")] }
    })
  )
  const { error, stderr, stdout } = spawnSync(
    process.execPath,
    [cli, "diagnostics", "--project", partial, "--format", "json", "--lspconfig", JSON.stringify(settings)],
    { encoding: "utf8", maxBuffer: 2 ** 28 }
  )
  rmSync(scratch, { recursive: true })
  if (error !== undefined || !stdout.startsWith("{")) {
    console.error(error ?? `${stdout}${stderr}`)
    process.exit(1)
  }
  return JSON.parse(stdout)
}

const { diagnostics, summary } = stale.length === 0
  ? { diagnostics: [], summary: { filesChecked: 0 } }
  : diagnose(stale)
const shown = diagnostics
  .map((diagnostic) => ({ ...diagnostic, file: relative(root, diagnostic.file) }))
  .filter(({ file, name, severity }) =>
    severity !== "message" && !(name === "nodeBuiltinImport" && mayImportNode.test(file))
  )

for (const { column, file, line, message, name } of shown) {
  console.log(`${file}:${line}:${column} [${name}] ${message}`)
}
for (const directory of stale) {
  const path = `${relative(root, directory)}/`
  if (summary.filesChecked > 0 && !shown.some(({ file }) => file.startsWith(path))) {
    store("effect", keys.get(directory), basename(directory))
  }
}
const unchanged = packages.length - stale.length
console.log(
  `${summary.filesChecked} files, ${shown.length} diagnostics${
    unchanged > 0 ? `; ${unchanged} packages unchanged` : ""
  }`
)
process.exitCode = shown.length > 0 || (summary.filesChecked === 0 && unchanged === 0) ? 1 : 0
