import { defineConfig } from "vitest/config"
import { projects } from "./vitest.workspace.js"

export default defineConfig({
  test: {
    // Loading Effect and the tested modules anew for each file takes longer than most tests.
    isolate: false,
    maxWorkers: "100%",
    projects
  }
})
