/**
 * What a process in a container writes, as it comes.
 *
 * @since 0.1.0
 */
import * as Subprocess from "@ociman/process/Subprocess"
import * as Stream from "effect/Stream"

/**
 * A piece of output.
 *
 * @since 0.1.0
 * @category models
 */
export interface Output {
  readonly source: "stdout" | "stderr"
  readonly bytes: Uint8Array
}

/**
 * The end of a process.
 *
 * @since 0.1.0
 * @category models
 */
export interface Exit {
  readonly source: "exit"
  readonly exitCode: number
}

/**
 * What happens to a process in a container: it writes, and at last it ends.
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
 * The bytes of one source, or of both in the order in which they arrived.
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
 * The lines of one source, or of both, as text (UTF-8). A last line without a
 * line end is a line too.
 *
 * @since 0.1.0
 * @category combinators
 */
export const lines = <E, R>(
  self: Stream.Stream<Output, E, R>,
  source?: Output["source"]
): Stream.Stream<string, E, R> => Subprocess.splitLines(bytes(self, source))
