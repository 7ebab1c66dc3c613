/** Runs the themes of the contract that depend on the version of Docker's client, with every other client on PATH. */
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
      "starting containers",
      "start failures",
      "volumes of containers",
      "scoped use of containers",
      "executing commands",
      "exec failures",
      "exec streams",
      "executing in ending containers",
      "reading and writing files",
      "files of definitions",
      "copying archives",
      "copying directories",
      "copy failures",
      "image names",
      "names on Docker Hub",
      "saving and loading images",
      "refusing archives",
      "importing images",
      "image history",
      "build output",
      "build context",
      "build options",
      "interrupting builds",
      "events",
      "stats and processes",
      "pausing containers"
    ]
  })
}

describe("clients of Docker on PATH", () => {
  it("have distinct versions", () => {
    const versions = allOnPath("docker").map((client) => spawnSync(client, ["--version"], { encoding: "utf8" }).stdout)
    assert.sameMembers([...new Set(versions)], versions)
  })
})
