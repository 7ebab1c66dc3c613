/**
 * Records the calls of a backend, memory or real, for assertions in tests. The behaviour of the backend is unchanged.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Backend from "./Backend.js"
import { recorded } from "./internal/contract/recorded.js"

/**
 * Call of an operation of the driver. A derived operation, such as `Container.start`, is recorded as the operations
 * that it consists of.
 *
 * @since 0.1.0
 * @category models
 */
export interface Call {
  /** Theme and name of the operation, such as `containers.create`. */
  readonly operation: string
  /** Arguments; secrets in them are `Redacted`. */
  readonly arguments: ReadonlyArray<unknown>
}

/**
 * @since 0.1.0
 * @category models
 */
export interface Service {
  /** Calls so far, in the order of their start; a stream starts when it is run. */
  readonly calls: Effect.Effect<ReadonlyArray<Call>>
}

/**
 * Recorded calls of one backend.
 *
 * @since 0.1.0
 * @category tags
 */
export class Recorder extends Context.Tag("@ociman/containers/Recorder")<Recorder, Service>() {}

/**
 * Provides a backend that records its calls, see {@link calls}.
 *
 * @example
 * ```ts
 * import { Container, Definition, MemoryBackend, Recorder } from "@ociman/containers"
 * import { Effect } from "effect"
 *
 * const program = Effect.scoped(Container.start(Definition.make("redis:7")))
 *
 * const test = Effect.gen(function*() {
 *   yield* program
 *   const calls = yield* Recorder.calls
 *   assert.deepStrictEqual(
 *     calls.map(({ operation }) => operation),
 *     ["containers.create", "images.pull", "containers.create", "containers.start", "containers.remove"]
 *   )
 * })
 *
 * test.pipe(Effect.provide(Recorder.layer(MemoryBackend.layer())), Effect.runSync)
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = <E, R>(
  backend: Layer.Layer<Backend.Backend, E, R>
): Layer.Layer<Backend.Backend | Recorder, E, R> =>
  Layer.effectContext(Effect.gen(function*() {
    const log: Array<Call> = []
    const backend = yield* Backend.Backend
    const driver = recorded(backend, (call) => Effect.sync(() => log.push(call)))
    return Context.make(Recorder, { calls: Effect.sync(() => log.slice()) }).pipe(
      Context.add(Backend.Backend, yield* Backend.make(driver, backend.host))
    )
  })).pipe(Layer.provide(backend))

/**
 * Returns the calls so far, in the order of their start.
 *
 * @since 0.1.0
 * @category accessors
 */
export const calls: Effect.Effect<ReadonlyArray<Call>, never, Recorder> = Effect.flatMap(
  Recorder,
  (recorder) => recorder.calls
)
