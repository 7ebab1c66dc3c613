/**
 * SHA-256 of a sequence of segments. Each segment is preceded by its length in bytes, as an unsigned 64-bit
 * little-endian number, so that different sequences cannot have the same bytes.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { Hasher } from "../Hasher.js"
import { encode, encodeInto } from "../internal/values/text.js"

/**
 * Incremental SHA-256 of segments. It is mutable, belongs to one fiber, and ends with `digest`.
 *
 * @since 0.1.0
 * @category models
 */
export interface SegmentHasher {
  /** Adds a segment; text as UTF-8. */
  readonly push: (segment: string | Uint8Array) => void
  /**
   * Adds a segment from a stream, which must have exactly `length` bytes. Any other length makes the digest
   * meaningless, so the effect dies.
   */
  readonly pushStream: <E, R>(length: number, stream: Stream.Stream<Uint8Array, E, R>) => Effect.Effect<void, E, R>
  /** Returns the 64 lower-case hexadecimal digits. */
  readonly digest: () => string
}

/**
 * Starts a digest without segments.
 *
 * @since 0.1.0
 * @category constructors
 * @example
 * import * as SegmentHasher from "@ociman/oci/author/SegmentHasher"
 * import { NodeHasher } from "@ociman/node"
 * import { Effect } from "effect"
 *
 * const digest = (...segments: ReadonlyArray<string>) =>
 *   Effect.map(SegmentHasher.make, (hasher) => {
 *     for (const segment of segments) hasher.push(segment)
 *     return hasher.digest()
 *   }).pipe(Effect.provide(NodeHasher.layer), Effect.runSync)
 *
 * assert.notStrictEqual(digest("ab", "c"), digest("a", "bc"))
 */
export const make: Effect.Effect<SegmentHasher, never, Hasher> = Effect.gen(function*() {
  const sha256 = yield* (yield* Hasher).start("sha256")
  // One buffer for all segments: a tree has many, and allocations would be garbage at once.
  const frame = new Uint8Array(4096)
  const view = new DataView(frame.buffer)
  const text = frame.subarray(8)

  const setLength = (length: number): void => {
    view.setUint32(0, length >>> 0, true)
    view.setUint32(4, Math.floor(length / 2 ** 32), true)
  }

  const begin = (length: number): void => {
    setLength(length)
    sha256.update(frame.subarray(0, 8))
  }

  const pushBytes = (bytes: Uint8Array): void => {
    begin(bytes.length)
    sha256.update(bytes)
  }

  const pushText = (segment: string): void => {
    if (segment.length * 3 > text.length) return pushBytes(encode(segment))
    const length = encodeInto(segment, text)
    setLength(length)
    sha256.update(frame.subarray(0, 8 + length))
  }

  return {
    push: (segment) => typeof segment === "string" ? pushText(segment) : pushBytes(segment),
    pushStream: (length, stream) =>
      Effect.suspend(() => {
        let remaining = length
        begin(length)
        return stream.pipe(
          Stream.runForEachChunk((chunk) =>
            Effect.sync(() => {
              for (const bytes of chunk) {
                remaining -= bytes.length
                sha256.update(bytes)
              }
            })
          ),
          Effect.zipRight(Effect.suspend(() =>
            remaining === 0 ? Effect.void : Effect.dieMessage(`A segment of ${length} bytes had ${length - remaining}`)
          ))
        )
      }),
    digest: sha256.digest
  }
})
