/** Blobs: looked at, fetched and deleted. */
import * as ContentError from "@ociman/oci/ContentError"
import type * as Digest from "@ociman/oci/Digest"
import * as Effect from "effect/Effect"
import { constVoid } from "effect/Function"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { Range, Stat } from "../Registry.js"
import type { RegistryError } from "../RegistryError.js"
import * as answers from "./answers.js"
import { type Call, type Client, isPassingFailure } from "./client.js"
import { at } from "./endpoints.js"
import * as headers from "./headers.js"
import type { Target } from "./proofs.js"
import * as streams from "./streams.js"
import type { Answer } from "./transport.js"

/** Where a blob is. */
export interface Place {
  readonly client: Client
  readonly target: Target
  /** The path of the repository. */
  readonly repository: string
  readonly digest: Digest.Digest
  /** Is told of each answer that has bytes of the blob. */
  readonly heard?: (answer: Answer) => void
}

const call = ({ digest, repository, target }: Place, method: Call["method"]): Call => ({
  method,
  target,
  address: at(target, `/v2/${repository}/blobs/${digest}`)
})

const sizeOf = (answer: Answer): Option.Option<number> =>
  answers.isEncoded(answer) ? Option.none() : headers.size(answer.headers["content-length"])

/**
 * Whether there is a blob, if that can be told: storage that a registry redirects to may not answer such questions.
 */
export const peek = (place: Place): Effect.Effect<Option.Option<Stat> | "Unknown", RegistryError> =>
  Effect.gen(function*() {
    const { client, digest, target } = place
    const asked = { ...call(place, "HEAD"), isAwaited: false }
    const answer = yield* client.send(asked)
    const isElsewhere = answer.request.address.host !== target.registry.host
    const cannotTell = isElsewhere && answer.status < 500 || answer.status === 405
    if (answer.status !== 200 && answer.status !== 404 && !cannotTell) return yield* client.refuse(asked, answer)
    yield* answers.drop(answer)
    if (answer.status === 200) return Option.some({ digest, size: sizeOf(answer) })
    return answer.status === 404 ? Option.none() : "Unknown"
  })

/** Whether there is a blob, if need be by asking for its first byte. */
export const stat = (place: Place): Effect.Effect<Option.Option<Stat>, RegistryError> =>
  Effect.gen(function*() {
    const known = yield* peek(place)
    if (known !== "Unknown") return known
    const asked = { ...call(place, "GET"), headers: { range: "bytes=0-0" } }
    const answer = yield* place.client.send(asked)
    if (answer.status === 404) return yield* Effect.as(answers.drop(answer), Option.none())
    if (![200, 206, 416].includes(answer.status)) return yield* place.client.refuse(asked, answer)
    yield* answers.drop(answer)
    const size = answer.status === 200
      ? sizeOf(answer)
      : Option.flatMap(headers.contentRange(answer.headers["content-range"]), ({ total }) => total)
    return Option.some({ digest: place.digest, size })
  })

interface Part {
  /** The next byte that is wanted. */
  readonly from: number
  /** The one after the last, if it is not the end. */
  readonly to: number | undefined
}

/** How many bytes there must be in all, where that is known before. */
type Expected = number | undefined

/** What one answer has, and whether it is the part that was asked for or all of the blob from there on. */
interface Opened {
  readonly bytes: Stream.Stream<Uint8Array, RegistryError>
  readonly isPart: boolean
}

/** The bytes from where a part begins, as far as one answer goes. */
const open = (
  place: Place,
  { from, to }: Part,
  expected: Expected
): Effect.Effect<Opened, RegistryError | ContentError.SizeMismatch> =>
  Effect.gen(function*() {
    const { client, digest, heard = constVoid } = place
    const isWhole = from === 0 && to === undefined
    const range = { range: `bytes=${from}-${to === undefined ? "" : to - 1}` }
    const asked = { ...call(place, "GET"), headers: { accept: "*/*", ...(isWhole ? {} : range) } }
    const answer = yield* client.send(asked)
    heard(answer)
    if (answer.status === 200) {
      const size = sizeOf(answer)
      if (expected !== undefined && Option.isSome(size) && size.value !== expected) {
        yield* answers.drop(answer)
        return yield* new ContentError.SizeMismatch({ digest, expected, actual: size.value })
      }
      return { bytes: streams.skip(from)(answer.body), isPart: false }
    }
    if (answer.status === 206) {
      const sent = headers.contentRange(answer.headers["content-range"])
      if (Option.exists(sent, ({ first, last }) => first === from && (to === undefined || last < to))) {
        return { bytes: answer.body, isPart: true }
      }
      yield* answers.drop(answer)
      return yield* answers.failure(answer, "InvalidAnswer", "it sends another part than the one that was asked for")
    }
    if (answer.status === 416 && from > 0) {
      yield* answers.drop(answer)
      if (expected === undefined || from >= expected) return { bytes: Stream.empty, isPart: true }
    }
    return yield* client.refuse(asked, answer)
  })

