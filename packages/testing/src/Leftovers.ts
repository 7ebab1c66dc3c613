/**
 * What a test left behind: containers, images, volumes and networks on the
 * engine, and child processes, temporary files and open files of this process.
 *
 * @since 0.1.0
 */
import type * as CommandExecutor from "@effect/platform/CommandExecutor"
import type * as PlatformError from "@effect/platform/Error"
import type * as FileSystem from "@effect/platform/FileSystem"
import type * as Path from "@effect/platform/Path"
import type * as Backend from "@ociman/containers/Backend"
import type * as BackendError from "@ociman/containers/BackendError"
import type * as Label from "@ociman/containers/Label"
import type * as CommandFailed from "@ociman/process/CommandFailed"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as onEngine from "./internal/leftovers/onEngine.js"
import * as onMachine from "./internal/leftovers/onMachine.js"

/**
 * By what a test's own things are told from everybody else's.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** What its containers, images, volumes and networks carry, all of them. A container has its image's labels too. */
  readonly labels: ReadonlyArray<Label.Filter>
  /** With what the names of those volumes and networks begin that carry no labels. */
  readonly namePrefix: string
}

/**
 * Something is left.
 *
 * @since 0.1.0
 * @category errors
 */
export class LeftoversFound extends Schema.TaggedError<LeftoversFound>("@ociman/testing/Leftovers/LeftoversFound")(
  "LeftoversFound",
  {
    /** Each thing with its kind, such as `container web` or `process 4711 docker container logs`. */
    things: Schema.Array(Schema.String)
  }
) {
  /**
   * @since 0.1.0
   */
  override get message() {
    return `Left behind:\n${this.things.map((thing) => `- ${thing}`).join("\n")}`
  }
}

/**
 * What looking may fail with.
 *
 * @since 0.1.0
 * @category errors
 */
export type LookError = BackendError.EngineError | CommandFailed.CommandFailed | PlatformError.PlatformError

/**
 * @since 0.1.0
 * @category models
 */
export interface Service {
  /** What is there now. */
  readonly find: Effect.Effect<ReadonlyArray<string>, LookError>
  /** Fails if something is left, and still is after some seconds, since engines tidy up in their own time. */
  readonly assertNone: Effect.Effect<void, LeftoversFound | LookError>
}

/**
 * Compares with the moment at which it was made.
 *
 * @since 0.1.0
 * @category tags
 */
export class Leftovers extends Context.Tag("@ociman/testing/Leftovers")<Leftovers, Service>() {}

type Requirements = Backend.Backend | CommandExecutor.CommandExecutor | FileSystem.FileSystem | Path.Path

/**
 * Remembers what is there now; only what comes later is left over. Processes
 * and open files are found on Linux only.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options): Effect.Effect<Service, LookError, Requirements> =>
  Effect.gen(function*() {
    const engine = yield* onEngine.make(options)
    const machine = yield* onMachine.make
    // One after the other, since the first has processes of its own.
    const find = Effect.zipWith(engine, machine, (onEngine, onMachine) => [...onEngine, ...onMachine])
    return {
      find,
      assertNone: find.pipe(
        Effect.filterOrFail((things) => things.length === 0, (things) => new LeftoversFound({ things })),
        Effect.retry({
          while: (error) => error._tag === "LeftoversFound",
          schedule: Schedule.spaced("200 millis").pipe(Schedule.upTo("5 seconds"))
        }),
        Effect.asVoid
      )
    }
  })

/**
 * Compares with the moment at which the layer was built.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: Options): Layer.Layer<Leftovers, LookError, Requirements> =>
  Layer.effect(Leftovers, make(options))

/**
 * Fails with {@link LeftoversFound} if something is left.
 *
 * @since 0.1.0
 * @category assertions
 */
export const assertNone: Effect.Effect<void, LeftoversFound | LookError, Leftovers> = Effect.flatMap(
  Leftovers,
  (leftovers) => leftovers.assertNone
)
