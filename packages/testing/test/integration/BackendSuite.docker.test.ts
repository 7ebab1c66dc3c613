import { Backend } from "@ociman/containers"
import { BackendSuite } from "@ociman/testing"
import { Config, Layer } from "effect"
import { platform } from "../support/platform.js"
import { allOnPath } from "../utils.js"

BackendSuite.suite("Docker", Layer.provideMerge(Backend.layerDocker, platform))

for (const executable of allOnPath("docker").slice(1)) {
  const backend = Backend.layerConfig({ engine: Config.succeed("docker"), executable: Config.succeed(executable) })
  BackendSuite.suite(`Docker by ${executable}`, Layer.provideMerge(backend, platform))
}
