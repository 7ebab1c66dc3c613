import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import * as Stream from "effect/Stream"
import { EngineFailed, RunFailed } from "../../BackendError.js"
import type { ContainerId } from "../../ContainerId.js"
import * as Definition from "../../Definition.js"
import type * as Exec from "../../Exec.js"
import type { Service } from "../contract/service.js"
import type { RunOptions } from "../model/container.js"
import { modify } from "../model/definition.js"
import { capture, defaultOutputLimit, untilExit } from "../model/processEvents.js"
import * as redactedErrors from "../model/redactedErrors.js"
import { createScoped, spanOptions } from "./containers.js"
import type { Context } from "./creation.js"

/**
 * Operations that run a container in the foreground.
 *
 * @internal
 */
export const foreground = (context: Context): Pick<Service, "run" | "runStream"> => ({
  run: (definition, options = {}) =>
    checked(context, definition, options).pipe(
      Effect.flatMap(({ check, events }) =>
        Effect.tap(capture(events, options.outputLimit ?? defaultOutputLimit), check)
      ),
      Effect.mapError(redactedErrors.make(definition.environment).ofRun),
      Effect.withSpan("Backend.run", spanOptions(context, definition))
    ),

  runStream: (definition, options = {}) =>
    Stream.unwrap(
      Effect.map(checked(context, definition, options), ({ check, events }) => untilExit(events, check))
    ).pipe(
      Stream.mapError(redactedErrors.make(definition.environment).ofRun)
    )
})

/** Events of a run, and the check of its exit code. The memory state is read before the container is removed. */
const checked = ({ driver, session }: Context, definition: Definition.Definition, options: RunOptions) =>
  Effect.map(Ref.make(false), (outOfMemory) => {
    const isAccepted = (exitCode: number) => exitCode === 0 || options.allowNonZeroExit === true
    const onExit = (id: ContainerId, exitCode: number) =>
      isAccepted(exitCode) ? Effect.void : driver.containers.inspect(id).pipe(
        Effect.flatMap(({ state }) => Ref.set(outOfMemory, state.outOfMemory)),
        Effect.ignore
      )
    const check = ({ exitCode, stderr, stdout }: Exec.Result) =>
      isAccepted(exitCode) ? Effect.void : Effect.flatMap(
        Ref.get(outOfMemory),
        (outOfMemory) => new RunFailed({ image: definition.image.toString(), exitCode, outOfMemory, stderr, stdout })
      )
    return { check, events: eventsOf({ driver, session }, definition, options, onExit) }
  })

const eventsOf = (
  context: Context,
  definition: Definition.Definition,
  options: RunOptions,
  onExit: (id: ContainerId, exitCode: number) => Effect.Effect<void>
) =>
  Stream.unwrapScoped(Effect.gen(function*() {
    const { driver } = context
    const stdin = Option.fromNullable(options.stdin)
    if (definition.tty && Option.isSome(stdin)) {
      return yield* new EngineFailed({
        engine: driver.engine.name,
        operation: "Container.run",
        reason: "InvalidDefinition",
        detail: "The input of a container with a terminal comes from a terminal; use either `Definition.tty` or the " +
          "option `stdin`."
      })
    }
    const interactive = Option.isSome(stdin) ? Definition.interactive(definition) : definition
    const { describing, id, setEnded } = yield* createScoped(
      context,
      // The container ends with its first run.
      modify(interactive, { autoRemove: false, restartPolicy: Option.none() }),
      "scope"
    )
    return driver.containers.startAttached(id, stdin).pipe(
      Stream.tap((event) =>
        event.source === "exit" ? Effect.zipRight(setEnded, onExit(id, event.exitCode)) : Effect.void
      ),
      Stream.catchTags({
        PortTaken: (error) => Stream.fromEffect(describing.PortTaken(error)),
        StartFailed: (error) => Stream.fromEffect(describing.StartFailed(error))
      })
    )
  }))
