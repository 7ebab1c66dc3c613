/**
 * Containers: starts one in a scope, runs one to its end, or attaches to an existing one.
 *
 * @since 0.1.0
 */
import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import { dual } from "effect/Function"
import * as Predicate from "effect/Predicate"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as Backend from "./Backend.js"
import type * as BackendError from "./BackendError.js"
import type * as ContainerInfo from "./ContainerInfo.js"
import * as Definition from "./Definition.js"
import type * as Exec from "./Exec.js"
import * as HostFiles from "./HostFiles.js"
import * as hostCopying from "./internal/derived/hostCopying.js"
import { ContainerTypeId } from "./internal/model/container.js"
import type * as model from "./internal/model/container.js"
import type * as Label from "./Label.js"
import type * as Output from "./Output.js"

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
export type Container = model.Container

/**
 * @since 0.1.0
 * @category guards
 */
export const isContainer = (u: unknown): u is Container => Predicate.hasProperty(u, TypeId)

/**
 * Errors of running a command in a container.
 *
 * @since 0.1.0
 * @category errors
 */
export type ExecError = model.ExecError

/**
 * Host address and port at which a container port is reachable from this process. An IPv6 host has no brackets.
 *
 * @since 0.1.0
 * @category models
 */
export type Address = model.Address

/**
 * Options of `Container.stop` and `Container.restart`.
 *
 * @since 0.1.0
 * @category models
 */
export type StopOptions = model.StopOptions

/**
 * Options of `Container.remove`.
 *
 * @since 0.1.0
 * @category models
 */
export type RemoveOptions = model.RemoveOptions

/**
 * Options of {@link run} and {@link runStream}.
 *
 * @since 0.1.0
 * @category models
 */
export type RunOptions = model.RunOptions

/**
 * Creates a container without starting it, and removes it with its anonymous volumes when the scope closes. Files can
 * be copied into it before it starts.
 *
 * @since 0.1.0
 * @category constructors
 */
export const create = (
  definition: Definition.Definition
): Effect.Effect<Container, BackendError.StartError, Backend.Backend | Scope.Scope> =>
  Effect.flatMap(Backend.Backend, (backend) => backend.create(definition))

/**
 * Starts a container, then stops and removes it with its anonymous volumes when the scope closes. Interruption at any
 * point leaves nothing behind.
 *
 * @since 0.1.0
 * @category constructors
 */
export const start = (
  definition: Definition.Definition
): Effect.Effect<Container, BackendError.StartError, Backend.Backend | Scope.Scope> =>
  Effect.flatMap(Backend.Backend, (backend) => backend.start(definition))

/**
 * Starts a container that outlives the program; the caller stops and removes it. If the start fails or is interrupted,
 * nothing is left behind.
 *
 * @since 0.1.0
 * @category constructors
 */
export const launch = (
  definition: Definition.Definition
): Effect.Effect<Container, BackendError.StartError, Backend.Backend> =>
  Effect.flatMap(Backend.Backend, (backend) => backend.launch(definition))

/**
 * Returns the handle of an existing container, by its id or name. The container is neither stopped nor removed, unless
 * by an explicit call.
 *
 * @since 0.1.0
 * @category constructors
 */
export const attach = (
  container: string
): Effect.Effect<Container, BackendError.ContainerError, Backend.Backend> =>
  Effect.flatMap(Backend.Backend, (backend) => backend.attach(container))

/**
 * Runs a container in the foreground to its end, captures its output, and removes it.
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
 * Runs a container in the foreground to its end, streams its output, and removes it.
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
 * Starts a container, runs an effect with it, then stops and removes it.
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
 * Lists containers in any state that match all label filters.
 *
 * @since 0.1.0
 * @category lists
 */
export const list = (
  ...labels: ReadonlyArray<Label.Filter>
): Effect.Effect<ReadonlyArray<ContainerInfo.ContainerInfo>, BackendError.EngineError, Backend.Backend> =>
  Effect.flatMap(Backend.Backend, (backend) => backend.containers.list(labels))

/**
 * Copies a file or directory of this machine to a path in a container, which need not run. Copying into an existing
 * directory keeps its other entries.
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
      yield* hostCopying.copyIn(backend.files, self.id, files, path)
    }).pipe(Effect.withSpan("Container.copyIn", { captureStackTrace: false, attributes: { container: self.id, path } }))
)

/**
 * Copies a file or directory of a container to a path on this machine, where it appears complete or not at all. The
 * parent directory of the target must exist. An existing file is replaced; an existing directory must be empty.
 *
 * The container's archive is not trusted: a name or a link that leads out of the copy, or a device, fails with
 * `CopyFailed` and the reason `UnsafeEntry`. Owners, and the set-user-id, set-group-id and sticky bits, are not copied.
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
      yield* hostCopying.copyOut(host, (yield* Backend.Backend).files, self.id, path, target)
    }).pipe(
      Effect.withSpan("Container.copyOut", { captureStackTrace: false, attributes: { container: self.id, path } })
    )
)
