/**
 * Driver of a `Backend` that runs the command line clients of Docker and Podman. The client selects its engine by its
 * contexts and connections, and by `DOCKER_HOST` or `CONTAINER_HOST`, which are read with `Config`. The driver keeps
 * this engine, even if another context is selected later, as by `docker context use`.
 *
 * @since 0.1.0
 */
import * as CommandExecutor from "@effect/platform/CommandExecutor"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import type { BackendDriver } from "./BackendDriver.js"
import type { Probe } from "./BackendError.js"
import type * as ContainerName from "./ContainerName.js"
import type * as Definition from "./Definition.js"
import type * as Engine from "./Engine.js"
import * as Environment from "./Environment.js"
import type * as Exec from "./Exec.js"
import * as ApiConnection from "./internal/cli/apiConnection.js"
import { builds } from "./internal/cli/builds.js"
import * as Client from "./internal/cli/client.js"
import { containers } from "./internal/cli/containers.js"
import type { Context } from "./internal/cli/context.js"
import { detect } from "./internal/cli/detect.js"
import * as engineLocation from "./internal/cli/engineLocation.js"
import { exec } from "./internal/cli/exec.js"
import { executor } from "./internal/cli/executor.js"
import { explain } from "./internal/cli/failures.js"
import { files } from "./internal/cli/files.js"
import * as create from "./internal/cli/flags/create.js"
import { execArguments as lowerExec } from "./internal/cli/flags/exec.js"
import { images } from "./internal/cli/images.js"
import { networks } from "./internal/cli/networks.js"
import { observations } from "./internal/cli/observations.js"
import { volumes } from "./internal/cli/volumes.js"
import { resolveHost } from "./internal/dialect/resolveHost.js"
import * as thisHost from "./internal/host/thisHost.js"

/**
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** Engine of the client. */
  readonly engine: Engine.Name
  /** Executable: a name on `PATH`, or a path. Default: the name of the engine. */
  readonly executable?: string | undefined
}

/**
 * Creates the driver of the engine that the client is configured for. Fails with a `Probe` if no engine answers. Closes
 * its connection to the engine, if it has opened one, with the scope.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = Effect.fnUntraced(function*(
  options: Options
): Effect.fn.Return<BackendDriver, Probe, CommandExecutor.CommandExecutor | FileSystem.FileSystem | Scope.Scope> {
  const hostExecutor = yield* CommandExecutor.CommandExecutor
  const fileSystem = yield* FileSystem.FileSystem
  const executable = options.executable ?? options.engine
  const settings = yield* engineLocation.fromConfig
  const engine = yield* detect(Client.make(hostExecutor, executable, settings), options.engine)
  const client = Client.make(hostExecutor, executable, { ...settings, ...engineLocation.ofEngine(engine) })
  const api = yield* ApiConnection.shared(client)
  const context: Context = { engine, client, api, hostExecutor, fileSystem, ...explain(engine, client) }
  const host = yield* thisHost.make
  const { run, startAttached } = exec(context)
  const { processes, stats, subscribe } = observations(context)
  const ofContainers = { ...containers(context), processes, startAttached, stats }
  return {
    engine,
    containers: ofContainers,
    exec: { run, executor: executor(context), resolveHost: resolveHost(run) },
    files: files(context),
    images: images(context),
    builds: builds(context, host),
    networks: networks(context),
    volumes: volumes(context, ofContainers.remove),
    events: { subscribe }
  }
})

/**
 * Returns the arguments with which a client would create a container, to inspect or to run by hand. Environment
 * variables appear by name only; their values are passed outside of the argument list.
 *
 * @since 0.1.0
 * @category conversions
 */
export const createArguments = (
  engine: Engine.Engine<Engine.Cli>,
  definition: Definition.Definition,
  name: ContainerName.ContainerName
): ReadonlyArray<string> =>
  create.createArguments(engine, definition, name, {
    names: Environment.names(definition.environment),
    file: Option.none()
  })

/**
 * Returns the arguments with which a client would run a command in a container.
 *
 * @since 0.1.0
 * @category conversions
 */
export const execArguments = (container: string, exec: Exec.Exec): ReadonlyArray<string> =>
  lowerExec(container, exec, { names: Environment.names(exec.environment), file: Option.none() })
