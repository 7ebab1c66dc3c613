import type * as CommandExecutor from "@effect/platform/CommandExecutor"
import type * as PlatformError from "@effect/platform/Error"
import * as Effect from "effect/Effect"

/**
 * How a process ended: by itself, or by a signal.
 *
 * @internal
 */
export type Ended =
  | { readonly _tag: "Exited"; readonly exitCode: CommandExecutor.ExitCode }
  | { readonly _tag: "Killed"; readonly signal: string }

/**
 * The platform reports a signal as an error that has its name only in the text.
 *
 * @internal
 */
export const fromProcess = (process: CommandExecutor.Process): Effect.Effect<Ended, PlatformError.PlatformError> =>
  Effect.matchEffect(process.exitCode, {
    onSuccess: (exitCode) => Effect.succeed<Ended>({ _tag: "Exited", exitCode }),
    onFailure: (error) => {
      const signal = /signal: (SIG\w+)/.exec(error.description ?? "")?.[1]
      return signal === undefined ? Effect.fail(error) : Effect.succeed<Ended>({ _tag: "Killed", signal })
    }
  })
