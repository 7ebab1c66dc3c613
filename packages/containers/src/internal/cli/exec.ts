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
import { says } from "../dialect/messages.js"
import { containers } from "./containers.js"
import type { Context } from "./context.js"
import * as environmentFile from "./environmentFile.js"
import * as execVerdict from "./execVerdict.js"
import * as execWatch from "./execWatch.js"
import * as failures from "./failures.js"
import { execArguments } from "./flags/exec.js"
import * as markedProcess from "./markedProcess.js"

// Enough to find what the engine has to say about a process that did not run.
const excerptLimit = 16 * 1024

/**
 * Processes inside containers: those of `exec`, and a container's own in the
 * foreground.
 *
 * @internal
 */
export const exec = (
  context: Context
): { readonly run: Execs["run"]; readonly startAttached: Containers["startAttached"] } => {
  const { client, explain } = context
  const { inspect: inspectContainer } = containers(context)

  // The caller may be gone while the command in the container goes on.
  const terminateUnless = (ended: Ref.Ref<boolean>, container: string, command: Exec.Exec, mark: markedProcess.Mark) =>
    Effect.flatMap(
      Ref.get(ended),
      (ended) => ended ? Effect.void : markedProcess.terminate(context, container, command.user, mark)
    )

  const execEvents = (container: string, command: Exec.Exec) =>
    Stream.unwrapScoped(Effect.gen(function*() {
      const environment = yield* environmentFile.prepare(context, "Container.exec", command.environment)
      const mark = yield* markedProcess.make
      const ended = yield* Ref.make(false)
      const watch = yield* execWatch.make(context, container, mark.value)
      // By the clock of this machine, not by one of tests.
      const startedAt = yield* Effect.sync(() => Date.now())
      yield* Effect.addFinalizer(() => terminateUnless(ended, container, command, mark))
      const names = [...environment.arguments.names, mark.name]
      const { events } = yield* client.follow(
        execArguments(container, withoutIdleInput(command), { ...environment.arguments, names }, watch.arguments),
        {
          variables: { ...environment.variables, [mark.name]: mark.value },
          redact: environment.redact,
          stdin: Option.getOrUndefined(command.stdin)
        }
      )
      const hasEnded = Ref.set(ended, true)
      return judged(events, (end) =>
        judge({ container, command, watch, startedAt }, end).pipe(
          Effect.zipLeft(hasEnded),
          Effect.tapErrorTag("ExecFailed", () => hasEnded)
        ))
    }))

  const run = (container: string, command: Exec.Exec) =>
    execEvents(container, command).pipe(
      Stream.catchTag(
        "CommandFailed",
        (error) => Stream.fromEffect(explain("Container.exec")(failures.noSuchContainer(container))(error))
      )
    )

  // Docker's client refuses, and Podman's never comes to the end of the input.
  const execInContainer: Execs["run"] = (container, command) =>
    command.tty && Option.isSome(command.stdin)
      ? Stream.fail(
        new EngineFailed({
          engine: context.engine.name,
          operation: "Container.exec",
          reason: "InvalidDefinition",
          detail: "A command with a terminal is fed from a terminal only: it has either `Exec.tty` or `Exec.stdin`."
        })
      )
      : run(container, command)

  const judge = execVerdict.make(context, inspectContainer)

  const startAttached: Containers["startAttached"] = (container, stdin) =>
    judged(
      Stream.unwrapScoped(Effect.map(
        client.follow(
          ["container", "start", "--attach", ...(Option.isSome(stdin) ? ["--interactive"] : []), container],
          { stdin: Option.getOrUndefined(stdin) }
        ),
        ({ events }) => events
      )),
      (end) => judgeStart(container, end)
    ).pipe(
      Stream.catchTag("CommandFailed", (error) =>
        Stream.fromEffect(explain("Container.run")(failures.noSuchContainer(container))(error)))
    )

  const lost = execVerdict.connectionLost(context, "Container.run")

  // A client ends with 0 when the engine has told it so, and with codes of its own when the engine has told it nothing.
  // A process that the engine could not start has no start time.
  const judgeStart = Effect.fnUntraced(function*(
    container: string,
    end: execVerdict.Ended
  ): Effect.fn.Return<number, StartError> {
    if (end.exitCode === 0) return 0
    const { state } = yield* inspectContainer(container)
    if (Option.isNone(state.startedAt)) {
      const detail = execVerdict.said(end)
      const known = failures.startKnown(container).find(({ condition }) => says(detail, condition))
      return yield* known?.error(detail) ?? new StartFailed({ container, reason: "Refused", detail })
    }
    return state.running ? yield* lost(end.stderr) : state.exitCode
  })

  return { run: execInContainer, startAttached }
}

// Docker's client does not give a terminal to a command whose input is none, even where there is no input.
const withoutIdleInput = (command: Exec.Exec): Exec.Exec =>
  command.tty ? Exec.modify(command, { interactive: false }) : command

/** Replaces the exit code of the client by that of the process, which the engine knows. */
const judged = <E, E2>(
  events: Stream.Stream<ProcessEvent, E>,
  judge: (end: execVerdict.Ended) => Effect.Effect<number, E2>
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
      const end = { exitCode: event.exitCode, stdout: stdout.result().text, stderr: stderr.result().text }
      return Effect.map(judge(end), Output.exit)
    })
  })
