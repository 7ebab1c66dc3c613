import * as Captured from "@ociman/process/Captured"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import * as Stream from "effect/Stream"
import type { Containers, Execs } from "../../BackendDriver.js"
import { EngineFailed, type StartError, StartFailed } from "../../BackendError.js"
import * as Exec from "../../Exec.js"
import * as Output from "../../Output.js"
import type { ProcessEvent } from "../../Output.js"
import { matches } from "../dialect/messages.js"
import { inspect } from "./containerCommands.js"
import type { Context } from "./context.js"
import * as environmentFile from "./environmentFile.js"
import * as execResult from "./execResult.js"
import * as execWatch from "./execWatch.js"
import * as failures from "./failures.js"
import { execArguments } from "./flags/exec.js"
import * as markedProcess from "./markedProcess.js"

/** Bytes of each output that are kept to find the engine's message about a process that did not run. */
const excerptLimit = 16 * 1024

/**
 * Processes inside containers: those of `exec`, and a container's own in the
 * foreground.
 *
 * @internal
 */
export const exec = (
  context: Context
): { readonly run: Execs["run"]; readonly startAttached: Containers["startAttached"] } => ({
  run: run(context),
  startAttached: startAttached(context)
})

// Docker's client rejects a terminal with a piped input, and Podman's never reaches the end of such an input.
const run = (context: Context): Execs["run"] => (container, command) =>
  command.tty && Option.isSome(command.stdin)
    ? Stream.fail(
      new EngineFailed({
        engine: context.engine.name,
        operation: "Container.exec",
        reason: "InvalidDefinition",
        detail: "A command with a terminal reads its input from a terminal only: set either `Exec.tty` or `Exec.stdin`."
      })
    )
    : execEvents(context, container, command).pipe(
      Stream.catchTag(
        "CommandFailed",
        (error) => Stream.fromEffect(context.explain("Container.exec")(failures.noSuchContainer(container))(error))
      )
    )

const execEvents = (context: Context, container: string, command: Exec.Exec) =>
  Stream.unwrapScoped(Effect.gen(function*() {
    const environment = yield* environmentFile.prepare(context, "Container.exec", command.environment)
    const mark = yield* markedProcess.make
    const hasEnded = yield* Ref.make(false)
    const watch = yield* execWatch.make(context, container, mark.value)
    // The engine's clock is compared with it, so the test clock does not apply.
    const startedAt = yield* Effect.sync(() => Date.now())
    // The command may outlive its client.
    yield* Effect.addFinalizer(() =>
      Effect.flatMap(
        Ref.get(hasEnded),
        (ended) => ended ? Effect.void : markedProcess.terminate(context, container, command.user, mark)
      )
    )
    const names = [...environment.arguments.names, mark.name]
    const { events } = yield* context.client.follow(
      execArguments(container, withoutIdleInput(command), { ...environment.arguments, names }, watch.arguments),
      {
        variables: { ...environment.variables, [mark.name]: mark.value },
        redact: environment.redact,
        stdin: Option.getOrUndefined(command.stdin)
      }
    )
    const setEnded = Ref.set(hasEnded, true)
    return withExitCode(
      events,
      (exit) =>
        execResult.exitCode(context, inspect(context), { container, command, watch, startedAt }, exit).pipe(
          Effect.tap(setEnded),
          Effect.tapErrorTag("ExecFailed", () => setEnded)
        )
    )
  }))

// Docker's client does not allocate a terminal if its standard input is closed, even for a command without input.
const withoutIdleInput = (command: Exec.Exec): Exec.Exec =>
  command.tty ? Exec.modify(command, { interactive: false }) : command

const startAttached = (context: Context): Containers["startAttached"] => (container, stdin) => {
  const { client, explain } = context
  return withExitCode(
    Stream.unwrapScoped(Effect.map(
      client.follow(
        ["container", "start", "--attach", ...(Option.isSome(stdin) ? ["--interactive"] : []), container],
        { stdin: Option.getOrUndefined(stdin) }
      ),
      ({ events }) => events
    )),
    (exit) => startExitCode(context, container, exit)
  ).pipe(
    Stream.catchTag(
      "CommandFailed",
      (error) => Stream.fromEffect(explain("Container.run")(failures.noSuchContainer(container))(error))
    )
  )
}

/**
 * Exit code of a container's process. A client exits with 0 only on the
 * engine's word, and with other codes also for reasons of its own. A process
 * that the engine could not start has no start time.
 */
const startExitCode = Effect.fnUntraced(function*(
  context: Context,
  container: string,
  exit: execResult.ClientExit
): Effect.fn.Return<number, StartError> {
  if (exit.exitCode === 0) return 0
  const { state } = yield* inspect(context)(container)
  if (Option.isNone(state.startedAt)) {
    const detail = execResult.clientMessage(exit)
    const known = failures.startKnown(container).find(({ condition }) => matches(detail, condition))
    return yield* known?.error(detail) ?? new StartFailed({ container, reason: "Refused", detail })
  }
  return state.running
    ? yield* execResult.connectionLost(context, "Container.run")(exit.stderr)
    : state.exitCode
})

/** Replaces the exit code of the client by that of the process. */
const withExitCode = <E, E2>(
  events: Stream.Stream<ProcessEvent, E>,
  exitCodeOf: (exit: execResult.ClientExit) => Effect.Effect<number, E2>
): Stream.Stream<ProcessEvent, E | E2> =>
  Stream.suspend(() => {
    const stdout = Captured.make(excerptLimit)
    const stderr = Captured.make(excerptLimit)
    return Stream.mapEffect(events, (event): Effect.Effect<ProcessEvent, E2> => {
      if (event.source !== "exit") {
        return Effect.sync(() => {
          ;(event.source === "stdout" ? stdout : stderr).write(event.bytes)
          return event
        })
      }
      const exit = { exitCode: event.exitCode, stdout: stdout.result().text, stderr: stderr.result().text }
      return Effect.map(exitCodeOf(exit), Output.exit)
    })
  })
