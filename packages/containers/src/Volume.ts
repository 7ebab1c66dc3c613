/**
 * Volumes: storage that outlives containers and can be shared by several.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Backend from "./Backend.js"
import type * as BackendError from "./BackendError.js"
import { VolumeTypeId } from "./internal/model/volume.js"
import type * as model from "./internal/model/volume.js"
import * as Label from "./Label.js"
import * as VolumeInfo from "./VolumeInfo.js"

/**
 * @since 0.1.0
 * @category type ids
 */
export const TypeId: typeof VolumeTypeId = VolumeTypeId

/**
 * @since 0.1.0
 * @category type ids
 */
export type TypeId = typeof TypeId

/**
 * Handle of a volume, for use as the source of `Mount.volume`.
 *
 * @since 0.1.0
 * @category models
 */
export type Volume = model.Volume

/**
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** Name of the volume. Default: a unique one. */
  readonly name?: string | undefined
  /** Volume driver. Default: the engine's, `local`. */
  readonly driver?: string | undefined
  /** Options of the driver; `local` has `type`, `device` and `o`, as `mount(8)`. */
  readonly driverOptions?: Readonly<Record<string, string>> | undefined
  readonly labels?: Readonly<Record<string, string>> | undefined
}

/**
 * Converts options to the request for a backend. Throws if an option is invalid.
 *
 * @since 0.1.0
 * @category constructors
 */
export const request = (options: Options = {}): Backend.VolumeRequest => ({
  name: Option.map(Option.fromNullable(options.name), Schema.decodeSync(VolumeInfo.Name)),
  driver: Option.fromNullable(options.driver),
  driverOptions: options.driverOptions ?? {},
  labels: Label.fromRecord(options.labels ?? {})
})

/**
 * Creates a volume that is removed when the scope closes. If containers still use it, it is kept, and a warning is
 * logged. Interruption at any point leaves nothing behind.
 *
 * Throws if an option is invalid. Fails with `NameInUse` if a volume of that name exists, which is left unchanged.
 *
 * @example
 * ```ts
 * import { Container, Definition, MemoryBackend, Mount, Volume } from "@ociman/containers"
 * import { Effect } from "effect"
 *
 * const program = Effect.gen(function*() {
 *   const data = yield* Volume.make()
 *   yield* Container.start(
 *     Definition.make("postgres:17").pipe(
 *       Definition.mount(Mount.volume({ source: data, target: "/var/lib/postgresql/data" }))
 *     )
 *   )
 * })
 *
 * await program.pipe(Effect.scoped, Effect.provide(MemoryBackend.layer()), Effect.runPromise)
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (
  options?: Options
): Effect.Effect<
  Volume,
  BackendError.NameInUse | BackendError.EngineError,
  Backend.Backend | Scope.Scope
> => {
  const checked = request(options)
  return Effect.flatMap(Backend.Backend, (backend) => backend.makeVolume(checked))
}

/**
 * Returns the handle of an existing volume, by its name. The volume is not removed, unless by an explicit call.
 *
 * @since 0.1.0
 * @category constructors
 */
export const attach = (volume: string): Effect.Effect<Volume, BackendError.VolumeError, Backend.Backend> =>
  Effect.flatMap(Backend.Backend, (backend) => backend.attachVolume(volume))

/**
 * Lists volumes that match all label filters.
 *
 * @since 0.1.0
 * @category lists
 */
export const list = (
  ...labels: ReadonlyArray<Label.Filter>
): Effect.Effect<ReadonlyArray<VolumeInfo.VolumeInfo>, BackendError.EngineError, Backend.Backend> =>
  Effect.flatMap(Backend.Backend, (backend) => backend.volumes.list(labels))

/**
 * Removes volumes that match all label filters and are not used by any container. Returns the removed volumes.
 *
 * @since 0.1.0
 * @category operations
 */
export const prune = (
  ...labels: readonly [Label.Filter, ...ReadonlyArray<Label.Filter>]
): Effect.Effect<ReadonlyArray<VolumeInfo.VolumeInfo>, BackendError.EngineError, Backend.Backend> =>
  Effect.flatMap(Backend.Backend, (backend) =>
    Effect.flatMap(
      backend.volumes.list(labels),
      Effect.filter(({ name }) =>
        backend.volumes.remove(name, { force: false }).pipe(
          Effect.as(true),
          Effect.catchTag("VolumeNotFound", "ResourceInUse", () => Effect.succeed(false))
        )
      )
    ))
