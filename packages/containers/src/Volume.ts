/**
 * Volumes: storage that outlives containers and is shared between them.
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
 * The handle of a volume. `Mount.volume` takes it as its source.
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
  /** Default: a new one that nobody else has. */
  readonly name?: string | undefined
  /** Default: the engine's, `local`. */
  readonly driver?: string | undefined
  /** What the driver understands; `local` takes `type`, `device` and `o` as `mount(8)` does. */
  readonly driverOptions?: Readonly<Record<string, string>> | undefined
  readonly labels?: Readonly<Record<string, string>> | undefined
}

/**
 * What an engine is asked for. Throws where an option breaks a rule.
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
 * A volume that is removed when the scope closes, unless containers still use
 * it, which is logged. Interruption at any moment leaves nothing behind.
 *
 * Throws where an option breaks a rule. Fails with `NameInUse` if there is a
 * volume of the name, which is then left alone.
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
 * The handle of a volume that exists, by its name. It is not removed unless it
 * is told to be.
 *
 * @since 0.1.0
 * @category constructors
 */
export const attach = (volume: string): Effect.Effect<Volume, BackendError.VolumeError, Backend.Backend> =>
  Effect.flatMap(Backend.Backend, (backend) => backend.attachVolume(volume))

/**
 * Volumes that carry all the labels asked for.
 *
 * @since 0.1.0
 * @category lists
 */
export const list = (
  ...labels: ReadonlyArray<Label.Filter>
): Effect.Effect<ReadonlyArray<VolumeInfo.VolumeInfo>, BackendError.EngineError, Backend.Backend> =>
  Effect.flatMap(Backend.Backend, (backend) => backend.volumes.list(labels))

/**
 * Removes the volumes that carry all the labels asked for and that no container
 * uses: those that are gone.
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
