import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import { isUint8Array } from "effect/Predicate"
import * as Stream from "effect/Stream"
import { isNoUnicode } from "../values/text.js"
import { blockSize, encodeHeader, type Fault, paddingOf } from "./header.js"
import type { Header } from "./model.js"

/** Entry to write. Only a file has content. */
export interface Item<out E = never, out R = never> {
  readonly header: Header
  readonly content: Uint8Array | Stream.Stream<Uint8Array, E, R>
  /** The same content in buffers that are overwritten when the next one is requested. */
  readonly reused?: Stream.Stream<Uint8Array, E, R> | undefined
}

const slabSize = 128 * 1024

const maxSpare = 16

/** Size from which a buffer is passed on without copying. */
const copyLimit = 32 * 1024

/** Gathers small buffers into larger ones, which cost less overhead; reuses memory if allowed. */
const makeGatherer = (reuse: boolean) => {
  let slab: Uint8Array = new Uint8Array(slabSize)
  let begin = 0
  let end = 0
  let out: Array<Uint8Array> = []
  let full: Array<Uint8Array> = []
  let spare: Array<Uint8Array> = []

  const nextSlab = (): Uint8Array => {
    const next = spare.pop()
    return next === undefined ? new Uint8Array(slabSize) : next.fill(0)
  }

  const flush = () => {
    if (end > begin) out.push(slab.subarray(begin, end))
    begin = end
  }

  /** Reserves the next bytes, filled with zeros. */
  const take = (length: number): Uint8Array => {
    if (end + length > slabSize) {
      flush()
      if (reuse) full.push(slab)
      slab = nextSlab()
      begin = end = 0
    }
    end += length
    return slab.subarray(end - length, end)
  }

  return {
    take,
    /** Reclaims memory: the consumer no longer uses earlier output. */
    reclaim: (): void => {
      spare = [...spare, ...full].slice(0, maxSpare)
      full = []
    },
    add: (bytes: Uint8Array): void => {
      if (bytes.length < copyLimit) {
        take(bytes.length).set(bytes)
      } else {
        flush()
        out.push(bytes)
      }
    },
    /** Output that is complete so far. */
    full: (): Chunk.Chunk<Uint8Array> => {
      const all = Chunk.unsafeFromArray(out)
      out = []
      return all
    },
    /** All output so far. */
    all: (): Chunk.Chunk<Uint8Array> => {
      flush()
      const all = Chunk.unsafeFromArray(out)
      out = []
      return all
    }
  }
}

type Gatherer = ReturnType<typeof makeGatherer>

const check = ({ path, size, target, type, modified }: Header): Fault | undefined =>
  isNoUnicode(path) || isNoUnicode(target)
    ? { path, reason: "InvalidName", detail: "" }
    : path === "" || path.includes("\0") || target.includes("\0")
    ? { path, reason: "Malformed", detail: "a name is empty or contains a NUL" }
    : Number.isNaN(modified.getTime()) || (type === "File" && !(Number.isSafeInteger(size) && size >= 0))
    ? { path, reason: "Malformed", detail: "its size or its time is not a number" }
    : undefined

const mismatch = ({ path, size }: Header): Fault => ({
  path,
  reason: "SizeMismatch",
  detail: `${size} bytes were announced`
})

/** Checks that a stream has the size of the header. */
const sized = <E, R, F>(
  header: Header,
  content: Stream.Stream<Uint8Array, E, R>,
  onFault: (fault: Fault) => F
): Stream.Stream<Uint8Array, E | F, R> =>
  Stream.suspend(() => {
    let remaining = header.size
    return content.pipe(
      Stream.tap((bytes) => (remaining -= bytes.length) < 0 ? Effect.fail(onFault(mismatch(header))) : Effect.void),
      Stream.concat(Stream.suspend(() => remaining === 0 ? Stream.empty : Stream.fail(onFault(mismatch(header)))))
    )
  })

const addItems = <E, R, F>(
  gatherer: Gatherer,
  items: ReadonlyArray<Item<E, R>>,
  from: number,
  reuse: boolean,
  onFault: (fault: Fault) => F
): Stream.Stream<Uint8Array, E | F, R> => {
  gatherer.reclaim()
  for (let i = from; i < items.length; i++) {
    const item = items[i]
    if (item === undefined) break
    const { header } = item
    const content = reuse ? item.reused ?? item.content : item.content
    const fault = check(header)
    if (fault !== undefined) return Stream.fail(onFault(fault))
    gatherer.add(encodeHeader(header))
    if (header.type !== "File") continue
    if (isUint8Array(content)) {
      if (content.length !== header.size) return Stream.fail(onFault(mismatch(header)))
      gatherer.add(content)
      gatherer.take(paddingOf(header.size))
    } else {
      return Stream.fromChunk(gatherer.all()).pipe(
        Stream.concat(sized(header, content, onFault)),
        Stream.concat(Stream.suspend(() => {
          gatherer.take(paddingOf(header.size))
          return addItems(gatherer, items, i + 1, reuse, onFault)
        }))
      )
    }
  }
  return Stream.fromChunk(gatherer.full())
}

/**
 * Encodes entries, gathered into buffers of up to 128 KiB. With `reuse`, buffers are overwritten when the next one is
 * requested.
 */
export const encodeItems = <E, R, E2, R2, F>(
  items: Stream.Stream<Item<E2, R2>, E, R>,
  reuse: boolean,
  onFault: (fault: Fault) => F
): Stream.Stream<Uint8Array, E | E2 | F, R | R2> =>
  Stream.suspend(() => {
    const gatherer = makeGatherer(reuse)
    return items.pipe(
      Stream.chunks,
      Stream.flatMap((chunk) => addItems(gatherer, Chunk.toReadonlyArray(chunk), 0, reuse, onFault)),
      Stream.concat(Stream.suspend(() => {
        gatherer.take(2 * blockSize)
        return Stream.fromChunk(gatherer.all())
      }))
    )
  })
