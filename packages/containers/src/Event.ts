/**
 * Engine events: changes of containers, images, networks and volumes.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as Backend from "./Backend.js"
import type * as BackendError from "./BackendError.js"
import type * as model from "./internal/model/events.js"

/**
 * @since 0.1.0
 * @category models
 */
export type Type = model.Type

/**
 * Event of an engine.
 *
 * @since 0.1.0
 * @category models
 */
export type Event = model.Event

/**
 * Filter of events; an event must match all its fields. Default: all events from now on.
 *
 * @since 0.1.0
 * @category models
 */
export type Filter = model.Filter

/**
 * Subscribes to events from the moment this succeeds until the scope closes. Events before the first run of the stream
 * are buffered. The stream can be run once.
 *
 * @example
 * ```ts
 * import { Container, Definition, Event, MemoryBackend } from "@ociman/containers"
 * import { Effect, Stream } from "effect"
 *
 * const program = Effect.gen(function*() {
 *   const events = yield* Event.subscribe({ types: ["container"], actions: ["start", "die"] })
 *   yield* Container.run(Definition.make("true"))
 *   const actions = yield* events.pipe(Stream.take(2), Stream.map(({ action }) => action), Stream.runCollect)
 *   assert.deepStrictEqual(Array.from(actions), ["start", "die"])
 * })
 *
 * const memory = MemoryBackend.layer({ process: () => ({ exitCode: 0 }) })
 *
 * await program.pipe(Effect.scoped, Effect.provide(memory), Effect.runPromise)
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const subscribe = (
  filter: Filter = {}
): Effect.Effect<
  Stream.Stream<Event, BackendError.EngineError>,
  BackendError.EngineError,
  Backend.Backend | Scope.Scope
> => Effect.flatMap(Backend.Backend, (backend) => backend.events.subscribe(filter))

/**
 * Streams events from the moment the stream is run, until its consumer stops.
 *
 * @since 0.1.0
 * @category constructors
 */
export const stream = (filter: Filter = {}): Stream.Stream<Event, BackendError.EngineError, Backend.Backend> =>
  Stream.unwrapScoped(subscribe(filter))
