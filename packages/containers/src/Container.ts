/**
 * Running containers: start one in a scope, run one to its end, or take hold
 * of one that exists.
 *
 * @since 0.1.0
 */
import type * as CommandExecutor from "@effect/platform/CommandExecutor"
import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import type { Reference, Tar } from "@ociman/oci"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { dual } from "effect/Function"
import type * as Inspectable from "effect/Inspectable"
import type * as Layer from "effect/Layer"
import type { Pipeable } from "effect/Pipeable"
import * as Predicate from "effect/Predicate"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as Backend from "./Backend.js"
import type * as BackendError from "./BackendError.js"
import type * as ContainerId from "./ContainerId.js"
import type * as ContainerInfo from "./ContainerInfo.js"
import type * as ContainerName from "./ContainerName.js"
import * as Definition from "./Definition.js"
import type * as Exec from "./Exec.js"
import * as HostFiles from "./HostFiles.js"
import type * as ImageId from "./ImageId.js"
import { ContainerTypeId } from "./internal/containerTypeId.js"
import * as hostCopying from "./internal/hostCopying.js"
import type * as Label from "./Label.js"
import type * as Output from "./Output.js"
import type * as Primitives from "./Primitives.js"
import type * as ProcessInfo from "./ProcessInfo.js"
import type * as Stats from "./Stats.js"

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
export interface Container extends Pipeable, Inspectable.Inspectable {
  readonly [TypeId]: TypeId
  readonly id: ContainerId.ContainerId

  /** Runs a command inside and captures what it writes. An exit code other than zero is an `ExecFailed`. */
  readonly exec: (exec: Exec.Exec) => Effect.Effect<Exec.Result, ExecError>
  /** Runs a command inside and gives what it writes as it comes; fails at the end as {@link exec} does. */
  readonly execStream: (exec: Exec.Exec) => Stream.Stream<Output.Output, ExecError>
  /** Provides the platform's `Command` with processes inside this container. */
  readonly executor: Layer.Layer<CommandExecutor.CommandExecutor>

  /** Starts the process, if it is not running. */
  readonly start: Effect.Effect<void, BackendError.StartError>
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

  /**
   * Writes a file, whether the container runs or not; text as UTF-8. Owned by root and readable by all, if not said
   * otherwise. Directories that are not there are made.
   */
  readonly writeFile: (
    path: string,
    content: string | Uint8Array,
    attributes?: Tar.Attributes
  ) => Effect.Effect<void, BackendError.CopyError>
  /** The content of a file, whether the container runs or not. */
  readonly readFile: (path: string) => Effect.Effect<Uint8Array, BackendError.CopyError>
  /** The content of a file, as it comes. */
  readonly readFileStream: (path: string) => Stream.Stream<Uint8Array, BackendError.CopyError>
  /** The content of a file as UTF-8. */
  readonly readFileString: (path: string) => Effect.Effect<string, BackendError.CopyError>
  /** Unpacks an archive in the format of tar, such as one of `Tar.write`, into a directory that is there. */
  readonly copyInTar: <E>(
    directory: string,
    archive: Stream.Stream<Uint8Array, E>
  ) => Effect.Effect<void, BackendError.CopyError | E>
  /**
   * The archive of a file or directory, for `Tar.read`. Podman gives all in it to the user of the container's process;
   * what it holds is the container's word and may be hostile.
   */
  readonly copyOutTar: (path: string) => Stream.Stream<Uint8Array, BackendError.CopyError>

  /** What the running container uses now. */
  readonly stats: Effect.Effect<Stats.Stats, BackendError.ContainerError>
  /** What the container uses, about once a second until it stops. */
  readonly statsStream: Stream.Stream<Stats.Stats, BackendError.ContainerError>
  /** The processes of the running container. */
  readonly processes: Effect.Effect<ReadonlyArray<ProcessInfo.ProcessInfo>, BackendError.ContainerError>

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
  /**
   * Stores the container's file system as an image, and gives the image's id. Volumes and other mounts are not part of
   * it: what was written there is not in the image.
   */
  readonly commit: (
    image: Reference.Reference,
    options?: Primitives.CommitOptions
  ) => Effect.Effect<ImageId.ImageId, BackendError.ContainerError>
}

/**
 * @since 0.1.0
 * @category guards
 */
export const isContainer = (u: unknown): u is Container => Predicate.hasProperty(u, TypeId)

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
 * Creates a container without starting it; it is removed, with its anonymous
 * volumes, when the scope closes. Files can be copied into it already.
 *
 * @since 0.1.0
 * @category constructors
 */
export const create = (
  definition: Definition.Definition
): Effect.Effect<Container, BackendError.StartError, Backend.Backend | Scope.Scope> =>
  Effect.flatMap(Backend.Backend, (backend) => backend.create(definition))

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

/**
 * Copies a file or directory of this machine to a path in a container, whether
 * it runs or not. A directory that is there already keeps what else is in it.
 *
 * @since 0.1.0
 * @category files
 */
export const copyIn: {
  (source: string, path: string, options?: HostFiles.Options): (
    self: Container
  ) => Effect.Effect<
    void,
    BackendError.CopyError | PlatformError,
    Backend.Backend | FileSystem.FileSystem
  >
  (self: Container, source: string, path: string, options?: HostFiles.Options): Effect.Effect<
    void,
    BackendError.CopyError | PlatformError,
    Backend.Backend | FileSystem.FileSystem
  >
} = dual(
  (args) => isContainer(args[0]),
  (self: Container, source: string, path: string, options?: HostFiles.Options) =>
    Effect.gen(function*() {
      const backend = yield* Backend.Backend
      const files = yield* HostFiles.make(source, options)
      yield* hostCopying.copyIn(backend, self.id, files, path)
    }).pipe(Effect.withSpan("Container.copyIn", { captureStackTrace: false, attributes: { container: self.id, path } }))
)

/**
 * Copies a file or directory of a container to a path on this machine, where it
 * appears complete or not at all. The directory that it is put into must be
 * there. A file at the path is replaced, a directory there must be empty.
 *
 * What a container gives is not trusted: a name or a link that leads out of
 * the copy, or a device, is a `CopyFailed` with the reason `UnsafeEntry`; owners
 * and the bits for set-user-id and the like are left behind.
 *
 * @since 0.1.0
 * @category files
 */
export const copyOut: {
  (path: string, target: string): (
    self: Container
  ) => Effect.Effect<
    void,
    BackendError.CopyError | PlatformError,
    Backend.Backend | FileSystem.FileSystem | Path.Path
  >
  (self: Container, path: string, target: string): Effect.Effect<
    void,
    BackendError.CopyError | PlatformError,
    Backend.Backend | FileSystem.FileSystem | Path.Path
  >
} = dual(
  3,
  (self: Container, path: string, target: string) =>
    Effect.gen(function*() {
      const host = { fs: yield* FileSystem.FileSystem, path: yield* Path.Path }
      yield* hostCopying.copyOut(host, yield* Backend.Backend, self.id, path, target)
    }).pipe(
      Effect.withSpan("Container.copyOut", { captureStackTrace: false, attributes: { container: self.id, path } })
    )
)
