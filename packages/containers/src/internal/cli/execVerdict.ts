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
import { says, saysExecRefused } from "../dialect/messages.js"
import type { ConnectionError } from "./apiConnection.js"
import type { Context } from "./context.js"
import { isOnThisMachine, type Watch } from "./execWatch.js"
import * as failures from "./failures.js"

/**
 * End of a client that ran a command in a container or attached to a container.
 *
 * @internal
 */
export interface Ended {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

/** @internal */
export interface Watched {
  readonly container: string
  readonly command: Exec.Exec
  readonly watch: Watch
  /** When the client was started, in milliseconds. */
  readonly startedAt: number
}

// Of a command that was killed with its container, and of a client whose container was stopped.
const killed = 137
const suspectCodes: ReadonlySet<number> = new Set([125, 126, 127, killed, 255])

/**
 * Gives the exit code of a command by the engine's word, or the error of one
 * that never ran or whose end is not known. Where the engine tells nothing, the
 * client's code and words count.
 *
 * @internal
 */
export const make = (
  context: Context,
  inspectContainer: (container: string) => Effect.Effect<ContainerInfo.ContainerInfo, ContainerError>
) => {
  const lost = connectionLost(context, "Container.exec")

  return Effect.fnUntraced(function*(
    { command, container, startedAt, watch }: Watched,
    end: Ended
  ): Effect.fn.Return<number, ContainerError | ExecFailed> {
    const text = said(end)
    const failed = (reason: ExecFailed["reason"], detail: string) =>
      new ExecFailed({
        container,
        command: Exec.commandLine(command),
        reason,
        exitCode: end.exitCode,
        stdout: "",
        stderr: "",
        detail
      })
    const notRunning = Effect.flatMap(inspectContainer(container), ({ state }) => {
      if (state.status !== "running") return failed("ContainerNotRunning", `the container is ${state.status}`)
      const isRestarted = isOnThisMachine(context.engine) &&
        Option.exists(state.startedAt, (at) => DateTime.toEpochMillis(at) > startedAt)
      return isRestarted ? failed("ContainerNotRunning", "the container was restarted meanwhile") : Effect.void
    })
    const refused = Effect.zipRight(
      notRunning,
      Effect.suspend(() =>
        failed(says(text, "notRunning") ? "ContainerNotRunning" : failures.runtimeReason(text), text)
      )
    )

    const state = yield* Effect.catchAll(watch.state, unanswered(context, container))
    switch (state._tag) {
      case "Running":
        return yield* lost(end.stderr)
      case "NotStarted":
        return yield* refused
      case "Ended":
        // Podman tells no command that ran from one that did not.
        if (context.engine.name === "podman" && saysExecRefused("podman", end)) return yield* refused
        // The client failed after the command had ended, maybe before the end of its output.
        if (state.exitCode !== end.exitCode) return yield* lost(end.stderr)
        // The engine may tell of the end of the container a moment after that of the command.
        if (state.exitCode === killed) {
          yield* Effect.repeat(notRunning, Schedule.spaced("100 millis").pipe(Schedule.upTo("300 millis")))
        }
        return state.exitCode
      case "NotThere":
      case "Unknown":
        if (saysExecRefused(context.engine.transport.client, end)) return yield* refused
        if (suspectCodes.has(end.exitCode)) yield* notRunning
        if (end.exitCode !== 0 && says(text, "unavailable")) yield* context.confirmGone("Container.exec")
        return end.exitCode
    }
  })
}

const unanswered =
  (context: Context, container: string) =>
  (error: ConnectionError): Effect.Effect<never, BackendUnavailable | ContainerNotFound | EngineFailed> => {
    const operation = "Container.exec"
    return error._tag === "CommandFailed"
      ? context.explain(operation)(failures.noSuchContainer(container))(error)
      : connectionLost(context, operation)(error.detail)
  }

/**
 * What a client says of itself: what it wrote to standard error, or to standard
 * output if that was nothing.
 *
 * @internal
 */
export const said = ({ stderr, stdout }: Ended): string => stderr.trim() || stdout.trim()

/**
 * The error of a connection that ended before the process did: an engine that
 * is gone, if it is.
 *
 * @internal
 */
export const connectionLost = ({ confirmGone, engine }: Context, operation: string) => (detail: string) =>
  Effect.zipRight(
    confirmGone(operation),
    new EngineFailed({
      engine: engine.name,
      operation,
      reason: "UnexpectedAnswer",
      detail: "the connection ended before the process did; its exit code and the rest of its output are not known" +
        (detail.trim() === "" ? "" : `: ${failures.lastLine(detail)}`)
    })
  )
