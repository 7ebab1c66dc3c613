import { spawnSync } from "node:child_process"
import { defineConfig } from "vitest/config"

const conditions = ["@ociman/source"]

const shared = {
  resolve: { conditions },
  ssr: { resolve: { conditions } }
}

const integrationTests = "packages/*/test/integration/**/*.test.ts"

// What may depend on the version of Node.js: its processes, files, sockets, compression and memory. The rest is the
// language's, and runs on the oldest version only.
const ofNode = [
  "{node,process}/test/**/*",
  "oci/test/{FileTree,Layer,LocalStore,OciArchive,Unpack,Unpack.vectors,examples,resumedTransfers,reusedMemory,writeBehind,zstd}",
  "registry/test/{Credentials,Registry.encodings,addresses.vectors,behaviours.vectors,examples}",
  "containers/test/{fileLock,internal/hostCopying,processIdentity}",
  "testing/test/{FakeEngine,FaultyRegistry}"
]
const unitTests = (process.env.OCIMAN_TEST_UNIT === "node" ? ofNode : ["*/test/**/*"]).map((path) =>
  `packages/${path}.test.ts`
)

// A test of an engine is named after it: `Container.docker.test.ts`, `Container.podman.test.ts`.
const engines = (process.env.OCIMAN_TEST_ENGINES ?? "docker,podman").split(",")
const contracts = process.env.OCIMAN_TEST_SUITES === "contracts"
const selectedTests = engines.map((engine) =>
  `packages/*/test/integration/**/${contracts ? "{BackendSuite,Clients,LocalRegistries}" : "*"}.${
    engine.replace("-rootless", "")
  }.test.ts`
)

// Processes of Podman before version 5, its own clean-up among them, hide from each other what they write and mount
// (https://github.com/containers/storage/pull/1724): of 300 tests one may meet that. Each such test is told in the
// summary of `scripts/test.sh`, and more than three fail it.
const podmanHidesFiles = () => {
  const { stdout } = spawnSync("podman", ["--version"], { encoding: "utf8" })
  return Number(/\d+/.exec(stdout ?? "")?.[0] ?? 5) < 5
}
const retry = engines.some((engine) => engine.startsWith("podman")) && podmanHidesFiles() ? 2 : 0

export default defineConfig({
  test: {
    // To load Effect and what is tested for each file anew takes longer than most tests.
    isolate: false,
    maxWorkers: "100%",
    projects: [
      {
        ...shared,
        test: {
          name: "unit",
          include: unitTests,
          exclude: [integrationTests],
          setupFiles: ["./vitest.setup.ts"],
          testTimeout: 30_000
        }
      },
      {
        ...shared,
        test: {
          name: "integration",
          // One after the other: they look whether anything is left on the engine.
          poolOptions: { forks: { singleFork: true } },
          include: selectedTests,
          // What they look for is the same for root.
          exclude: engines.includes("podman-rootless") ? ["**/{Soak,Zstd}.podman.test.ts"] : [],
          retry,
          setupFiles: ["./vitest.setup.ts"],
          // Far more than any test takes: what hangs is found, and a slow machine fails none.
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
          // The scripts on machines of their own, which only root can make.
          include: ["scripts/test/machines/*.test.ts"],
          setupFiles: ["./vitest.setup.ts"],
          testTimeout: 900_000
        }
      }
    ]
  }
})
