import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import {
  type BackendUnavailable,
  type ContainerError,
  type ContainerNotFound,
  EngineFailed,
  ExecFailed
} from "../../BackendError.js"
import type * as ContainerInfo from "../../ContainerInfo.js"
import * as Exec from "../../Exec.js"
import { isExecRefusal, matches } from "../dialect/messages.js"
import type { ConnectionError } from "./apiConnection.js"
import type { Context } from "./context.js"
import { isLocalPodman, type Watch } from "./execWatch.js"
import * as failures from "./failures.js"

/**
 * End of a client that ran a command in a container or attached to a container.
 *
 * @internal
 */
export interface ClientExit {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

/** @internal */
export interface WatchedExec {
  readonly container: string
  readonly command: Exec.Exec
  readonly watch: Watch
  /** Start of the client, in milliseconds since the epoch. */
  readonly startedAt: number
}

type Inspect = (container: string) => Effect.Effect<ContainerInfo.ContainerInfo, ContainerError>

const operation = "Container.exec"

/** Exit code of a command that was killed with its container, and of a client whose container was stopped. */
const killed = 137

/** Exit codes that a client also uses for failures of its own. */
const ambiguousExitCodes: ReadonlySet<number> = new Set([125, 126, 127, killed, 255])

/**
 * Returns the exit code of a command as the engine reports it. Fails if the
 * command never ran or if its end is unknown. If the engine reports no state,
 * the exit code and messages of the client count.
 *
 * @internal
 */
export const exitCode = Effect.fnUntraced(function*(
  context: Context,
  inspect: Inspect,
  exec: WatchedExec,
  exit: ClientExit
): Effect.fn.Return<number, ContainerError | ExecFailed> {
  const text = clientMessage(exit)
  const lost = connectionLost(context, operation)(exit.stderr)
  const checkRunning = failIfNotRunning(context, inspect, exec, exit)
  const refused = Effect.zipRight(
    checkRunning,
    Effect.suspend(() =>
      execFailed(
        exec,
        exit,
        matches(`${exit.stdout}${text}`, "notRunning") ? "ContainerNotRunning" : failures.runtimeReason(text),
        text
      )
    )
  )

  const state = yield* Effect.catchAll(exec.watch.state, explainConnectionError(context, exec.container))
  switch (state._tag) {
    case "Running":
      return yield* lost
    case "NotStarted":
      return yield* refused
    case "Ended":
      // Podman reports the same state for a command that ran and one that could not be started.
      if (context.engine.name === "podman" && isExecRefusal("podman", exit)) return yield* refused
      // The client failed after the command had ended, possibly before the end of its output.
      if (state.exitCode !== exit.exitCode) return yield* lost
      // The engine may report the end of the container shortly after that of the command.
      if (state.exitCode === killed) {
        yield* Effect.repeat(checkRunning, Schedule.spaced("100 millis").pipe(Schedule.upTo("300 millis")))
      }
      return state.exitCode
    case "NotFound":
    case "Unknown":
      if (isExecRefusal(context.engine.transport.client, exit)) return yield* refused
      if (ambiguousExitCodes.has(exit.exitCode)) yield* checkRunning
      if (exit.exitCode !== 0 && matches(text, "unavailable")) yield* context.failIfUnavailable(operation)
      return exit.exitCode
  }
})

const execFailed = (
  { command, container }: WatchedExec,
  { exitCode }: ClientExit,
  reason: ExecFailed["reason"],
  detail: string
) =>
  new ExecFailed({
    container,
    command: Exec.commandLine(command),
    reason,
    exitCode,
    stdout: "",
    stderr: "",
    detail
  })

/** Fails if the container has stopped, or was restarted since the start of the client. */
const failIfNotRunning = ({ engine }: Context, inspect: Inspect, exec: WatchedExec, exit: ClientExit) =>
  Effect.flatMap(inspect(exec.container), ({ state }) => {
    if (state.status !== "running") {
      return execFailed(exec, exit, "ContainerNotRunning", `the container is ${state.status}`)
    }
    const wasRestarted = isLocalPodman(engine) &&
      Option.exists(state.startedAt, (at) => DateTime.toEpochMillis(at) > exec.startedAt)
    return wasRestarted
      ? execFailed(exec, exit, "ContainerNotRunning", "the container was restarted meanwhile")
      : Effect.void
  })

const explainConnectionError =
  (context: Context, container: string) =>
  (error: ConnectionError): Effect.Effect<never, BackendUnavailable | ContainerNotFound | EngineFailed> =>
    error._tag === "CommandFailed"
      ? context.explain(operation)(failures.noSuchContainer(container))(error)
      : connectionLost(context, operation)(error.detail)

/**
 * Message of a client: its standard error, or its standard output if that is
 * empty.
 *
 * @internal
 */
export const clientMessage = ({ stderr, stdout }: ClientExit): string => stderr.trim() || stdout.trim()

/**
 * Error of a connection that ended before the process did. Fails with
 * `BackendUnavailable` instead if the engine does not answer.
 *
 * @internal
 */
export const connectionLost = ({ engine, failIfUnavailable }: Context, operation: string) => (detail: string) =>
  Effect.zipRight(
    failIfUnavailable(operation),
    new EngineFailed({
      engine: engine.name,
      operation,
      reason: "UnexpectedAnswer",
      detail: "the connection ended before the process did; its exit code and the rest of its output are unknown" +
        (detail.trim() === "" ? "" : `: ${failures.lastLine(detail)}`)
    })
  )
