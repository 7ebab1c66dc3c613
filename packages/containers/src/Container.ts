/**
 * Running containers: start one in a scope, run one to its end, or take hold
 * of one that exists.
 *
 * @since 0.1.0
 */
import type * as CommandExecutor from "@effect/platform/CommandExecutor"
import type { Reference } from "@ociman/oci"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { dual } from "effect/Function"
import type * as Inspectable from "effect/Inspectable"
import type * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as Backend from "./Backend.js"
import type * as BackendError from "./BackendError.js"
import type * as ContainerId from "./ContainerId.js"
import type * as ContainerInfo from "./ContainerInfo.js"
import type * as ContainerName from "./ContainerName.js"
import * as Definition from "./Definition.js"
import type * as Exec from "./Exec.js"
import { ContainerTypeId } from "./internal/containerTypeId.js"
import type * as Label from "./Label.js"
import type * as Output from "./Output.js"
import type * as Primitives from "./Primitives.js"

/**
 * @since 0.1.0
 * @category type ids
 */
export const TypeId: typeof ContainerTypeId = ContainerTypeId

/**
 * @since 0.1.0
 * @category type ids
 */
export type TypeId = typeof TypeId

/**
 * The handle of a container.
 *
 * @since 0.1.0
 * @category models
 */
export interface Container extends Inspectable.Inspectable {
  readonly [TypeId]: TypeId
  readonly id: ContainerId.ContainerId

  /** Runs a command inside and captures what it writes. An exit code other than zero is an `ExecFailed`. */
  readonly exec: (exec: Exec.Exec) => Effect.Effect<Exec.Result, ExecError>
  /** Runs a command inside and gives what it writes as it comes; fails at the end as {@link exec} does. */
  readonly execStream: (exec: Exec.Exec) => Stream.Stream<Output.Output, ExecError>
  /** Provides the platform's `Command` with processes inside this container. */
  readonly executor: Layer.Layer<CommandExecutor.CommandExecutor>

  /** Asks the process to stop, and kills it when the grace period is over. A stopped container is no error. */
  readonly stop: (options?: StopOptions) => Effect.Effect<void, BackendError.ContainerError>
  /** Sends a signal, `SIGKILL` by default. */
  readonly kill: (signal?: string) => Effect.Effect<void, BackendError.ContainerError>
  readonly restart: (options?: StopOptions) => Effect.Effect<void, BackendError.StartError>
  /** Freezes all processes. */
  readonly pause: Effect.Effect<void, BackendError.ContainerError>
  readonly unpause: Effect.Effect<void, BackendError.ContainerError>
  /** Removes the container with its anonymous volumes. */
  readonly remove: (options?: RemoveOptions) => Effect.Effect<void, BackendError.ContainerError>
  /** Waits until the process has ended, and gives its exit code. */
  readonly wait: Effect.Effect<number, BackendError.ContainerError>
  readonly rename: (
    name: ContainerName.ContainerName
  ) => Effect.Effect<void, BackendError.ContainerError | BackendError.NameInUse>

  readonly inspect: Effect.Effect<ContainerInfo.ContainerInfo, BackendError.ContainerError>
  readonly name: Effect.Effect<string, BackendError.ContainerError>
  /** The labels that the definition and the image gave it, without those this library adds. */
  readonly labels: Effect.Effect<Readonly<Record<string, string>>, BackendError.ContainerError>
  readonly state: Effect.Effect<ContainerInfo.ContainerState, BackendError.ContainerError>
  /** What the container's process has written. */
  readonly logs: (options?: Primitives.LogOptions) => Stream.Stream<Output.Output, BackendError.ContainerError>
  /** Where a port of the container is reached from here. */
  readonly address: (
    port: number,
    protocol?: "tcp" | "udp" | "sctp"
  ) => Effect.Effect<Address, BackendError.ContainerError | BackendError.PortNotPublished>
  /** Stores the container's file system as an image, and gives the image's id. */
  readonly commit: (
    image: Reference.Reference,
    options?: Primitives.CommitOptions
  ) => Effect.Effect<string, BackendError.ContainerError>
}

/**
 * What running a command inside a container may fail with.
 *
 * @since 0.1.0
 * @category errors
 */
export type ExecError = BackendError.ContainerError | BackendError.ExecFailed

/**
 * Where something is reached. An IPv6 host stands without brackets.
 *
 * @since 0.1.0
 * @category models
 */
export interface Address {
  readonly host: string
  readonly port: number
}

/**
 * @since 0.1.0
 * @category models
 */
export interface StopOptions {
  /** How long the process has to stop. Default: the definition's stop timeout, else 10 seconds. */
  readonly grace?: Duration.DurationInput | undefined
}

/**
 * @since 0.1.0
 * @category models
 */
