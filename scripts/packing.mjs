// Packs the packages that npm would publish. Packing needs a build: `npm run build` first.
import { execFileSync } from "node:child_process"
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

const root = fileURLToPath(new URL("..", import.meta.url))

export const packages = readdirSync(join(root, "packages"))
  .map((name) => join(root, "packages", name))
  .filter((directory) => existsSync(join(directory, "package.json")))
  .map((directory) => ({ directory, manifest: JSON.parse(readFileSync(join(directory, "package.json"), "utf8")) }))
  .filter(({ manifest }) => manifest.private !== true)

/** Packs all packages into a directory. Returns npm's description of each tarball by the name of its package. */
export const pack = (directory) => {
  const workspaces = packages.flatMap(({ manifest }) => ["--workspace", manifest.name])
  const output = execFileSync(
    "npm",
    ["pack", "--json", "--ignore-scripts", "--loglevel=error", "--pack-destination", directory, ...workspaces],
    { cwd: root, encoding: "utf8", maxBuffer: 2 ** 28 }
  )
  return new Map(JSON.parse(output).map((packed) => [packed.name, packed]))
}
