import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { ExecFailed } from "../../BackendError.js"
import type { Exec } from "../../Exec.js"
import * as Output from "../../Output.js"
import { type Context, scripted } from "./context.js"
import * as Scripts from "./scripts.js"
import * as Signals from "./signals.js"
import type { Container } from "./state.js"

/**
 * Reason why a command did not run, or not to its end.
 *
 * @internal
 */
export type Refusal = Pick<ExecFailed, "reason" | "exitCode" | "detail">

/**
 * Runs a command in a container by its script.
 *
 * @internal
 */
export const run = (
  context: Context,
  container: Container,
  exec: Exec,
  stdin: Effect.Effect<Uint8Array>
): Stream.Stream<Output.ProcessEvent, Refusal> =>
  Stream.suspend(() => {
    if (container.status !== "running" || Option.isNone(container.run)) {
      return Stream.fail(notRunning(container.status, 1))
    }
    const script = context.options.exec?.(scripted(container), exec, stdin)
    if (script === undefined) return Stream.fail(notScripted)
    const { exited, unpaused } = container.run.value
    return Scripts.events(script, { tty: exec.tty, fallback: Stream.succeed(Output.exit(0)) }).pipe(
      Stream.tap(() => unpaused.await),
      Stream.interruptWhen(
        Effect.zipRight(Deferred.await(exited), Effect.fail(notRunning("exited", Signals.exitCode(Signals.kill))))
      )
    )
  })

const notRunning = (status: Container["status"], exitCode: number): Refusal => ({
  reason: "ContainerNotRunning",
  exitCode,
  detail: `the container is ${status}`
})

const notScripted: Refusal = {
  reason: "CommandNotFound",
  exitCode: 127,
  detail: "no process runs in memory; script this command with the option \"exec\" of MemoryBackend.layer"
}
