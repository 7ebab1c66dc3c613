/**
 * The service that runs containers. A program requires it; the layer decides
 * whether Docker, Podman or memory answers.
 *
 * @since 0.1.0
 */
import type * as CommandExecutor from "@effect/platform/CommandExecutor"
import type * as FileSystem from "@effect/platform/FileSystem"
import * as Config from "effect/Config"
import type * as ConfigError from "effect/ConfigError"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import type * as Stream from "effect/Stream"
import type * as BackendError from "./BackendError.js"
import type * as CliBackend from "./CliBackend.js"
import type * as Container from "./Container.js"
import type * as Definition from "./Definition.js"
import type * as Exec from "./Exec.js"
import * as building from "./internal/buildingOnce.js"
import * as selection from "./internal/engineSelection.js"
import * as lifecycle from "./internal/lifecycle.js"
import { notGiven } from "./internal/notGiven.js"
import * as sweeping from "./internal/sweep.js"
import * as MemoryBackend from "./MemoryBackend.js"
import type * as Network from "./Network.js"
import type * as NetworkInfo from "./NetworkInfo.js"
import type * as Output from "./Output.js"
import type * as Primitives from "./Primitives.js"
import type * as Session from "./Session.js"
import type * as Volume from "./Volume.js"
import type * as VolumeInfo from "./VolumeInfo.js"

/**
 * The service: an engine's primitives and what is derived from them.
 *
 * @since 0.1.0
 * @category models
 */
export interface Service extends Primitives.Primitives {
  /** A container that is not started, and is removed when the scope closes. */
  readonly create: (
    definition: Definition.Definition
  ) => Effect.Effect<Container.Container, BackendError.StartError, Scope.Scope>
  /** A started container that is stopped and removed when the scope closes. */
  readonly start: (
    definition: Definition.Definition
  ) => Effect.Effect<Container.Container, BackendError.StartError, Scope.Scope>
  /** A started container that the caller stops and removes. */
  readonly launch: (definition: Definition.Definition) => Effect.Effect<Container.Container, BackendError.StartError>
  /** Runs a container to its end and removes it. */
  readonly run: (
    definition: Definition.Definition,
    options?: Container.RunOptions
  ) => Effect.Effect<Exec.Result, BackendError.StartError | BackendError.RunFailed>
  /** Runs a container to its end, removes it, and gives what it writes as it comes. */
  readonly runStream: (
    definition: Definition.Definition,
    options?: Container.RunOptions
  ) => Stream.Stream<Output.Output, BackendError.StartError | BackendError.RunFailed>
  /**
   * Builds an image unless the engine has one of that name, and says whether this call has built it. An image of one
   * name is built once at a time.
   */
  readonly ensureImage: (
    request: Primitives.BuildRequest
  ) => Effect.Effect<boolean, BackendError.BuildFailed | BackendError.EngineError>
  /** The handle of a container that exists, by its id or name. */
  readonly attach: (container: string) => Effect.Effect<Container.Container, BackendError.ContainerError>
  /** Removes what processes that no longer live have left behind, see `Backend.sweep`. */
  readonly sweep: (options?: Session.SweepOptions) => Effect.Effect<Session.Sweep, BackendError.EngineError>
  /** A network that is removed when the scope closes. */
  readonly makeNetwork: (
    request: NetworkRequest
  ) => Effect.Effect<Network.Network, BackendError.CreateNetworkError, Scope.Scope>
  /** The handle of a network that exists, by its id or name. */
  readonly attachNetwork: (network: string) => Effect.Effect<Network.Network, BackendError.NetworkError>
  /** A volume that is removed when the scope closes. */
  readonly makeVolume: (
    request: VolumeRequest
  ) => Effect.Effect<Volume.Volume, BackendError.NameInUse | BackendError.EngineError, Scope.Scope>
  /** The handle of a volume that exists, by its name. */
  readonly attachVolume: (volume: string) => Effect.Effect<Volume.Volume, BackendError.VolumeError>
}

/**
 * Describes a network to create. Without a name it gets a unique one.
 *
 * @since 0.1.0
 * @category models
 */
export interface NetworkRequest extends Omit<Primitives.NetworkRequest, "name"> {
  readonly name: Option.Option<NetworkInfo.Name>
}

/**
 * Describes a volume to create. Without a name it gets a unique one.
 *
 * @since 0.1.0
 * @category models
 */
export interface VolumeRequest extends Omit<Primitives.VolumeRequest, "name"> {
  readonly name: Option.Option<VolumeInfo.Name>
}

/**
 * The service that runs containers.
 *
 * @since 0.1.0
 * @category tags
 */
export class Backend extends Context.Tag("@ociman/containers/Backend")<Backend, Service>() {}

