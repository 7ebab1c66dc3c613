/** `Compression` for Node.js, implemented with `node:zlib`. */
import * as NodeStream from "@effect/platform-node/NodeStream"
import * as Compression from "@ociman/oci/Compression"
import type * as Cause from "effect/Cause"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import type { Duplex } from "node:stream"
import * as zlib from "node:zlib"
import * as zstdFrames from "./zstdFrames.js"

type Zstd = typeof zlib & {
  readonly createZstdCompress?: (options?: object) => Duplex
  readonly createZstdDecompress?: (options?: object) => Duplex
}

/** Missing in older versions of Node.js, and in the types of the oldest supported one. */
const { createZstdCompress, createZstdDecompress }: Zstd = zlib

/** `ZSTD_c_compressionLevel`. */
const zstdLevel = 100

const chunkSize = 64 * 1024

const failure = (format: Compression.Format) => (error: unknown) =>
  new Compression.CompressionError({
    format,
    reason: "Damaged",
    detail: error instanceof Error ? error.message : String(error)
  })

/** Completes when the bytes have been processed. Errors are reported by the reading side. */
const write = (duplex: Duplex, bytes: Uint8Array) =>
  Effect.async<void>((resume) => {
    duplex.write(bytes, () => resume(Effect.void))
  })

/** Waits for each chunk to be processed, so that a fast source does not fill the memory. */
const through = (format: Compression.Format, make: (() => Duplex) | undefined) =>
<E, R>(
  bytes: Stream.Stream<Uint8Array, E, R>
): Stream.Stream<Uint8Array, E | Compression.CompressionError, R> =>
  make === undefined
    ? Stream.fail(
      new Compression.CompressionError({ format, reason: "Unavailable", detail: "it requires Node.js 22.15" })
    )
    : Stream.unwrapScoped(Effect.gen(function*() {
      const duplex = make()
      let failed: Cause.Cause<E> | undefined
      yield* Stream.runForEach(bytes, (bytes) => write(duplex, bytes)).pipe(
        Effect.zipRight(Effect.sync(() => duplex.end())),
        Effect.catchAllCause((cause) =>
          Effect.sync(() => {
            failed = cause
            duplex.destroy(new Error("the source has failed"))
          })
        ),
        Effect.forkScoped
      )
      return NodeStream.fromReadable<Compression.CompressionError, Uint8Array>(() => duplex, failure(format)).pipe(
        Stream.catchAllCause((cause) => {
          const reason: Cause.Cause<E | Compression.CompressionError> = failed ?? cause
          return Stream.failCause(reason)
        })
      )
    }))

const damaged = (detail: string | undefined): Effect.Effect<void, Compression.CompressionError> =>
  detail === undefined
    ? Effect.void
    : Effect.fail(new Compression.CompressionError({ format: "zstd", reason: "Damaged", detail }))

/** Splits chunks at frame boundaries. */
const byFrame = <E, R>(
  bytes: Stream.Stream<Uint8Array, E, R>
): Stream.Stream<Uint8Array, E | Compression.CompressionError, R> =>
  Stream.suspend(() => {
    const frames = zstdFrames.make()
    return bytes.pipe(
      Stream.mapChunksEffect((chunk) =>
        Effect.suspend(() => {
          const pieces: Array<Uint8Array> = []
          for (const bytes of chunk) {
            const fault = frames.push(bytes, pieces)
            if (fault !== undefined) return Effect.zipRight(damaged(fault), Effect.succeed(Chunk.empty()))
          }
          return Effect.succeed(Chunk.unsafeFromArray(pieces))
        })
      ),
      Stream.concat(Stream.execute(Effect.suspend(() => damaged(frames.end()))))
    )
  })

/** Sets the operating system in the gzip header (byte 9) to 255, unknown, for reproducible output. */
const anonymous = <E, R>(bytes: Stream.Stream<Uint8Array, E, R>): Stream.Stream<Uint8Array, E, R> =>
  Stream.suspend(() => {
    let position = 0
    return Stream.map(bytes, (chunk) => {
      const at = 9 - position
      position += chunk.length
      if (at < 0 || at >= chunk.length) return chunk
      const copy = chunk.slice()
      copy[at] = 0xFF
      return copy
    })
  })

export const layer: Layer.Layer<Compression.Compression> = Layer.succeed(
  Compression.Compression,
  Compression.Compression.of({
    compress: (format, options) => (bytes) => {
      switch (format) {
        case "gzip":
          return anonymous(through(format, () => zlib.createGzip({ level: options?.level ?? 6, chunkSize }))(bytes))
        case "zstd":
          return through(
            format,
            createZstdCompress === undefined
              ? undefined
              : () => createZstdCompress({ params: { [zstdLevel]: options?.level ?? 3 }, chunkSize })
          )(bytes)
      }
    },
    decompress: (format) => {
      switch (format) {
        case "gzip":
          return through(format, () => zlib.createGunzip({ chunkSize }))
        case "zstd": {
          const decompress = through(
            format,
            createZstdDecompress === undefined ? undefined : () => createZstdDecompress({ chunkSize })
          )
          return (bytes) => decompress(byFrame(bytes))
        }
      }
    }
  })
)
