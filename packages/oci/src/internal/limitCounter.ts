import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { Limits } from "../Limits.js"
import type { Header } from "../Tar.js"
import { encode } from "./text.js"

/** Which entry, empty where none is known, has more than is allowed, and how much that is. */
export interface Exceeded {
  readonly path: string
  readonly rule: string
}

/** Counts what comes out of layers. It is mutable, and for layers that are read one after the other. */
export interface Counter {
  /** Why an entry, in so many directories, is too much. */
  readonly entry: (header: Header, depth: number) => Exceeded | undefined
  /** The archive of a layer, which fails where it is too much of the bytes that it is made from. */
  readonly archive: <E, R, E2, R2, F>(
    bytes: Stream.Stream<Uint8Array, E, R>,
    decompress: (bytes: Stream.Stream<Uint8Array, E, R>) => Stream.Stream<Uint8Array, E2, R2>,
    fail: (exceeded: Exceeded) => F
  ) => Stream.Stream<Uint8Array, E2 | F, R2>
  readonly entries: () => number
  /** Bytes of all archives. */
  readonly size: () => number
}

/** From how many bytes on a ratio is looked at: a small file of zeros is no attack. */
const ratioFrom = 64 * 1024 ** 2

/** Whether so many bytes came out of so few that they are an attack. */
export const isBomb = (size: number, received: number, ratio: number): boolean =>
  size > ratioFrom && size > ratio * received

const isLonger = (text: string, limit: number): boolean =>
  text.length > limit || (text.length * 3 > limit && encode(text).length > limit)

const shortened = (path: string) => `${path.slice(0, 100)}…`

export const make = (limits: Limits): Counter => {
  let entries = 0
  let size = 0

  const entry: Counter["entry"] = (header, depth) => {
    if (++entries > limits.entries) return { path: header.path, rule: `at most ${limits.entries} entries` }
    if (isLonger(header.path, limits.pathLength) || isLonger(header.target, limits.pathLength)) {
      return { path: shortened(header.path), rule: `a path of at most ${limits.pathLength} bytes` }
    }
    if (depth > limits.depth) {
      return { path: shortened(header.path), rule: `at most ${limits.depth} directories in each other` }
    }
    return header.size > limits.size
      ? { path: header.path, rule: `at most ${limits.size} bytes in all` }
      : undefined
  }

  const archive: Counter["archive"] = (bytes, decompress, fail) =>
    Stream.suspend(() => {
      let received = 0
      let produced = 0
      const counted = Stream.mapChunks(bytes, (chunk) => {
        for (const piece of chunk) received += piece.length
        return chunk
      })
      return Stream.tap(decompress(counted), (piece) => {
        produced += piece.length
        size += piece.length
        if (isBomb(produced, received, limits.ratio)) {
          const rule = `a layer may have at most ${limits.ratio} times its size when it is decompressed`
          return Effect.fail(fail({ path: "", rule }))
        }
        return size > limits.size
          ? Effect.fail(fail({ path: "", rule: `at most ${limits.size} bytes in all` }))
          : Effect.void
      })
    })

  return { entry, archive, entries: () => entries, size: () => size }
}
