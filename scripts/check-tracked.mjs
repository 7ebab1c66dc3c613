// Checks that committed files depend on no machine: no download addresses in the lock file, and in no file the path of
// this checkout, the home of this user, or the host of the package registry.
import { execFileSync } from "node:child_process"
import { readFileSync } from "node:fs"
import { homedir } from "node:os"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { missing } from "./complete-lock.mjs"

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const run = (command, ...args) => execFileSync(command, args, { cwd: root, encoding: "utf8", maxBuffer: 2 ** 28 })
const problems = []

const locks = ["package-lock.json", "docs/site/package-lock.json"].map((file) => ({
  file,
  lock: JSON.parse(readFileSync(join(root, file), "utf8"))
}))
for (const { file, lock } of locks) {
  for (const { name } of missing(lock)) problems.push(`${file} lacks ${name}: npm run lock`)
  for (const [path, { integrity, link, os, resolved }] of Object.entries(lock.packages)) {
    if (resolved !== undefined && !(link === true && /^(packages|scripts)\//.test(resolved))) {
      problems.push(`${file}: ${path} contains a download address`)
    }
    if (path.includes("node_modules/") && link !== true && os === undefined && integrity === undefined) {
      problems.push(`${file}: ${path} has no integrity`)
    }
  }
}

// Directories that are common to many machines.
const common = new Set(["/", "/root", "/tmp", "/home", "/usr", "/srv", "/opt", "/builds", "/workspace"])
const paths = [root, dirname(root), homedir()].filter((path) => !common.has(path)).map((path) => `${path}/`)
const host = new URL(run("npm", "config", "get", "registry", "--loglevel=error").trim()).host
const forbidden = [...paths, host, ["registry", "npmjs", "org"].join(".")]

for (const file of run("git", "ls-files", "-z").split("\0").filter((name) => name !== "")) {
  let text
  try {
    text = readFileSync(join(root, file), "utf8")
  } catch {
    continue // deleted, not yet committed
  }
  text.split("\n").forEach((line, index) => {
    for (const needle of forbidden) {
      if (line.includes(needle)) problems.push(`${file}:${index + 1} mentions ${needle}`)
    }
  })
}

if (problems.length > 0) {
  console.error(problems.join("\n"))
  process.exitCode = 1
} else {
  const count = locks.reduce((sum, { lock }) => sum + Object.keys(lock.packages).length, 0)
  console.log(`${count} locked packages; no machine's paths or hosts`)
}
