import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"

// Every runtime has the Encoding API, but the compiler knows it only from the DOM or from Node.
declare const TextDecoder: new(label: string, options: { readonly ignoreBOM: boolean }) => {
  readonly decode: (bytes: Uint8Array) => string
}

/**
 * Decodes UTF-8; replaces malformed bytes and keeps a byte order mark.
 *
 * @internal
 */
export const toText = (bytes: Uint8Array): string => new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes)

/**
 * Decodes UTF-8; replaces malformed bytes and removes a byte order mark.
 *
 * @internal
 */
export const toTextWithoutBom = (bytes: Uint8Array): string =>
  new TextDecoder("utf-8", { ignoreBOM: false }).decode(bytes)

/**
 * Concatenates all bytes of a stream.
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
