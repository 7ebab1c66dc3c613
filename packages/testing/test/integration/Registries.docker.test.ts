import { EngineBackend } from "@ociman/containers"
import { Config } from "effect"
import { allOnPath } from "../utils.js"
import { registriesSuite } from "./registries.js"

for (const executable of allOnPath("docker")) {
  registriesSuite(
    `Docker by ${executable}`,
    EngineBackend.layerConfig({ engine: Config.succeed("docker"), executable: Config.succeed(executable) })
  )
}
