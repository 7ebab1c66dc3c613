import * as Headers from "@effect/platform/Headers"
import * as MemoryRegistry from "@ociman/registry/author/MemoryRegistry"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { Answer, Change } from "../../FaultyRegistry.js"

/** @internal */
export type Delivered = Effect.Effect.Success<ReturnType<MemoryRegistry.Handler>>

/** @internal */
export const lost: Effect.Effect<never, MemoryRegistry.ConnectionLost> = Effect.suspend(() =>
  new MemoryRegistry.ConnectionLost({ detail: "by the script of the test" })
)

/**
 * Replaces everything after the given number of bytes by another stream. Unchanged if the stream is shorter.
 *
 * @internal
 */
export const after = <E, E2>(
  self: Stream.Stream<Uint8Array, E>,
  bytes: number,
  then: Stream.Stream<Uint8Array, E2>
): Stream.Stream<Uint8Array, E | E2> =>
  bytes === 0 ? then : self.pipe(
    Stream.mapAccum(0, (seen, piece: Uint8Array) => [seen + piece.length, { seen, piece }]),
    Stream.flatMap(({ piece, seen }): Stream.Stream<Uint8Array, E2> =>
      seen + piece.length < bytes
        ? Stream.make(piece)
        : Stream.concat(Stream.make(piece.subarray(0, bytes - seen)), then)
    )
  )

const pieces = (size: number) => (bytes: Uint8Array) =>
  Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) => bytes.subarray(i * size, (i + 1) * size))

const flipped = (body: Uint8Array) => Uint8Array.from(body, (byte, i) => i === 0 ? byte ^ 0xff : byte)

const streamed = (body: Delivered["body"]) => body instanceof Uint8Array ? Stream.make(body) : body

const change = (delivered: Delivered, change: Change): Delivered => {
  switch (change._tag) {
    case "SetHeaders": {
      const entries = Object.entries(change.headers)
      const kept = Headers.remove(delivered.headers, entries.map(([name]) => name))
      const set = entries.flatMap(([name, value]) => value === null ? [] : [[name, value] as const])
      return { ...delivered, headers: Headers.setAll(kept, set) }
    }
    case "Corrupt":
      return delivered.body instanceof Uint8Array ? { ...delivered, body: flipped(delivered.body) } : delivered
    case "Unframe":
      return { ...delivered, headers: Headers.remove(delivered.headers, "content-length") }
    case "Cut":
      return { ...delivered, body: after(streamed(delivered.body), change.bytes, Stream.fromEffect(lost)) }
    case "Stall":
      return { ...delivered, body: after(streamed(delivered.body), change.bytes, Stream.never) }
    case "Trickle":
      return {
        ...delivered,
        body: streamed(delivered.body).pipe(
          Stream.mapConcat(pieces(change.piece)),
          Stream.tap(() => Effect.sleep(change.every))
        )
      }
    case "Wait":
    case "LoseUpload":
      return delivered
  }
}

/**
 * Applies the modifications of an answer to a response.
 *
 * @internal
 */
export const deliver = (answer: Answer, delivered: Delivered): Delivered => answer.changes.reduce(change, delivered)
