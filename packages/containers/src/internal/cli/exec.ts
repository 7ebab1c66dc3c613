import { Captured } from "@ociman/process"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import * as Stream from "effect/Stream"
import { type ContainerError, EngineFailed, ExecFailed, type StartError, StartFailed } from "../../BackendError.js"
import * as Exec from "../../Exec.js"
import type { ProcessEvent } from "../../Output.js"
import type { Primitives } from "../../Primitives.js"
import { containers } from "./containers.js"
import type { Context } from "./context.js"
import * as environmentFile from "./environmentFile.js"
import { execArguments } from "./execArguments.js"
import * as failures from "./failures.js"
import * as markedProcess from "./markedProcess.js"
import { says } from "./messages.js"

// Enough to find what the engine has to say about a process that did not run.
const excerptLimit = 16 * 1024

// With which a client ends when the engine, not the command, failed: 255 without a
// word when Docker's daemon dies, 137 when a container is stopped around the command.
const suspectCodes: ReadonlySet<number> = new Set([125, 126, 127, 137, 255])

const suspectWords = ["noSuchContainer", "notRunning", "permissionDenied", "unavailable"] as const

/**
 * Processes inside containers: those of `exec`, and a container's own in the
 * foreground.
 *
 * @internal
 */
export const exec = (context: Context): Pick<Primitives, "exec" | "startAttached"> => {
  const { client, explain } = context
  const { inspectContainer } = containers(context)

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
      yield* Effect.addFinalizer(() => terminateUnless(ended, container, command, mark))
      const names = [...environment.arguments.names, mark.name]
      const { events } = yield* client.follow(
        execArguments(container, withoutIdleInput(command), { ...environment.arguments, names }),
        {
          variables: { ...environment.variables, [mark.name]: mark.value },
          redact: environment.redact,
          stdin: Option.getOrUndefined(command.stdin)
        }
      )
      return Stream.tap(events, (event) => event.source === "exit" ? Ref.set(ended, true) : Effect.void)
    }))

  const run = (container: string, command: Exec.Exec) =>
    checked(execEvents(container, command), (ended) => explainExec(container, command, ended)).pipe(
      Stream.catchTag(
        "CommandFailed",
        (error) => Stream.fromEffect(explain("Container.exec")(failures.noSuchContainer(container))(error))
      )
    )

  // Docker's client refuses, and Podman's never comes to the end of the input.
  const execInContainer: Primitives["exec"] = (container, command) =>
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

  /**
   * Lets the end of a command pass unless it is the engine that failed. What
   * code and words suggest is confirmed by asking the engine for the state of
   * the container, since they may be the command's own.
   */
  const explainExec = Effect.fnUntraced(function*(
    container: string,
    command: Exec.Exec,
    { exitCode, said }: Ended
  ): Effect.fn.Return<void, ContainerError | ExecFailed> {
    const failed = (reason: ExecFailed["reason"], detail: string) =>
      new ExecFailed({
        container,
        command: Exec.commandLine(command),
        reason,
        exitCode,
        stdout: "",
        stderr: "",
        detail
      })
    if (suspectCodes.has(exitCode) || suspectWords.some((condition) => says(said, condition))) {
      const { state } = yield* inspectContainer(container)
      if (state.status !== "running") {
        return yield* failed("ContainerNotRunning", `the container is ${state.status}`)
      }
    }
    if (says(said, "runtime") && !said.includes("\n")) return yield* failed(failures.runtimeReason(said), said)
  })

  const startAttached: Primitives["startAttached"] = (container, stdin) =>
    checked(
      Stream.unwrapScoped(Effect.map(
        client.follow(
          ["container", "start", "--attach", ...(Option.isSome(stdin) ? ["--interactive"] : []), container],
          { stdin: Option.getOrUndefined(stdin) }
        ),
        ({ events }) => events
      )),
      (ended) => explainStart(container, ended)
    ).pipe(
      Stream.catchTag("CommandFailed", (error) =>
        Stream.fromEffect(explain("Container.run")(failures.noSuchContainer(container))(error)))
    )

  // A process that the engine could not start has no start time.
  const explainStart = Effect.fnUntraced(function*(
    container: string,
    { said }: Ended
  ): Effect.fn.Return<void, StartError> {
    const { state } = yield* inspectContainer(container)
    if (Option.isSome(state.startedAt)) return
    const known = failures.startKnown(container).find(({ condition }) => says(said, condition))
    return yield* known?.error(said) ?? new StartFailed({ container, reason: "Refused", detail: said })
  })

  return { exec: execInContainer, startAttached }
}

// Docker's client does not give a terminal to a command whose input is none, even where there is no input.
const withoutIdleInput = (command: Exec.Exec): Exec.Exec =>
  command.tty ? Exec.modify(command, { interactive: false }) : command

interface Ended {
  readonly exitCode: number
  /** What it wrote to standard error, or to standard output if that was nothing. */
  readonly said: string
}

const checked = <E, E2>(
  events: Stream.Stream<ProcessEvent, E>,
  explain: (ended: Ended) => Effect.Effect<void, E2>
): Stream.Stream<ProcessEvent, E | E2> =>
  Stream.suspend(() => {
    const stdout = Captured.make(excerptLimit)
    const stderr = Captured.make(excerptLimit)
    return Stream.tap(events, (event) => {
      if (event.source !== "exit") {
        return Effect.sync(() => (event.source === "stdout" ? stdout : stderr).write(event.bytes))
      }
      return event.exitCode === 0
        ? Effect.void
        : explain({
          exitCode: event.exitCode,
          said: stderr.result().text.trim() || stdout.result().text.trim()
        })
    })
  })
