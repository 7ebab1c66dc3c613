import { defineConfig } from "vitest/config"

const conditions = ["@ociman/source"]

const shared = {
  resolve: { conditions },
  ssr: { resolve: { conditions } }
}

const integrationTests = "packages/*/test/integration/**/*.test.ts"

// Half of the time goes to these, and little in them depends on the version of Node.js.
const long = ["testing/test/faults", "testing/test/hostileCopies", "testing/test/turns", "oci/test/OciDirectory"]
const leftOut = process.env.OCIMAN_TEST_LONG === "no" ? long.map((test) => `packages/${test}.test.ts`) : []

// A test of an engine is named after it: `Container.docker.test.ts`, `Container.podman.test.ts`.
const engines = (process.env.OCIMAN_TEST_ENGINES ?? "docker,podman").split(",")
const selectedTests = engines.map((engine) =>
  `packages/*/test/integration/**/*.${engine.replace("-rootless", "")}.test.ts`
)

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
          include: ["packages/*/test/**/*.test.ts"],
          exclude: [integrationTests, ...leftOut],
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
          // Processes of Podman 4.3, its own clean-up among them, hide from each other what they write and mount
          // (https://github.com/containers/storage/pull/1724): of 300 tests one may meet that, and not twice.
          retry: engines.some((engine) => engine.startsWith("podman")) ? 2 : 0,
          setupFiles: ["./vitest.setup.ts"],
          testTimeout: 60_000,
          hookTimeout: 120_000
        }
      },
      {
        ...shared,
        test: {
          name: "scripts",
          include: ["scripts/test/**/*.test.ts"],
          setupFiles: ["./vitest.setup.ts"],
          testTimeout: 60_000
        }
      }
    ]
  }
})
