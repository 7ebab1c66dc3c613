/** Operations on streams of bytes. */
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"

type Bytes<E> = Stream.Stream<Uint8Array, E>

/** Drops the first bytes. */
export const skip = (count: number) => <E>(bytes: Bytes<E>): Bytes<E> =>
  count === 0 ? bytes : Stream.suspend(() => {
    let left = count
    return Stream.filterMap(bytes, (part) => {
      const rest = part.subarray(Math.min(left, part.length))
      left -= part.length - rest.length
      return rest.length === 0 ? Option.none() : Option.some(rest)
    })
  })

/** Takes the first bytes. */
export const take = (count: number) => <E>(bytes: Bytes<E>): Bytes<E> =>
  count === 0 ? Stream.empty : Stream.suspend(() => {
    let left = count
    return bytes.pipe(
      Stream.map((part) => {
        const first = part.subarray(0, left)
        left -= first.length
        return first
      }),
      Stream.takeUntil(() => left === 0)
    )
  })

/** Calls a function with the size of each chunk. */
export const count = (passed: (bytes: number) => void) => <E>(bytes: Bytes<E>): Bytes<E> =>
  Stream.mapChunks(bytes, (parts) => {
    for (const part of parts) passed(part.length)
    return parts
  })

/** Splits a stream into chunks of the given size; the last one may be shorter. */
export const rechunk = (size: number) => <E>(bytes: Bytes<E>): Bytes<E> =>
  Stream.suspend(() => {
    let piece = new Uint8Array(size)
    let filled = 0
    const cut = (part: Uint8Array): ReadonlyArray<Uint8Array> => {
      const full: Array<Uint8Array> = []
      for (let at = 0; at < part.length;) {
        const next = part.subarray(at, at + size - filled)
        piece.set(next, filled)
        filled += next.length
        at += next.length
        if (filled < size) continue
        full.push(piece)
        piece = new Uint8Array(size)
        filled = 0
      }
      return full
    }
    return bytes.pipe(
      Stream.mapConcat(cut),
      Stream.concat(Stream.suspend(() => filled === 0 ? Stream.empty : Stream.make(piece.subarray(0, filled))))
    )
  })
