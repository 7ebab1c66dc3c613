// Effect's language-service diagnostics of packages/*/src. `node scripts/check-effect.mjs [TSCONFIG]`
import { spawnSync } from "node:child_process"
import { readFileSync } from "node:fs"
import { createRequire } from "node:module"
import { dirname, relative, resolve } from "node:path"

const project = resolve(process.argv[2] ?? "tsconfig.effect.json")
const cli = createRequire(import.meta.url).resolve("@effect/language-service/cli.js")
const { compilerOptions } = JSON.parse(readFileSync(new URL("../tsconfig.base.json", import.meta.url), "utf8"))
const plugin = compilerOptions.plugins.find(({ name }) => name === "@effect/language-service")

// Not in tsconfig.base.json, where it would mark every test in an editor.
const settings = { ...plugin, diagnosticSeverity: { ...plugin.diagnosticSeverity, nodeBuiltinImport: "error" } }
const mayImportNode = /^packages\/(node|cli)\//

const { error, stderr, stdout } = spawnSync(
  process.execPath,
  [cli, "diagnostics", "--project", project, "--format", "json", "--lspconfig", JSON.stringify(settings)],
  { encoding: "utf8", maxBuffer: 2 ** 28 }
)
if (error !== undefined || !stdout.startsWith("{")) {
  console.error(error ?? `${stdout}${stderr}`)
  process.exit(1)
}

const { diagnostics, summary } = JSON.parse(stdout)
const shown = diagnostics
  .map((diagnostic) => ({ ...diagnostic, file: relative(dirname(project), diagnostic.file) }))
  .filter(({ file, name, severity }) =>
    severity !== "message" && !(name === "nodeBuiltinImport" && mayImportNode.test(file))
  )

for (const { column, file, line, message, name } of shown) {
  console.log(`${file}:${line}:${column} [${name}] ${message}`)
}
console.log(`${summary.filesChecked} files, ${shown.length} diagnostics`)
process.exitCode = shown.length > 0 || summary.filesChecked === 0 ? 1 : 0
