import * as Option from "effect/Option"
import * as Engine from "../../Engine.js"

const version = new Engine.Version({ major: 0, minor: 1, patch: 0, text: "0.1.0" })

/**
 * Identity of the engine in memory.
 *
 * @internal
 */
export const engine: Engine.Engine = {
  name: "memory",
  client: "docker",
  executable: "memory",
  version: version.text,
  clientVersion: version.text,
  apiVersion: version,
  clientApiVersion: version,
  rootless: false,
  endpoint: Option.none(),
  context: Option.none(),
  remoteHost: Option.none()
}
