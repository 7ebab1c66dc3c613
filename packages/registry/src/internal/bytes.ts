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

/** All bytes of a stream. */
export const collect = <E>(bytes: Stream.Stream<Uint8Array, E>): Effect.Effect<Uint8Array, E> =>
  Effect.map(Stream.runCollect(bytes), concat)
