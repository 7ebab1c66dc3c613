/**
 * Service that runs containers. A program requires it; its layer decides between Docker, Podman and memory.
 *
 * @since 0.1.0
 */
import type * as CommandExecutor from "@effect/platform/CommandExecutor"
import type * as FileSystem from "@effect/platform/FileSystem"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as BackendDriver from "./BackendDriver.js"
import type * as BackendError from "./BackendError.js"
import * as hosts from "./internal/contract/host.js"
import type * as service from "./internal/contract/service.js"
import { completed, type PartialDriver } from "./internal/contract/unimplemented.js"
import * as building from "./internal/derived/buildOnce.js"
import * as capabilities from "./internal/derived/capabilities.js"
import * as lifecycle from "./internal/derived/lifecycle.js"
import * as sweeping from "./internal/derived/sweep.js"
import type * as Session from "./Session.js"

/**
 * Operations of a driver, and operations derived from them.
 *
 * @since 0.1.0
 * @category models
 */
export type Service = service.Service

/**
 * Network to create. Without a name it gets a unique one.
 *
 * @since 0.1.0
 * @category models
 */
export type NetworkRequest = service.NetworkRequest

/**
 * Volume to create. Without a name it gets a unique one.
 *
 * @since 0.1.0
 * @category models
 */
export type VolumeRequest = service.VolumeRequest

/**
 * Facts of the machine that a program runs on: the identity of its processes,
 * and locks between them.
 *
 * @since 0.1.0
 * @category models
 */
export type Host = hosts.Host

/**
 * Service that runs containers.
 *
 * @since 0.1.0
 * @category tags
 */
export class Backend extends Context.Tag("@ociman/containers/Backend")<Backend, Service>() {}

/**
 * Derives the whole service from a driver. Without a {@link Host}, as of
 * {@link host}, builds of several processes do not wait for each other, and
 * `sweep` never removes resources of this service.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (driver: BackendDriver.BackendDriver, host: Host = hosts.isolated): Effect.Effect<Service> => {
  const hosted = { ...capabilities.checked(driver), host }
  return Effect.map(
    Effect.all([lifecycle.derive(hosted), building.derive(hosted)]),
    ([containers, { builds, ensureImage }]) =>
      Backend.of({ ...hosted, ...containers, builds, ensureImage, sweep: sweeping.sweep(hosted) })
  )
}

/**
 * Facts of the machine that this program runs on: identifies processes by `/proc`, else by `ps`; keeps locks as files
 * in `$XDG_RUNTIME_DIR/ociman/locks`, else in `$TMPDIR/ociman-UID/locks`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const host: Effect.Effect<
  Host,
  never,
  CommandExecutor.CommandExecutor | FileSystem.FileSystem
> = Effect.flatMap(Effect.promise(() => import("./internal/host/thisHost.js")), ({ make }) => make)

/**
 * Removes the containers (with their anonymous volumes), then the networks and
 * the volumes of processes that have ended without removing them, such as
 * killed ones. Every resource that this library creates carries labels that
 * identify its process, see `Session.fromLabels`.
 *
 * Keeps resources of running processes; of processes whose state is unknown, since they ran on another machine or in
 * another process namespace; of `Container.launch`, unless `kept` is set; containers that only inherit such labels from
 * an image; and images. Images belong to no process: other programs run them and build on them. `Image.prune` finds
 * built ones by the label `Session.libraryKey`.
 *
 * The result lists resources that could not be removed. A resource that is
 * already gone is not an error, and several processes may sweep at once.
 *
 * @example
 * ```ts
 * import { Backend, MemoryBackend } from "@ociman/containers"
 * import { Effect } from "effect"
 *
 * const program = Effect.gen(function*() {
 *   const { removed } = yield* Backend.sweep({ dryRun: true })
 *   assert.deepStrictEqual(removed, [])
 * })
 *
 * await program.pipe(Effect.provide(MemoryBackend.layer()), Effect.runPromise)
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
 * Parts of a service for {@link layerTest}.
 *
 * @since 0.1.0
 * @category models
 */
export interface TestDouble extends PartialDriver, Partial<service.Derived> {
  readonly host?: Partial<Host> | undefined
}

/**
 * Provides a test double with the given operations. Derived operations, such as `start` or `run`, use the operations of
 * the given driver, unless they are given themselves. Any other operation dies with its own name when it is called.
 *
 * @example
 * ```ts
 * import { Backend, Image } from "@ociman/containers"
 * import { Reference } from "@ociman/oci"
 * import { Effect } from "effect"
 *
 * const removed: Array<string> = []
 * const backend = Backend.layerTest({
 *   images: { remove: (image) => Effect.sync(() => removed.push(String(image))) }
 * })
 *
 * Image.remove(Reference.make("alpine:3.20")).pipe(Effect.provide(backend), Effect.runSync)
 * assert.deepStrictEqual(removed, ["alpine:3.20"])
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layerTest = (
  { builds, containers, engine, events, exec, files, host, images, networks, volumes, ...derived }: TestDouble
): Layer.Layer<Backend> =>
  Layer.effect(
    Backend,
    Effect.map(
      make(
        completed({ builds, containers, engine, events, exec, files, images, networks, volumes }),
        { ...hosts.isolated, ...host }
      ),
      (service) => Backend.of({ ...service, ...derived })
    )
  )