/**
 * Makes the whole service from what an engine can do.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (primitives: Primitives.Primitives): Effect.Effect<Service> =>
  Effect.map(
    Effect.all([lifecycle.derive(primitives), building.derive(primitives)]),
    ([containers, images]) => Backend.of({ ...primitives, ...containers, ...images, sweep: sweeping.sweep(primitives) })
  )

/**
 * Removes the containers (with their anonymous volumes), then the networks and
 * the volumes that belong to processes which have ended without removing them,
 * as a killed process does. Everything this library makes carries labels that
 * say to which process it belongs, see `Session.fromLabels`.
 *
 * It stays: what belongs to a process that lives, or of which this cannot be
 * told from here, as it ran on another machine or in another process
 * namespace; what `Container.launch` made to outlive its program, unless
 * `kept` asks for it; images; and a container that has such labels only from an
 * image that was made of another one.
 *
 * Images stay because they belong to no process: other programs run what one
 * has built, and builders build on it. Those that this library has built carry
 * the label `Session.libraryKey`, by which `Image.prune` finds them.
 *
 * The result lists resources that could not be removed. A resource that is
 * already gone is not an error, and several processes may sweep at once.
 *
 * @example
 * ```ts
 * import { Backend } from "@ociman/containers"
 * import { Effect } from "effect"
 *
 * const program = Effect.gen(function*() {
 *   const { removed } = yield* Backend.sweep({ dryRun: true })
 *   assert.deepStrictEqual(removed, [])
 * })
 *
 * await program.pipe(Effect.provide(Backend.layerMemory()), Effect.runPromise)
 * ```
 *
 * @since 0.1.0
 * @category operations
 */
export const sweep = (
  options?: Session.SweepOptions
): Effect.Effect<Session.Sweep, BackendError.EngineError, Backend> =>
  Effect.flatMap(Backend, (backend) => backend.sweep(options))

/**
 * The engine that the environment variable `OCIMAN_BACKEND` names (`docker` or
 * `podman`); else the `default_backend` of `$XDG_CONFIG_HOME/ociman.toml`; else
 * Docker if `DOCKER_HOST`, `DOCKER_CONTEXT` or a current context name an
 * endpoint; else Podman if `CONTAINER_HOST` or `CONTAINER_CONNECTION` do; else
 * the first of Docker and Podman that answers. If that is Podman, a log message
 * has the reason why Docker is not available.
 *
 * Fails with `BackendUnavailable`, which says of each engine that was tried why
 * it does not answer, or with `ConfigError` if a setting is not understood. If
 * a setting names an engine, no other is tried.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<
  Backend,
  BackendError.BackendUnavailable | ConfigError.ConfigError,
  CommandExecutor.CommandExecutor | FileSystem.FileSystem
> = Layer.scoped(Backend, Effect.flatMap(selection.detected, make))

const layerOf = (options: CliBackend.Options) => Layer.scoped(Backend, Effect.flatMap(selection.only(options), make))

/**
 * Docker, by its command line client.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerDocker: Layer.Layer<
  Backend,
  BackendError.BackendUnavailable,
  CommandExecutor.CommandExecutor | FileSystem.FileSystem
> = layerOf({ engine: "docker" })

/**
 * Podman, by its command line client.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerPodman: Layer.Layer<
  Backend,
  BackendError.BackendUnavailable,
  CommandExecutor.CommandExecutor | FileSystem.FileSystem
> = layerOf({ engine: "podman" })

/**
 * The engine, and its client, that settings name.
 *
 * @example
 * ```ts
 * import { Backend } from "@ociman/containers"
 * import { Config } from "effect"
 *
 * const backend = Backend.layerConfig({
 *   engine: Config.literal("docker", "podman")("ENGINE"),
 *   executable: Config.string("ENGINE_CLIENT").pipe(Config.withDefault(undefined))
 * })
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layerConfig = (
  config: Config.Config.Wrap<CliBackend.Options>
): Layer.Layer<
  Backend,
  BackendError.BackendUnavailable | ConfigError.ConfigError,
  CommandExecutor.CommandExecutor | FileSystem.FileSystem
> => Layer.unwrapEffect(Effect.map(Config.unwrap(config), layerOf))

/**
 * A new engine in memory, for tests: it keeps the rules of the real ones, and
 * runs no process. What processes do is said in the options, see
 * {@link MemoryBackend.Options}.
 *
 * @example
 * ```ts
 * import { Backend, Container, Definition, Exec } from "@ociman/containers"
 * import { Effect } from "effect"
 *
 * const program = Effect.gen(function*() {
 *   const container = yield* Container.start(Definition.make("postgres:17"))
 *   const { stdout } = yield* container.exec(Exec.make("psql", "--version"))
 *   assert.strictEqual(stdout, "psql (PostgreSQL) 17.2\n")
 * })
 *
 * const memory = Backend.layerMemory({
 *   exec: (_, { executable }) =>
 *     executable === "psql" ? { stdout: "psql (PostgreSQL) 17.2\n" } : undefined
 * })
 *
 * await program.pipe(Effect.scoped, Effect.provide(memory), Effect.runPromise)
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layerMemory = (options?: MemoryBackend.Options): Layer.Layer<Backend> =>
  Layer.scoped(Backend, Effect.flatMap(MemoryBackend.make(options), make))

/**
 * A test double that can do what it is given: what is derived, such as `start`
 * or `run`, works on top of the primitives, or is given itself. Anything else
 * dies when it is used, and says what was missing.
 *
 * @example
 * ```ts
 * import { Backend, Image } from "@ociman/containers"
 * import { Reference } from "@ociman/oci"
 * import { Effect } from "effect"
 *
 * const removed: Array<string> = []
 * const backend = Backend.layerTest({
 *   removeImage: (image) => Effect.sync(() => removed.push(String(image)))
 * })
 *
 * Image.remove(Reference.make("alpine:3.20")).pipe(Effect.provide(backend), Effect.runSync)
 * assert.deepStrictEqual(removed, ["alpine:3.20"])
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layerTest = (partial: Partial<Service>): Layer.Layer<Backend> =>
  Layer.effect(
    Backend,
    Effect.map(make({ ...notGiven, ...partial }), (service) => Backend.of({ ...service, ...partial }))
  )
