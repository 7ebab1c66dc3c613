/**
 * Bounded capture of output: all of a short output, head and tail of a long one.
 *
 * @since 0.1.0
 */
import * as internal from "./internal/capture.js"

/**
 * Captured output. If it exceeds the limit, only its beginning and its end are
 * kept, each of half the limit.
 *
 * @since 0.1.0
 * @category models
 */
export interface Captured {
  /** The captured bytes. */
  readonly bytes: Uint8Array
  /**
   * The captured bytes as UTF-8, with malformed sequences replaced. A line
   * `… 12345 bytes omitted …` marks dropped bytes.
   */
  readonly text: string
  /** Size of the whole output in bytes. */
  readonly totalBytes: number
  /** Number of bytes dropped from the captured output. */
  readonly omittedBytes: number
}

/**
 * Captures output as it is written.
 *
 * @since 0.1.0
 * @category models
 */
export interface Recorder {
  readonly write: (bytes: Uint8Array) => void
  /** Returns the output so far. Can be called repeatedly. */
  readonly result: () => Captured
}

/**
 * Creates a mutable recorder that uses at most about twice `limit` bytes of
 * memory. `Infinity` keeps everything.
 *
 * @example
 * ```ts
 * import { Captured } from "@ociman/process"
 *
 * const recorder = Captured.make(8)
 * recorder.write(new TextEncoder().encode("one two three"))
 * assert.strictEqual(recorder.result().text, "one \n… 5 bytes omitted …\nhree")
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const make: (limit: number) => Recorder = internal.make
