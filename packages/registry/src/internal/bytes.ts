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

/** Collects a stream of `size` bytes whose chunks may be overwritten when the next one is pulled. */
export const collect = <E>(bytes: Stream.Stream<Uint8Array, E>, size: number): Effect.Effect<Uint8Array, E> =>
  Effect.suspend(() => {
    const all = new Uint8Array(size)
    let at = 0
    return Effect.as(
      Stream.runForEach(bytes, (piece) =>
        Effect.sync(() => {
          all.set(piece, at)
          at += piece.length
        })),
      all
    )
  })
