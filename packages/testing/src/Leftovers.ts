/**
 * Detection of resources that a test did not clean up: containers, images,
 * volumes and networks on the engine, and child processes, temporary files and
 * open files of this process.
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
 * Identification of the resources that belong to a test.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** Labels that all containers, images, volumes and networks of the test have. Containers inherit those of their image. */
  readonly labels: ReadonlyArray<Label.Filter>
  /** Name prefix of volumes and networks of the test that have no labels. */
  readonly namePrefix: string
}

/**
 * Some resources are left.
 *
 * @since 0.1.0
 * @category errors
 */
export class LeftoversFound extends Schema.TaggedError<LeftoversFound>("@ociman/testing/Leftovers/LeftoversFound")(
  "LeftoversFound",
  {
    /** The resources with their kind, such as `container web` or `process 4711 docker container logs`. */
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
 * Errors of looking for leftovers.
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
  /** The resources that are left now. */
  readonly find: Effect.Effect<ReadonlyArray<string>, LookError>
  /** Fails if resources are left for more than 5 seconds; engines clean up asynchronously. */
  readonly assertNone: Effect.Effect<void, LeftoversFound | LookError>
}

/**
 * Finds resources that were created after the service was made.
 *
 * @since 0.1.0
 * @category tags
 */
export class Leftovers extends Context.Tag("@ociman/testing/Leftovers")<Leftovers, Service>() {}

type Requirements = Backend.Backend | CommandExecutor.CommandExecutor | FileSystem.FileSystem | Path.Path

/**
 * Records the existing processes and files; only later ones count as left.
 * Finds processes and open files on Linux only.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options): Effect.Effect<Service, LookError, Requirements> =>
  Effect.gen(function*() {
    const engine = yield* onEngine.make(options)
    const machine = yield* onMachine.make
    // In sequence, since looking at the engine runs child processes.
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
 * Finds resources that are created after the layer is built.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: Options): Layer.Layer<Leftovers, LookError, Requirements> =>
  Layer.effect(Leftovers, make(options))

/**
 * Fails with {@link LeftoversFound} if resources are left for more than 5 seconds.
 *
 * @since 0.1.0
 * @category assertions
 */
export const assertNone: Effect.Effect<void, LeftoversFound | LookError, Leftovers> = Effect.flatMap(
  Leftovers,
  (leftovers) => leftovers.assertNone
)
