import * as Redaction from "@ociman/process/author/Redaction"
import * as Redacted from "effect/Redacted"
import { EngineFailed, ExecFailed, RunFailed, StartFailed } from "../../BackendError.js"
import type { Environment } from "../../Environment.js"

/**
 * Replaces the redacted values of environments in errors that quote output of a process.
 */
export interface RedactedErrors {
  readonly ofExec: <E>(error: E) => E | EngineFailed | ExecFailed
  readonly ofRun: <E>(error: E) => E | EngineFailed | RunFailed | StartFailed
}

export const make = (...environments: ReadonlyArray<Environment>): RedactedErrors => {
  const secrets = environments.flatMap((environment) =>
    Array.from(environment).flatMap(([, value]) => Redacted.isRedacted(value) ? [value] : [])
  )
  const redact = Redaction.make(secrets)
  const ofEngine = (error: EngineFailed) =>
    new EngineFailed({
      ...error,
      detail: redact(error.detail),
      // A spread omits this property, which is not enumerable.
      ...(error.cause === undefined ? {} : { cause: error.cause })
    })
  return {
    ofExec: (error) => {
      if (error instanceof EngineFailed) return ofEngine(error)
      if (!(error instanceof ExecFailed)) return error
      return new ExecFailed({
        ...error,
        command: redact(error.command),
        stdout: redact(error.stdout),
        stderr: redact(error.stderr),
        detail: redact(error.detail)
      })
    },
    ofRun: (error) => {
      if (error instanceof EngineFailed) return ofEngine(error)
      if (error instanceof StartFailed) return new StartFailed({ ...error, detail: redact(error.detail) })
      if (!(error instanceof RunFailed)) return error
      return new RunFailed({ ...error, stderr: redact(error.stderr), stdout: redact(error.stdout) })
    }
  }
}
