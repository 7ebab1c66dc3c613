/**
 * The service that runs containers. A program requires it; the layer decides
 * whether Docker, Podman or memory answers.
 *
 * @since 0.1.0
 */
import type * as CommandExecutor from "@effect/platform/CommandExecutor"
import type * as FileSystem from "@effect/platform/FileSystem"
import type { Platform, Reference } from "@ociman/oci"
import * as Config from "effect/Config"
import type * as ConfigError from "effect/ConfigError"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import type * as Stream from "effect/Stream"
import type * as BackendError from "./BackendError.js"
import type * as CliBackend from "./CliBackend.js"
import type * as Container from "./Container.js"
import type * as ContainerId from "./ContainerId.js"
import type * as ContainerInfo from "./ContainerInfo.js"
import type * as ContainerName from "./ContainerName.js"
import type * as Definition from "./Definition.js"
import type * as Engine from "./Engine.js"
import type * as Exec from "./Exec.js"
import type * as ImageInfo from "./ImageInfo.js"
import * as lifecycle from "./internal/lifecycle.js"
import { noop } from "./internal/noop.js"
import * as selection from "./internal/selection.js"
import type * as Label from "./Label.js"
import * as MemoryBackend from "./MemoryBackend.js"
import type * as Output from "./Output.js"

/**
 * What an engine must be able to do; everything else is derived by {@link make}.
 * A container is addressed by its id or its name.
 *
 * @since 0.1.0
 * @category models
 */
export interface Primitives {
  readonly engine: Engine.Engine

  /** Creates a container under the given name without pulling its image or starting it. */
  readonly createContainer: (
    definition: Definition.Definition,
    name: ContainerName.ContainerName
  ) => Effect.Effect<ContainerId.ContainerId, BackendError.CreateError>
  readonly startContainer: (container: string) => Effect.Effect<void, BackendError.StartError>
  /** Starts a container and follows its process to the end, feeding its standard input. */
  readonly startAttached: (
    container: string,
    stdin: Option.Option<Exec.Stdin>
  ) => Stream.Stream<Output.ProcessEvent, BackendError.StartError>
  readonly stopContainer: (
    container: string,
    grace: Option.Option<Duration.Duration>
  ) => Effect.Effect<void, BackendError.ContainerError>
  readonly killContainer: (container: string, signal: string) => Effect.Effect<void, BackendError.ContainerError>
  readonly restartContainer: (
    container: string,
    grace: Option.Option<Duration.Duration>
  ) => Effect.Effect<void, BackendError.StartError>
  readonly pauseContainer: (container: string) => Effect.Effect<void, BackendError.ContainerError>
  readonly unpauseContainer: (container: string) => Effect.Effect<void, BackendError.ContainerError>
  readonly renameContainer: (
    container: string,
    name: ContainerName.ContainerName
  ) => Effect.Effect<void, BackendError.ContainerError | BackendError.NameInUse>
  readonly removeContainer: (
    container: string,
    options: RemoveOptions
  ) => Effect.Effect<void, BackendError.ContainerError>
  /** Waits until the container's process has ended, and gives its exit code. */
  readonly waitContainer: (container: string) => Effect.Effect<number, BackendError.ContainerError>
  readonly inspectContainer: (
    container: string
  ) => Effect.Effect<ContainerInfo.ContainerInfo, BackendError.ContainerError>
  /** Containers in any state that carry all the labels asked for. */
  readonly listContainers: (
    labels: ReadonlyArray<Label.Filter>
  ) => Effect.Effect<ReadonlyArray<ContainerInfo.ContainerInfo>, BackendError.EngineError>
  readonly containerLogs: (
    container: string,
    options: LogOptions
  ) => Stream.Stream<Output.Output, BackendError.ContainerError>
  /** Runs a command in a running container and follows it to its end, whatever its exit code. */
  readonly exec: (
    container: string,
    exec: Exec.Exec
  ) => Stream.Stream<Output.ProcessEvent, BackendError.ContainerError | BackendError.ExecFailed>
  /** Processes of the platform's `Command`, inside a container. */
  readonly executor: (container: string) => CommandExecutor.CommandExecutor
  readonly commitContainer: (
    container: string,
    image: Reference.Reference,
    options: CommitOptions
  ) => Effect.Effect<string, BackendError.ContainerError>

