/**
 * What happens on an engine: containers start and die, images are pulled,
 * networks and volumes come and go.
 *
 * @since 0.1.0
 */
import type * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as Backend from "./Backend.js"
import type * as BackendError from "./BackendError.js"
import type * as Label from "./Label.js"

/**
 * @since 0.1.0
 * @category models
 */
export type Type = "container" | "image" | "network" | "volume"

/**
 * Something that happened.
 *
 * @since 0.1.0
 * @category models
 */
export interface Event {
  readonly time: DateTime.Utc
  readonly type: Type
  /**
   * What was done, in Docker's words: `create`, `start`, `die`, `kill`, `stop`,
   * `pause`, `unpause`, `rename`, `destroy`, `commit`, `exec_create`,
   * `exec_start` and `exec_die` of containers; `pull`, `tag`, `untag` and
   * `delete` of images; `create` and `destroy` of networks and volumes. Podman's
   * `died` is `die` here, its `remove` is `destroy`, or `delete` of an image. Engines have
   * more, and not all of them each of these.
   */
  readonly action: string
  /** The id of what it was done to; of a volume its name. Podman does not tell it of images that it pulls. */
  readonly id: string
  /** Its name; empty where the engine does not tell it. */
  readonly name: string
  /** Labels and what else the engine says, such as `image` and, of `die`, `exitCode`. */
  readonly attributes: Readonly<Record<string, string>>
}

/**
 * What is asked for; all of it must hold. Default: everything from now on.
 *
 * @since 0.1.0
 * @category models
 */
export interface Filter {
  /** Only of this container, by id or name. */
  readonly container?: string | undefined
  /** Only of these types. */
  readonly types?: ReadonlyArray<Type> | undefined
  /** Only these actions, in the words of {@link Event.action}. */
  readonly actions?: ReadonlyArray<string> | undefined
  /** Only of what carries all these labels. */
  readonly labels?: ReadonlyArray<Label.Filter> | undefined
  /** Also what happened from this time of the engine's clock on, as far as the engine still knows it. */
  readonly since?: DateTime.Utc | undefined
  /** The events end at this time of the engine's clock. Default: they do not end. */
  readonly until?: DateTime.Utc | undefined
}

/**
 * Listens from the moment this succeeds until the scope closes: what happens
 * after that is in the stream, also if it happens before the stream is run. It
 * can be run once.
 *
 * @example
 * ```ts
 * import { Backend, Container, Definition, Event } from "@ociman/containers"
 * import { Effect, Stream } from "effect"
 *
 * const program = Effect.gen(function*() {
 *   const events = yield* Event.subscribe({ types: ["container"], actions: ["start", "die"] })
 *   yield* Container.run(Definition.make("true"))
 *   const actions = yield* events.pipe(Stream.take(2), Stream.map(({ action }) => action), Stream.runCollect)
 *   assert.deepStrictEqual(Array.from(actions), ["start", "die"])
 * })
 *
 * const memory = Backend.layerMemory({ process: () => ({ exitCode: 0 }) })
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
> => Effect.flatMap(Backend.Backend, (backend) => backend.events(filter))

/**
 * Events from when the stream is run, until its consumer has enough.
 *
 * @since 0.1.0
 * @category constructors
 */
export const stream = (filter: Filter = {}): Stream.Stream<Event, BackendError.EngineError, Backend.Backend> =>
  Stream.unwrapScoped(subscribe(filter))
