import { EngineBackend } from "@ociman/containers"
import { Config } from "effect"
import { allOnPath } from "../utils.js"
import { exchangesSuite } from "./exchanges.js"

for (const executable of allOnPath("docker")) {
  exchangesSuite(
    `Docker by ${executable}`,
    EngineBackend.layerConfig({ engine: Config.succeed("docker"), executable: Config.succeed(executable) })
  )
}
