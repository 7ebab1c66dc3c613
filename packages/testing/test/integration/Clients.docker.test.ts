/** The groups of the contract in which the version of Docker's client matters, by every other client on PATH. */
import { assert, describe, it } from "@effect/vitest"
import { EngineBackend } from "@ociman/containers"
import * as BackendSuite from "@ociman/testing/BackendSuite"
import { Config, Layer } from "effect"
import { spawnSync } from "node:child_process"
import { platform } from "../support/platform.js"
import { allOnPath } from "../utils.js"

const others = allOnPath("docker").slice(1)

for (const executable of others) {
  const backend = EngineBackend.layerConfig({
    engine: Config.succeed("docker"),
    executable: Config.succeed(executable)
  })
  BackendSuite.suite(`Docker by ${executable}`, Layer.provideMerge(backend, platform), {
    only: [
      "starting",
      "executing",
      "copying files",
      "names of images",
      "archives of images",
      "steps of builds",
      "observing"
    ]
  })
}

describe("clients of Docker on PATH", () => {
  it("differ in their versions", () => {
    const versions = allOnPath("docker").map((client) => spawnSync(client, ["--version"], { encoding: "utf8" }).stdout)
    assert.sameMembers([...new Set(versions)], versions)
  })
})
