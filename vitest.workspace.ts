// The projects of vitest: unit tests, integration tests on engines, tests of the scripts, and tests on fresh machines.
import { spawnSync } from "node:child_process"
import { existsSync, readdirSync } from "node:fs"
import { join, sep } from "node:path"
import type { TestProjectInlineConfiguration } from "vitest/config"

const conditions = ["@ociman/source"]

const shared = {
  resolve: { conditions },
  ssr: { resolve: { conditions } }
}

const packages = join(import.meta.dirname, "packages")

/** The test files of all packages as `PACKAGE/test/PATH`, without `.test.ts`. */
const testFiles: ReadonlyArray<string> = readdirSync(packages)
  .map((name) => `${name}/test`)
  .filter((directory) => existsSync(join(packages, directory)))
  .flatMap((directory) =>
    readdirSync(join(packages, directory), { recursive: true, encoding: "utf8" })
      .filter((path) => path.endsWith(".test.ts"))
      .map((path) => `${directory}/${path.slice(0, -".test.ts".length).split(sep).join("/")}`)
  )

const wildcards: Readonly<Record<string, string>> = { "**/": "(?:.+/)?", "*": "[^/]*" }

const toRegExp = (glob: string) => {
  const parts = glob.split(/(\*\*\/|\*)/).map((part) => wildcards[part] ?? part.replaceAll(".", "\\."))
  return new RegExp(`^${parts.join("")}$`)
}

/**
 * Returns the globs of test files as paths below the repository. Throws if one of them matches no test file, so that a
 * list cannot keep the name of a file that was renamed or removed.
 */
export const existingTests = (
  globs: ReadonlyArray<string>,
  files: ReadonlyArray<string> = testFiles
): Array<string> => {
  const missing = globs.filter((glob) => !files.some((file) => toRegExp(glob).test(file)))
  if (missing.length > 0) throw new Error(`vitest.workspace.ts: no test file matches ${missing.join(", ")}`)
  return globs.map((glob) => `packages/${glob}.test.ts`)
}

const inPackage = (name: string, ...files: ReadonlyArray<string>) => files.map((file) => `${name}/test/${file}`)

/** Tests whose results may depend on the version of Node.js: of processes, files, sockets, compression and memory. */
const ofNode = existingTests([
  ...inPackage("node", "**/*"),
  ...inPackage("process", "**/*"),
  ...inPackage(
    "oci",
    "FileTree",
    "ImageLayer",
    "LocalStore",
    "OciArchive",
    "Unpack",
    "Unpack.vectors",
    "examples",
    "resumedTransfers",
    "reusedMemory",
    "writeBehind",
    "zstd"
  ),
  ...inPackage(
    "registry",
    "Credentials",
    "Registry.encodings",
    "addresses.vectors",
    "behaviours.vectors",
    "examples"
  ),
  ...inPackage("containers", "fileLock", "internal/hostCopying", "processIdentity"),
  ...inPackage("testing", "FakeEngine", "FaultyRegistry")
])

const unitTests = process.env.OCIMAN_TEST_UNIT === "node" ? ofNode : existingTests(["*/test/**/*"])

// The name of an engine's test contains the engine: `Container.docker.test.ts`, `Container.podman.test.ts`.
const engines = (process.env.OCIMAN_TEST_ENGINES ?? "docker,podman").split(",")

const contracts = existingTests([
  ...inPackage("testing", "integration/BackendSuite.*", "integration/Clients.*", "integration/LocalRegistries.*")
])

const ofEngine = (engine: string) => {
  const name = engine.replace("-rootless", "")
  return process.env.OCIMAN_TEST_SUITES === "contracts"
    ? contracts.map((path) => path.replace("*.test.ts", `${name}.test.ts`))
    : existingTests([`*/test/integration/**/*.${name}`])
}

// These tests have the same results with and without root.
const sameForRoot = existingTests([
  ...inPackage("oci", "integration/Zstd.podman"),
  ...inPackage("testing", "integration/Soak.podman")
])

// Processes of Podman before version 5 hide their changes to storage and mounts from each other
// (https://github.com/containers/storage/pull/1724), which about one of 300 tests meets. `scripts/test.sh` reports each
// retried test and fails if there are more than three.
const hidesFiles = () => {
  const { stdout } = spawnSync("podman", ["--version"], { encoding: "utf8" })
  return Number(/\d+/.exec(stdout ?? "")?.[0] ?? 5) < 5
}
const retry = engines.some((engine) => engine.startsWith("podman")) && hidesFiles() ? 2 : 0

export const projects: Array<TestProjectInlineConfiguration> = [
  {
    ...shared,
    test: {
      name: "unit",
      include: unitTests,
      exclude: ["packages/*/test/integration/**"],
      setupFiles: ["./vitest.setup.ts"],
      testTimeout: 30_000
    }
  },
  {
    ...shared,
    test: {
      name: "integration",
      // One file at a time, since each asserts at its end that nothing is left on the engine.
      poolOptions: { forks: { singleFork: true } },
      include: engines.flatMap(ofEngine),
      exclude: engines.includes("podman-rootless") ? sameForRoot : [],
      retry,
      setupFiles: ["./vitest.setup.ts"],
      // Far above the duration of every test: detects a hang without failing on a slow machine.
      testTimeout: 180_000,
      hookTimeout: 180_000
    }
  },
  {
    ...shared,
    test: {
      name: "scripts",
      include: ["scripts/test/*.test.ts"],
      setupFiles: ["./vitest.setup.ts"],
      testTimeout: 60_000
    }
  },
  {
    ...shared,
    test: {
      name: "machines",
      // They run scripts on file systems of their own, which requires root.
      include: ["scripts/test/machines/*.test.ts"],
      setupFiles: ["./vitest.setup.ts"],
      testTimeout: 900_000
    }
  }
]

export default projects