type Bytes = Stream.Stream<Uint8Array, RegistryError | ContentError.SizeMismatch>

/** The bytes of a blob; those that a lost connection took away are fetched again, and no others. */
export const fetch = (
  place: Place,
  { length, offset }: Range,
  expected?: number,
  opened: (isPart: boolean) => void = constVoid
): Bytes =>
  length === 0 ? Stream.empty : Stream.suspend(() => {
    const { client, target } = place
    const to = length === undefined ? undefined : offset + length
    let from = offset
    let failures = 0
    const rest: Bytes = Stream.unwrap(
      Effect.map(Effect.suspend(() => open(place, { from, to }, expected)), ({ bytes, isPart }) => {
        opened(isPart)
        return (isPart || to === undefined ? bytes : streams.take(to - from)(bytes)).pipe(
          streams.count((received) => {
            from += received
            failures = 0
          }),
          Stream.catchAll((error) => {
            const isOver = expected !== undefined && from > expected || to !== undefined && from >= to
            if (isOver || !isPassingFailure(error) || failures >= client.times) return Stream.fail(error)
            failures++
            return Stream.unwrap(Effect.as(client.recover(target.registry), rest))
          })
        )
      })
    )
    return rest
  })

/** All bytes of a small blob, which are fetched again from the beginning if the connection is lost. */
export const whole = (
  place: Place,
  expected: number
): Effect.Effect<Uint8Array, RegistryError | ContentError.SizeMismatch> => {
  const { client, digest, heard = constVoid, target } = place
  const asked = { ...call(place, "GET"), headers: { accept: "*/*" } }
  const attempt = Effect.gen(function*() {
    const answer = yield* client.expect(asked, 200)
    heard(answer)
    const size = sizeOf(answer)
    if (Option.exists(size, (size) => size !== expected)) {
      yield* answers.drop(answer)
      return yield* new ContentError.SizeMismatch({ digest, expected, actual: Option.getOrElse(size, () => 0) })
    }
    return yield* Option.isSome(size) ? answer.whole : answers.collect(answer, expected + 1, "the blob")
  })
  const again = (left: number): Effect.Effect<Uint8Array, RegistryError | ContentError.SizeMismatch> =>
    Effect.catchAll(attempt, (error) =>
      error._tag === "SizeMismatch" || !isPassingFailure(error) || left === 0
        ? Effect.fail(error)
        : Effect.zipRight(client.recover(target.registry), again(left - 1)))
  return again(client.times)
}

/** How parts of a blob are fetched at the same time. */
export interface Parts {
  readonly concurrency: number
  /** Of each part, in bytes. */
  readonly size: number
}

/**
 * The bytes up to an end that is known, in parts that are fetched at the same time. Each is held in memory until those
 * before it have passed. A registry that knows no parts is asked for the rest at once.
 */
export const fetchParts = (
  place: Place,
  { length, offset }: { readonly offset: number; readonly length: number },
  parts: Parts,
  expected?: number
): Bytes => {
  const end = offset + length
  if (parts.concurrency <= 1 || length <= parts.size) {
    return fetch(place, end === expected ? { offset } : { offset, length }, expected)
  }
  const part = (from: number, opened?: (isPart: boolean) => void) =>
    fetch(place, { offset: from, length: Math.min(parts.size, end - from) }, expected, opened)
  const next = offset + parts.size
  const others = Stream.iterate(next, (from) => from + parts.size).pipe(
    Stream.takeWhile((from) => from < end),
    Stream.mapEffect((from) => Stream.runCollect(part(from)), { concurrency: parts.concurrency }),
    Stream.flattenChunks
  )
  return Stream.suspend(() => {
    let knowsParts = false
    return Stream.concat(
      part(offset, (isPart) => knowsParts = isPart),
      Stream.suspend(() => knowsParts ? others : fetch(place, { offset: next, length: end - next }, expected))
    )
  })
}

/** A part of a blob, of which nobody knows how large it is. */
export const fetchRange = (
  place: Place,
  { length, offset }: Range,
  parts: Parts
): Stream.Stream<Uint8Array, RegistryError> =>
  Stream.catchTag(
    length === undefined ? fetch(place, { offset }) : fetchParts(place, { offset, length }, parts),
    "SizeMismatch",
    Effect.die
  )

/** Deletes a blob. */
export const remove = (place: Place): Effect.Effect<void, RegistryError> =>
  Effect.flatMap(place.client.expect(call(place, "DELETE"), 202, 200, 204), answers.drop)