  readonly pullImage: (
    image: Reference.Reference,
    options: PullOptions
  ) => Effect.Effect<void, BackendError.ImageNotFound | BackendError.EngineError>
  readonly inspectImage: (
    image: Reference.Reference
  ) => Effect.Effect<ImageInfo.ImageInfo, BackendError.ImageNotFound | BackendError.EngineError>
  /** Images that carry all the labels asked for. */
  readonly listImages: (
    labels: ReadonlyArray<Label.Filter>
  ) => Effect.Effect<ReadonlyArray<ImageInfo.ImageInfo>, BackendError.EngineError>
  readonly removeImage: (
    image: Reference.Reference,
    options: { readonly force: boolean }
  ) => Effect.Effect<void, BackendError.ImageNotFound | BackendError.EngineError>
  /** Builds an image and stores it under a name. */
  readonly buildImage: (
    request: BuildRequest
  ) => Effect.Effect<void, BackendError.BuildFailed | BackendError.EngineError>
}

/**
 * @since 0.1.0
 * @category models
 */
export interface RemoveOptions {
  /** Remove a running container too: it is asked to stop, and killed when `grace` is over. */
  readonly force: boolean
  /** Remove its anonymous volumes. */
  readonly volumes: boolean
  /** How long a running container has to stop when it is removed by force. */
  readonly grace: Duration.Duration
}

/**
 * @since 0.1.0
 * @category models
 */
export interface LogOptions {
  /** Wait for more output until the container's process ends. Default: false. */
  readonly follow?: boolean | undefined
  /** Only what was written after this time, or within this duration before now. */
  readonly since?: Date | Duration.DurationInput | undefined
  /** Only this many lines from the end. Default: all. */
  readonly tail?: number | undefined
}

/**
 * @since 0.1.0
 * @category models
 */
export interface CommitOptions {
  /**
   * Pause the container meanwhile, so that its files do not change. Default: true, where the engine can: Podman
   * without root on the first version of control groups cannot.
   */
  readonly pause?: boolean | undefined
  readonly author?: string | undefined
  readonly message?: string | undefined
  /** Dockerfile instructions applied to the image's configuration, such as `ENV A=1`. */
  readonly changes?: ReadonlyArray<string> | undefined
}

/**
 * @since 0.1.0
 * @category models
 */
export interface PullOptions {
  /** Default: the engine's own platform. */
  readonly platform: Option.Option<Platform.Platform>
}

/**
 * What is to be built; made by the combinators of `Build`.
 *
 * @since 0.1.0
 * @category models
 */
export interface BuildRequest {
  readonly image: Reference.Reference
  /** A directory on this machine, or the text of a Dockerfile that needs no directory. */
  readonly source:
    | { readonly _tag: "Directory"; readonly path: string }
    | { readonly _tag: "Instructions"; readonly text: string }
  readonly arguments: Readonly<Record<string, string>>
  readonly labels: Label.Labels
}

/**
 * The service: an engine's primitives and what is derived from them.
 *
 * @since 0.1.0
 * @category models
 */
export interface Service extends Primitives {
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
  /** The handle of a container that exists, by its id or name. */
  readonly attach: (container: string) => Effect.Effect<Container.Container, BackendError.ContainerError>
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
export const make = (primitives: Primitives): Effect.Effect<Service> =>
  Effect.map(lifecycle.derive(primitives), (derived) => Backend.of({ ...primitives, ...derived }))

/**
 * The engine that the environment variable `OCIMAN_BACKEND` names (`docker` or
 * `podman`); else the `default_backend` of `$XDG_CONFIG_HOME/ociman.toml` with
 * the other one behind it; else Docker, else Podman.
 *
 * Fails with `BackendUnavailable`, which says of each engine why it does not
 * answer, or with `ConfigError` if a setting is not understood.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<
  Backend,
  BackendError.BackendUnavailable | ConfigError.ConfigError,
  CommandExecutor.CommandExecutor | FileSystem.FileSystem
> = Layer.effect(Backend, Effect.flatMap(selection.detected, make))

const layerOf = (options: CliBackend.Options) => Layer.effect(Backend, Effect.flatMap(selection.only(options), make))

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
 * A test double that can do what it is given; what is derived, such as
 * `start` or `run`, works on top of that. Anything else dies when it is used,
 * and says what was missing.
 *
 * @example
 * ```ts
 * import { Backend, Image } from "@ociman/containers"
 * import { Reference } from "@ociman/oci"
 * import { Effect } from "effect"
 *
 * const pulled: Array<string> = []
 * const backend = Backend.layerNoop({
 *   pullImage: (image) => Effect.sync(() => pulled.push(String(image)))
 * })
 *
 * Image.pull(Reference.make("alpine:3.20")).pipe(Effect.provide(backend), Effect.runSync)
 * assert.deepStrictEqual(pulled, ["alpine:3.20"])
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layerNoop = (partial: Partial<Primitives>): Layer.Layer<Backend> =>
  Layer.effect(Backend, make({ ...noop, ...partial }))
