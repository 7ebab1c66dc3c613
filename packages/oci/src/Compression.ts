/**
 * Compressing layers and reading compressed ones.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Schema from "effect/Schema"
import type * as Stream from "effect/Stream"
import type * as MediaType from "./MediaType.js"

/**
 * A format that needs a program to be read and written.
 *
 * @since 0.1.0
 * @category models
 */
export type Format = Exclude<MediaType.Compression, "none">

/**
 * - `Unavailable`: this platform does not know the format. zstd is known to Node.js from 22.15 on.
 * - `Damaged`: it is not in the format, is damaged, or ends too early.
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
      : `The data is not in the format of ${this.format}, or is damaged${detail}`
  }
}

/**
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** From fast to small: 1 to 9 for gzip, 1 to 22 for zstd. Default: 6 for gzip, 3 for zstd. */
  readonly level?: number | undefined
}

/**
 * Compresses, with the same result for the same bytes on the same version of a platform: a gzip header has neither a
 * time nor a system in it.
 *
 * @since 0.1.0
 * @category tags
 */
export class Compression extends Context.Tag("@ociman/oci/Compression")<Compression, {
  readonly compress: (
    format: Format,
    options?: Options
  ) => <E, R>(bytes: Stream.Stream<Uint8Array, E, R>) => Stream.Stream<Uint8Array, E | CompressionError, R>
  /** Of several members that follow each other all are read; zeros at the end are passed over. */
  readonly decompress: (
    format: Format
  ) => <E, R>(bytes: Stream.Stream<Uint8Array, E, R>) => Stream.Stream<Uint8Array, E | CompressionError, R>
}>() {}
