/**
 * Output kept within bounds: all of a short one, head and tail of a long one.
 *
 * @since 0.1.0
 */
import * as internal from "./internal/capture.js"

/**
 * An output, of which the first and the last half of the limit were kept if it
 * was longer than that.
 *
 * @since 0.1.0
 * @category models
 */
export interface Captured {
  /** What was kept. */
  readonly bytes: Uint8Array
  /**
   * What was kept as UTF-8, malformed bytes replaced. Where bytes are missing
   * stands a line `… 12345 bytes omitted …`.
   */
  readonly text: string
  /** How many bytes there were. */
  readonly totalBytes: number
  /** How many of them were not kept. */
  readonly omittedBytes: number
}

/**
 * What is written to it may be asked for at any time.
 *
 * @since 0.1.0
 * @category models
 */
export interface Recorder {
  readonly write: (bytes: Uint8Array) => void
  readonly result: () => Captured
}

/**
 * A mutable recorder that uses memory for up to about twice `limit` bytes,
 * whatever is written to it. `Infinity` keeps everything.
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
