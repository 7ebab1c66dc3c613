import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"

export const concat = (parts: Iterable<Uint8Array>): Uint8Array => {
  const all = Array.from(parts)
  const bytes = new Uint8Array(all.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of all) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}

/** Collects a small stream. */
export const collect = <E, R>(stream: Stream.Stream<Uint8Array, E, R>): Effect.Effect<Uint8Array, E, R> =>
  Effect.map(Stream.runCollect(stream), concat)

/** Skips the first `count` bytes. */
export const skip =
  (count: number) => <E, R>(stream: Stream.Stream<Uint8Array, E, R>): Stream.Stream<Uint8Array, E, R> =>
    Stream.mapAccum(stream, 0, (passed, bytes) => [passed + bytes.length, bytes.subarray(Math.max(0, count - passed))])
