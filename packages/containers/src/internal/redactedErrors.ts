import { Redaction } from "@ociman/process"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { EngineFailed, ExecFailed, RunFailed, StartFailed } from "../BackendError.js"
import type { Environment } from "../Environment.js"

/**
 * Replaces the redacted values of environments in errors that quote what a
 * process has written.
 *
 * @internal
 */
export interface RedactedErrors {
  readonly ofExec: <E>(error: E) => E | EngineFailed | ExecFailed
  readonly ofRun: <E>(error: E) => E | EngineFailed | RunFailed | StartFailed
}

/** @internal */
export const make = (...environments: ReadonlyArray<Environment>): RedactedErrors => {
  const secrets = environments.flatMap((environment) =>
    Array.from(environment).flatMap(([, value]) => Redacted.isRedacted(value) ? [value] : [])
  )
  const redact = Redaction.make(secrets)
  const ofEngine = ({ cause, detail, engine, operation, reason }: EngineFailed) =>
    new EngineFailed({
      engine,
      operation,
      reason,
      detail: redact(detail),
      ...Option.match(Option.fromNullable(cause), { onNone: () => ({}), onSome: (cause) => ({ cause }) })
    })
  return {
    ofExec: (error) => {
      if (error instanceof EngineFailed) return ofEngine(error)
      if (!(error instanceof ExecFailed)) return error
      const { command, container, detail, exitCode, reason, stderr, stdout } = error
      return new ExecFailed({
        container,
        command: redact(command),
        reason,
        exitCode,
        stdout: redact(stdout),
        stderr: redact(stderr),
        detail: redact(detail)
      })
    },
    ofRun: (error) => {
      if (error instanceof EngineFailed) return ofEngine(error)
      if (error instanceof StartFailed) {
        const { container, detail, reason } = error
        return new StartFailed({ container, reason, detail: redact(detail) })
      }
      if (!(error instanceof RunFailed)) return error
      const { exitCode, image, stderr, stdout } = error
      return new RunFailed({ image, exitCode, stderr: redact(stderr), stdout: redact(stdout) })
    }
  }
}
