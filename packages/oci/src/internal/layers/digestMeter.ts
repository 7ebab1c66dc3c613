import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as Digest from "../../Digest.js"
import * as Hasher from "../../Hasher.js"

export interface Measured {
  readonly digest: Digest.Digest
  readonly size: number
}

/** Takes the digest and size of what passes, with the algorithm of another digest. */
export const makeMeter = (like?: Digest.Digest) =>
  Effect.gen(function*() {
    const algorithm = like === undefined ? "sha256" : Digest.algorithm(like)
    const hash = yield* Effect.flatMap(Hasher.Hasher, (_) => _.start(algorithm))
    let size = 0
    return {
      count: <E, R>(bytes: Stream.Stream<Uint8Array, E, R>): Stream.Stream<Uint8Array, E, R> =>
        Stream.mapChunks(bytes, (chunk) => {
          for (const piece of chunk) {
            size += piece.length
            hash.update(piece)
          }
          return chunk
        }),
      end: (): Measured => ({ digest: Hasher.digestOf(algorithm, hash), size })
    }
  })
