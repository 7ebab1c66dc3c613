// Adds the binaries of all platforms to the lock file, by name and version. `npm ci` requires them, but npm omits those
// that a mirror does not have. `npm run lock` runs this between two updates of the file by npm.
import { readFileSync, writeFileSync } from "node:fs"
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
  const file = fileURLToPath(new URL("../package-lock.json", import.meta.url))
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
