// `npm ci` wants every platform's binaries in the lock file. npm leaves those out that a mirror does not have;
// this puts them back by name and version. `npm run lock` does it, before and after npm writes the file.
// `node scripts/complete-lock.mjs [DIRECTORY]`
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

const systems = ["aix", "android", "darwin", "freebsd", "linux", "netbsd", "openbsd", "openharmony", "sunos", "win32"]
const processors = ["arm", "arm64", "ia32", "loong64", "mips64el", "ppc64", "riscv64", "s390x", "x64"]

const platformOf = (name) => {
  const parts = name.split("/").at(-1).split("-")
  const os = systems.filter((system) => parts.includes(system))
  const cpu = processors.filter((processor) => parts.includes(processor))
  const libc = os.includes("linux") ? { gnu: ["glibc"], musl: ["musl"] }[parts.at(-1)] : undefined
  return os.length === 1 ? { cpu, os, ...(libc === undefined ? {} : { libc }) } : undefined
}

const isLocked = (packages, path, name) => {
  for (let at = path; at !== ""; at = at.slice(0, Math.max(0, at.lastIndexOf("/node_modules/")))) {
    if (packages[`${at}/node_modules/${name}`] !== undefined) return true
  }
  return packages[`node_modules/${name}`] !== undefined
}

export const missing = ({ packages }) =>
  Object.entries(packages).flatMap(([path, { optionalDependencies = {} }]) =>
    Object.entries(optionalDependencies)
      .filter(([name]) => !isLocked(packages, path, name))
      .map(([name, version]) => ({ name, version, platform: platformOf(name) }))
  )

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const file = join(fileURLToPath(new URL("..", import.meta.url)), process.argv[2] ?? ".", "package-lock.json")
  const lock = JSON.parse(readFileSync(file, "utf8"))
  for (const { name, platform, version } of missing(lock)) {
    if (platform === undefined || !/^\d+\.\d+\.\d+$/.test(version)) {
      throw new Error(`${name}@${version}: neither a platform nor an exact version`)
    }
    lock.packages[`node_modules/${name}`] = { version, ...platform, optional: true }
    console.log(`added ${name}@${version}`)
  }
  writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`)
}
