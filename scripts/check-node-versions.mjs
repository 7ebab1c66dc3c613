// Runs the unit tests on every supported Node.js: all of them on the oldest version, those that may depend on Node.js
// on the others (see `vitest.workspace.ts`). `node scripts/check-node-versions.mjs [VERSION…]`
// Installs Node.js as the npm package of this platform, which needs no install script.
import { spawnSync } from "node:child_process"
import { mkdirSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { delimiter, dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { count } from "./counts.mjs"

const root = dirname(dirname(fileURLToPath(import.meta.url)))

// The oldest that `engines` in package.json allows.
const oldest = "20.19.0"
const versions = process.argv.length > 2 ? process.argv.slice(2) : [oldest, "22", "24"]

const system = { win32: "win" }[process.platform] ?? process.platform
const prefix = system === "darwin" && process.arch === "arm64" ? "node-bin" : "node"
const nodePackage = `${prefix}-${system}-${process.arch}`

const results = process.env.OCIMAN_TEST_RESULTS ?? mkdtempSync(join(tmpdir(), "ociman-node-versions-"))
mkdirSync(results, { recursive: true })
if (process.env.OCIMAN_TEST_RESULTS === undefined) {
  process.on("exit", () => rmSync(results, { recursive: true, force: true }))
}

const find = (version) => {
  const { stderr, stdout } = spawnSync(
    "npm",
    [
      "exec",
      "--yes",
      "--prefer-offline",
      "--loglevel=error",
      `--package=${nodePackage}@${version}`,
      "--",
      "node",
      "-p",
      "process.version + '\\n' + process.execPath"
    ],
    { cwd: tmpdir(), encoding: "utf8" }
  )
  const [found = "", executable = ""] = stdout.trim().split("\n")
  const isRequested = found.startsWith(`v${version}`) && executable !== ""
  return isRequested ? { found, executable } : { error: `${stdout}${stderr}`.trim() || "npm exec found nothing" }
}

let failed = false
for (const version of versions) {
  const { error, executable, found } = find(version)
  if (error !== undefined) {
    failed = true
    console.log(`Node ${version}: cannot be installed: ${error}`)
    continue
  }
  const report = join(results, `unit-node-${version.split(".")[0]}.json`)
  const started = Date.now()
  const { status } = spawnSync(executable, [join(root, "scripts/watched-vitest.mjs"), report, "--project=unit"], {
    cwd: root,
    stdio: ["ignore", "inherit", "inherit"],
    env: {
      ...process.env,
      OCIMAN_TEST_UNIT: version === oldest ? "all" : "node",
      PATH: `${dirname(executable)}${delimiter}${process.env.PATH}`
    }
  })
  failed ||= status !== 0
  const seconds = ((Date.now() - started) / 1000).toFixed(1)
  console.log(`Node ${found}: ${count([report])}, ${seconds} s`)
}
process.exitCode = failed ? 1 : 0
