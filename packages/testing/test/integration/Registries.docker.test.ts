import { Backend } from "@ociman/containers"
import { Config } from "effect"
import { allOnPath } from "../utils.js"
import { registriesSuite } from "./registries.js"

for (const executable of allOnPath("docker")) {
  registriesSuite(
    `Docker by ${executable}`,
    Backend.layerConfig({ engine: Config.succeed("docker"), executable: Config.succeed(executable) })
  )
}
