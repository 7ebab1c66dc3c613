import type * as CommandExecutor from "@effect/platform/CommandExecutor"
import type * as FileSystem from "@effect/platform/FileSystem"
import type * as Engine from "../../Engine.js"
import type { Connection } from "./apiConnection.js"
import type { Client } from "./client.js"
import type { Explain } from "./failures.js"

/**
 * Dependencies shared by all parts of the driver.
 *
 * @internal
 */
export interface Context extends Explain {
  readonly engine: Engine.Engine<Engine.Cli>
  readonly client: Client
  /** HTTP API of the engine, for information that the client does not print. */
  readonly api: Connection
  readonly hostExecutor: CommandExecutor.CommandExecutor
  readonly fileSystem: FileSystem.FileSystem
}
