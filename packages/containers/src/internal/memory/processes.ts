import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { Containers, Execs } from "../../BackendDriver.js"
import { EngineFailed, ExecFailed } from "../../BackendError.js"
import * as Exec from "../../Exec.js"
import { messageOf } from "../values/text.js"
import * as Commands from "./commands.js"
import { type Context, getContainer } from "./context.js"
import * as History from "./history.js"
import * as Runs from "./runs.js"
import * as Scripts from "./scripts.js"

/**
 * Processes that are followed to their end: commands of `exec`, and the process of
 * a container in the foreground.
 *
 * @internal
 */
export const processes = (context: Context): {
  readonly run: Execs["run"]
  readonly startAttached: Containers["startAttached"]
} => ({
  startAttached: (key, stdin) =>
    Stream.unwrap(Effect.gen(function*() {
      const input = yield* Scripts.makeInput(Option.getOrUndefined(stdin))
      const { container, from } = yield* Runs.start(context, key, input)
      return untilInputFails(History.follow(container.history, from), input, "Container.run")
    })),

  run: (key, exec) =>
    Stream.unwrap(Effect.gen(function*() {
      const container = yield* getContainer(context, key)
      const input = yield* Scripts.makeInput(Option.getOrUndefined(exec.stdin))
      const events = Stream.mapError(
        Commands.run(context, container, exec, input.read),
        (refusal) =>
          new ExecFailed({ container: key, command: Exec.commandLine(exec), stdout: "", stderr: "", ...refusal })
      )
      return untilInputFails(events, input, "Container.exec")
    }))
})

const untilInputFails = <A, E, I>(
  events: Stream.Stream<A, E>,
  { failure }: Scripts.Input<I>,
  operation: string
): Stream.Stream<A, E | EngineFailed> =>
  Option.match(failure, {
    onNone: () => events,
    onSome: (failure) =>
      Stream.interruptWhen(
        events,
        Effect.mapError(
          failure,
          (cause) =>
            new EngineFailed({ engine: "memory", operation, reason: "InputFailed", detail: messageOf(cause), cause })
        )
      )
  })
