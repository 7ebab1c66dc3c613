import * as Captured from "@ociman/process/Captured"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type * as Exec from "../../Exec.js"
import type { Output, ProcessEvent } from "../../Output.js"

/** @internal */
export const defaultOutputLimit = 16 * 1024 * 1024

// Size of the output kept of a streamed process, for the message of its failure.
const excerptLimit = 16 * 1024

const recorder = (limit: number) => {
  const stdout = Captured.make(limit)
  const stderr = Captured.make(limit)
  return {
    write: (output: Output) => (output.source === "stdout" ? stdout : stderr).write(output.bytes),
    result: (exitCode: number): Exec.Result => {
      const out = stdout.result()
      const err = stderr.result()
      return {
        exitCode,
        stdout: out.text,
        stderr: err.text,
        stdoutBytes: out.bytes,
        stderrBytes: err.bytes,
        omittedBytes: out.omittedBytes + err.omittedBytes
      }
    }
  }
}

/**
 * Follows a process to its end and captures its output, dropping the middle if it exceeds the limit.
 *
 * @internal
 */
export const capture = <E, R>(
  events: Stream.Stream<ProcessEvent, E, R>,
  limit: number
): Effect.Effect<Exec.Result, E, R> =>
  Effect.suspend(() => {
    const { result, write } = recorder(limit)
    return Effect.map(
      Stream.runFold(events, 0, (exitCode, event) => {
        if (event.source === "exit") return event.exitCode
        write(event)
        return exitCode
      }),
      result
    )
  })

/**
 * Streams the output of a process. Checks its exit code after the last chunk.
 *
 * @internal
 */
export const untilExit = <E, R, E2>(
  events: Stream.Stream<ProcessEvent, E, R>,
  onExit: (result: Exec.Result) => Effect.Effect<void, E2>
): Stream.Stream<Output, E | E2, R> =>
  Stream.suspend(() => {
    const { result, write } = recorder(excerptLimit)
    return events.pipe(
      Stream.mapEffect((event) => {
        if (event.source === "exit") return Effect.as(onExit(result(event.exitCode)), Option.none<Output>())
        write(event)
        return Effect.succeedSome(event)
      }),
      Stream.filterMap((event) => event)
    )
  })
