import { assert } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"

/** @internal */
export const allByteValues: Uint8Array = Uint8Array.from({ length: 256 }, (_, index) => index)

/**
 * Bytes whose period divides no power of two.
 *
 * @internal
 */
export const pattern = (length: number): Uint8Array => Uint8Array.from({ length }, (_, index) => index % 251)

/**
 * Asserts that both are equal. A failure prints the position of the first difference only.
 *
 * @internal
 */
export const assertEqual = (actual: Uint8Array, expected: Uint8Array): void => {
  assert.strictEqual(actual.length, expected.length)
  const difference = actual.findIndex((byte, index) => byte !== expected[index])
  assert.strictEqual(difference, -1, `bytes differ from position ${difference}`)
}

/** @internal */
export const concat = (pieces: Iterable<Uint8Array>): Uint8Array =>
  Uint8Array.from(Array.from(pieces).flatMap((piece) => Array.from(piece)))

/** @internal */
export const collect = <E, R>(stream: Stream.Stream<Uint8Array, E, R>): Effect.Effect<Uint8Array, E, R> =>
  Effect.map(Stream.runCollect(stream), concat)

/**
 * The bytes as a stream of pieces of the given size.
 *
 * @internal
 */
export const inPieces = (bytes: Uint8Array, size: number): Stream.Stream<Uint8Array> =>
  Stream.fromIterable(
    Chunk.map(Chunk.range(0, Math.ceil(bytes.length / size) - 1), (index) =>
      bytes.subarray(index * size, (index + 1) * size))
  )
