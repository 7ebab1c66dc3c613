import * as Option from "effect/Option"
import * as Engine from "../../Engine.js"

const version = new Engine.Version({ major: 0, minor: 1, patch: 0, text: "0.1.0" })

/**
 * Identity of the engine in memory.
 *
 * @internal
 */
export const engine: Engine.Engine<Engine.Memory> = {
  name: "memory",
  transport: { _tag: "Memory" },
  version: version.text,
  apiVersion: version,
  rootless: false,
  capabilities: Engine.allCapabilities,
  endpoint: Option.none(),
  context: Option.none(),
  remoteHost: Option.none()
}
