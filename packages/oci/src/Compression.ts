/**
 * Compression and decompression of layers.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Schema from "effect/Schema"
import type * as Stream from "effect/Stream"
import type * as MediaType from "./MediaType.js"

/**
 * Compression format, other than none.
 *
 * @since 0.1.0
 * @category models
 */
export type Format = Exclude<MediaType.Compression, "none">

/**
 * Compressing or decompressing failed.
 *
 * - `Unavailable`: the platform does not support the format. Node.js supports zstd from 22.15 on.
 * - `Damaged`: the data is not in the format, is damaged, or ends too early.
 *
 * @since 0.1.0
 * @category errors
 */
export class CompressionError extends Schema.TaggedError<CompressionError>("@ociman/oci/CompressionError")(
  "CompressionError",
  {
    format: Schema.Literal("gzip", "zstd"),
    reason: Schema.Literal("Unavailable", "Damaged"),
    detail: Schema.String
  }
) {
  override get message(): string {
    const detail = this.detail === "" ? "" : `: ${this.detail}`
    return this.reason === "Unavailable"
      ? `${this.format} is not available on this platform${detail}`
      : `The data is not valid ${this.format}${detail}`
  }
}

/**
 * Options of compression.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** Level from fastest to smallest: 1 to 9 for gzip, 1 to 22 for zstd. Default: 6 for gzip, 3 for zstd. */
  readonly level?: number | undefined
}

/**
 * Service that compresses and decompresses byte streams. The same bytes give the same result on the same version of a
 * platform: gzip headers contain neither time nor operating system.
 *
 * @since 0.1.0
 * @category tags
 */
export class Compression extends Context.Tag("@ociman/oci/Compression")<Compression, {
  readonly compress: (
    format: Format,
    options?: Options
  ) => <E, R>(bytes: Stream.Stream<Uint8Array, E, R>) => Stream.Stream<Uint8Array, E | CompressionError, R>
  /** Reads all of several concatenated members, and ignores zeros at the end. */
  readonly decompress: (
    format: Format
  ) => <E, R>(bytes: Stream.Stream<Uint8Array, E, R>) => Stream.Stream<Uint8Array, E | CompressionError, R>
}>() {}
