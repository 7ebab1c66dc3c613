/**
 * Output of processes in containers.
 *
 * @since 0.1.0
 */
import * as Subprocess from "@ociman/process/Subprocess"
import * as Stream from "effect/Stream"

/**
 * Chunk of output.
 *
 * @since 0.1.0
 * @category models
 */
export interface Output {
  readonly source: "stdout" | "stderr"
  readonly bytes: Uint8Array
}

/**
 * End of a process.
 *
 * @since 0.1.0
 * @category models
 */
export interface Exit {
  readonly source: "exit"
  readonly exitCode: number
}

/**
 * Event of a process in a container: chunks of output, then its exit code.
 *
 * @since 0.1.0
 * @category models
 */
export type ProcessEvent = Output | Exit

/**
 * @since 0.1.0
 * @category constructors
 */
export const stdout = (bytes: Uint8Array): Output => ({ source: "stdout", bytes })

/**
 * @since 0.1.0
 * @category constructors
 */
export const stderr = (bytes: Uint8Array): Output => ({ source: "stderr", bytes })

/**
 * @since 0.1.0
 * @category constructors
 */
export const exit = (exitCode: number): Exit => ({ source: "exit", exitCode })

/**
 * Returns the bytes of one source, or of both in the order of their arrival.
 *
 * @since 0.1.0
 * @category combinators
 */
export const bytes = <E, R>(
  self: Stream.Stream<Output, E, R>,
  source?: Output["source"]
): Stream.Stream<Uint8Array, E, R> =>
  self.pipe(
    Stream.filter((output) => source === undefined || output.source === source),
    Stream.map((output) => output.bytes)
  )

/**
 * Splits one source, or both, into lines of text (UTF-8). A last line without a line break is included.
 *
 * @since 0.1.0
 * @category combinators
 */
export const lines = <E, R>(
  self: Stream.Stream<Output, E, R>,
  source?: Output["source"]
): Stream.Stream<string, E, R> => Subprocess.splitLines(bytes(self, source))
