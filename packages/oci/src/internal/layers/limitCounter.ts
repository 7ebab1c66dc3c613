import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { Header } from "../tar/model.js"
import { encode } from "../values/text.js"
import type { Limits } from "./limits.js"

/** Exceeded limit. `path` is the entry, empty if unknown. */
export interface Exceeded {
  readonly path: string
  readonly rule: string
}

/** Counts the content of consecutive layers. Mutable. */
export interface Counter {
  /** Counts an entry at a depth. Returns the exceeded limit, if any. */
  readonly entry: (header: Header, depth: number) => Exceeded | undefined
  /** Decompresses a layer. Fails if the archive exceeds the limits for its compressed size. */
  readonly archive: <E, R, E2, R2, F>(
    bytes: Stream.Stream<Uint8Array, E, R>,
    decompress: (bytes: Stream.Stream<Uint8Array, E, R>) => Stream.Stream<Uint8Array, E2, R2>,
    fail: (exceeded: Exceeded) => F
  ) => Stream.Stream<Uint8Array, E2 | F, R2>
  readonly entries: () => number
  /** Decompressed size of all layers in bytes. */
  readonly size: () => number
}

/** Size from which the ratio is checked: a small file of zeros is harmless. */
const ratioFrom = 64 * 1024 ** 2

/** Reports whether the decompressed size indicates a decompression bomb. */
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
      return { path: shortened(header.path), rule: `at most ${limits.depth} nested directories` }
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
          const rule = `at most ${limits.ratio} times the compressed size of a layer`
          return Effect.fail(fail({ path: "", rule }))
        }
        return size > limits.size
          ? Effect.fail(fail({ path: "", rule: `at most ${limits.size} bytes in all` }))
          : Effect.void
      })
    })

  return { entry, archive, entries: () => entries, size: () => size }
}
