import type * as CommandExecutor from "@effect/platform/CommandExecutor"
import type * as PlatformError from "@effect/platform/Error"
import * as Effect from "effect/Effect"

/**
 * Exit status of a process: an exit code or a signal.
 *
 * @internal
 */
export type ExitStatus =
  | { readonly _tag: "Exited"; readonly exitCode: CommandExecutor.ExitCode }
  | { readonly _tag: "Killed"; readonly signal: string }

/**
 * Waits for the exit. The platform reports a signal as an error with its name in the description.
 *
 * @internal
 */
export const fromProcess = (process: CommandExecutor.Process): Effect.Effect<ExitStatus, PlatformError.PlatformError> =>
  Effect.matchEffect(process.exitCode, {
    onSuccess: (exitCode) => Effect.succeed<ExitStatus>({ _tag: "Exited", exitCode }),
    onFailure: (error) => {
      const signal = /signal: (SIG\w+)/.exec(error.description ?? "")?.[1]
      return signal === undefined ? Effect.fail(error) : Effect.succeed<ExitStatus>({ _tag: "Killed", signal })
    }
  })
