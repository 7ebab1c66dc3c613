import { defineWorkspace } from "vitest/config"

const conditions = ["@ociman/source"]

const shared = {
  resolve: { conditions },
  ssr: { resolve: { conditions } }
}

const integrationTests = "packages/*/test/integration/**/*.test.ts"

export default defineWorkspace([
  {
    ...shared,
    test: {
      name: "unit",
      include: ["packages/*/test/**/*.test.ts"],
      exclude: [integrationTests],
      setupFiles: ["./vitest.setup.ts"]
    }
  },
  {
    ...shared,
    test: {
      name: "integration",
      include: [integrationTests],
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
])
