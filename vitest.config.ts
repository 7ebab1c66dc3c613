import { defineConfig } from "vitest/config"

const conditions = ["@ociman/source"]

const shared = {
  resolve: { conditions },
  ssr: { resolve: { conditions } }
}

const integrationTests = "packages/*/test/integration/**/*.test.ts"

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