export interface RemoveOptions {
  /** Stop it first if it runs. Default: false, which makes removing a running container an error. */
  readonly force?: boolean | undefined
  /** Remove its anonymous volumes too. Default: true. */
  readonly volumes?: boolean | undefined
  /** How long a running container has to stop. Default: none, it is killed at once. */
  readonly grace?: Duration.DurationInput | undefined
}

/**
 * @since 0.1.0
 * @category models
 */
export interface RunOptions {
  /** What the container's process reads. Default: nothing. */
  readonly stdin?: Exec.Stdin | undefined
  /** Take any exit code for a result. Default: an exit code other than zero is a `RunFailed`. */
  readonly anyExitCode?: boolean | undefined
  /** How many bytes of each of stdout and stderr are captured. Default: 16 MiB. */
  readonly outputLimit?: number | undefined
}

/**
 * Starts a container that is stopped and removed, with its anonymous volumes,
 * when the scope closes. Interruption at any moment leaves nothing behind.
 *
 * @since 0.1.0
 * @category constructors
 */
export const start = (
  definition: Definition.Definition
): Effect.Effect<Container, BackendError.StartError, Backend.Backend | Scope.Scope> =>
  Effect.flatMap(Backend.Backend, (backend) => backend.start(definition))

/**
 * Starts a container that outlives the program; the caller stops and removes
 * it. If it cannot be started, or the effect is interrupted, nothing is left.
 *
 * @since 0.1.0
 * @category constructors
 */
export const launch = (
  definition: Definition.Definition
): Effect.Effect<Container, BackendError.StartError, Backend.Backend> =>
  Effect.flatMap(Backend.Backend, (backend) => backend.launch(definition))

/**
 * The handle of a container that exists, by its id or name. It is neither
 * stopped nor removed by this program unless it is told to.
 *
 * @since 0.1.0
 * @category constructors
 */
export const attach = (
  container: string
): Effect.Effect<Container, BackendError.ContainerError, Backend.Backend> =>
  Effect.flatMap(Backend.Backend, (backend) => backend.attach(container))

/**
 * Runs a container in the foreground to its end, captures what it writes, and
 * removes it.
 *
 * @since 0.1.0
 * @category running
 */
export const run: {
  (options?: RunOptions): (
    definition: Definition.Definition
  ) => Effect.Effect<Exec.Result, BackendError.StartError | BackendError.RunFailed, Backend.Backend>
  (
    definition: Definition.Definition,
    options?: RunOptions
  ): Effect.Effect<Exec.Result, BackendError.StartError | BackendError.RunFailed, Backend.Backend>
} = dual(
  (args) => Definition.isDefinition(args[0]),
  (definition: Definition.Definition, options?: RunOptions) =>
    Effect.flatMap(Backend.Backend, (backend) => backend.run(definition, options))
)

/**
 * Runs a container in the foreground to its end, gives what it writes as it
 * comes, and removes it.
 *
 * @since 0.1.0
 * @category running
 */
export const runStream: {
  (options?: RunOptions): (
    definition: Definition.Definition
  ) => Stream.Stream<Output.Output, BackendError.StartError | BackendError.RunFailed, Backend.Backend>
  (
    definition: Definition.Definition,
    options?: RunOptions
  ): Stream.Stream<Output.Output, BackendError.StartError | BackendError.RunFailed, Backend.Backend>
} = dual(
  (args) => Definition.isDefinition(args[0]),
  (definition: Definition.Definition, options?: RunOptions) =>
    Stream.unwrap(Effect.map(Backend.Backend, (backend) => backend.runStream(definition, options)))
)

/**
 * Starts a container, uses it, then stops and removes it.
 *
 * @since 0.1.0
 * @category running
 */
export const withContainer: {
  <A, E, R>(use: (container: Container) => Effect.Effect<A, E, R>): (
    definition: Definition.Definition
  ) => Effect.Effect<A, E | BackendError.StartError, R | Backend.Backend>
  <A, E, R>(
    definition: Definition.Definition,
    use: (container: Container) => Effect.Effect<A, E, R>
  ): Effect.Effect<A, E | BackendError.StartError, R | Backend.Backend>
} = dual(
  2,
  <A, E, R>(definition: Definition.Definition, use: (container: Container) => Effect.Effect<A, E, R>) =>
    Effect.scopedWith((scope) => start(definition).pipe(Effect.provideService(Scope.Scope, scope), Effect.flatMap(use)))
)

/**
 * Containers in any state that carry all the labels asked for.
 *
 * @since 0.1.0
 * @category lists
 */
export const list = (
  ...labels: ReadonlyArray<Label.Filter>
): Effect.Effect<ReadonlyArray<ContainerInfo.ContainerInfo>, BackendError.EngineError, Backend.Backend> =>
  Effect.flatMap(Backend.Backend, (backend) => backend.listContainers(labels))
