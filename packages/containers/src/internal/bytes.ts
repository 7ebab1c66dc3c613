import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"

/**
 * All of a stream.
 *
 * @internal
 */
export const collect = <E, R>(stream: Stream.Stream<Uint8Array, E, R>): Effect.Effect<Uint8Array, E, R> =>
  Effect.map(Stream.runCollect(stream), (chunks) => {
    const bytes = new Uint8Array(Chunk.reduce(chunks, 0, (length, piece) => length + piece.length))
    Chunk.reduce(chunks, 0, (offset, piece) => {
      bytes.set(piece, offset)
      return offset + piece.length
    })
    return bytes
  })
