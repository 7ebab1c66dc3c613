import { SystemError } from "@effect/platform/Error"
import * as CommandFailed from "@ociman/process/CommandFailed"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { messageOf } from "../values/text.js"

/**
 * Adapts a stream with any error to the input of a command, which accepts
 * platform errors only. `restore` makes the original error the cause of the
 * command's failure.
 *
 * @internal
 */
export const streamInput = (source: Stream.Stream<Uint8Array, unknown>) => {
  let failure = Option.none<unknown>()
  return {
    stream: Stream.mapError(source, (error) => {
      failure = Option.some(error)
      return new SystemError({ module: "Stream", method: "stdin", reason: "Unknown", description: messageOf(error) })
    }),
    restore: (error: CommandFailed.CommandFailed) =>
      error.reason === "Input" && Option.isSome(failure)
        ? new CommandFailed.CommandFailed({ ...error, cause: failure.value })
        : error
  }
}
