// Keeps results of checks by a hash of all their inputs, outside of the repository, so that a clean clone finds them too.
// OCIMAN_CHECK_CACHE sets the directory (default: `ociman/checks` in the cache of the user); `off` disables the cache.
import { createHash, randomUUID } from "node:crypto"
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync
} from "node:fs"
import { homedir } from "node:os"
import { join, relative, sep } from "node:path"

const setting = process.env.OCIMAN_CHECK_CACHE || undefined
const cache = setting ?? join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "ociman", "checks")
const isEnabled = setting !== "off"

const month = 30 * 24 * 60 * 60 * 1000

/** Returns the files below a directory in a stable order. */
export const filesBelow = (directory) =>
  existsSync(directory)
    ? readdirSync(directory, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
      .sort()
    : []

/** Hashes the paths, relative to a root, and contents of files, the version of Node.js and further values. */
export const fingerprint = (root, files, ...values) => {
  const hash = createHash("sha256").update(JSON.stringify([process.version, ...values]))
  for (const file of files) {
    hash.update(`\0${relative(root, file).split(sep).join("/")}\0`).update(readFileSync(file))
  }
  return hash.digest("hex")
}

/** Removes results that were not used for a month. */
const prune = (directory) => {
  for (const name of readdirSync(directory)) {
    const entry = join(directory, name)
    if (statSync(entry).mtimeMs < Date.now() - month) rmSync(entry, { recursive: true, force: true })
  }
}

/** Returns the kept summary of a check, and copies its kept files to a directory. `undefined` if there is no result. */
export const restore = (check, key, target) => {
  const entry = join(cache, check, key)
  if (!isEnabled || !existsSync(entry)) return undefined
  const now = new Date()
  utimesSync(entry, now, now)
  if (target !== undefined) {
    rmSync(target, { recursive: true, force: true })
    cpSync(join(entry, "files"), target, { recursive: true })
  }
  return readFileSync(join(entry, "summary"), "utf8")
}

/** Keeps the summary of a successful check, and the files of a directory. */
export const store = (check, key, summary, source) => {
  if (!isEnabled) return
  const directory = join(cache, check)
  const part = join(directory, `.${randomUUID()}`)
  mkdirSync(part, { recursive: true })
  if (source !== undefined) cpSync(source, join(part, "files"), { recursive: true })
  writeFileSync(join(part, "summary"), summary)
  rmSync(join(directory, key), { recursive: true, force: true })
  renameSync(part, join(directory, key))
  prune(directory)
}
