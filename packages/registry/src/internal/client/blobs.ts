/** Reading and deleting of blobs. */
import * as ContentError from "@ociman/oci/ContentError"
import type * as Digest from "@ociman/oci/Digest"
import * as Effect from "effect/Effect"
import { constVoid } from "effect/Function"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { RegistryError } from "../../RegistryError.js"
import type { Target } from "../authentication/authenticator.js"
import * as streams from "../byteStreams.js"
import * as headers from "../http/headers.js"
import * as responses from "../http/responses.js"
import type { Response } from "../http/transport.js"
import { addressOf } from "./endpoints.js"
import { type Client, isTransientFailure, type RegistryRequest } from "./requests.js"

/** A blob in a repository. */
export interface RemoteBlob {
  readonly client: Client
  readonly target: Target
  /** The path of the repository. */
  readonly repository: string
  readonly digest: Digest.Digest
  /** Called with each response that contains bytes of the blob. */
  readonly onResponse?: (response: Response) => void
}

export interface Stat {
  readonly digest: Digest.Digest
  readonly size: Option.Option<number>
}

interface Range {
  readonly offset: number
  /** Default: up to the end. */
  readonly length?: number | undefined
}

const requestOf = (
  { digest, repository, target }: RemoteBlob,
  method: RegistryRequest["method"]
): RegistryRequest => ({
  method,
  target,
  address: addressOf(target, `/v2/${repository}/blobs/${digest}`)
})

const sizeOf = (response: Response): Option.Option<number> =>
  responses.isEncoded(response) ? Option.none() : headers.size(response.headers["content-length"])

/**
 * Checks by HEAD if a blob exists. The result is unknown if the registry does not support it, or redirects to storage
 * that does not.
 */
export const statByHead = (blob: RemoteBlob): Effect.Effect<Option.Option<Stat> | "Unknown", RegistryError> =>
  Effect.gen(function*() {
    const { client, digest, target } = blob
    const request = { ...requestOf(blob, "HEAD"), awaitsWrites: false }
    const response = yield* client.send(request)
    const isForeign = response.request.address.host !== target.registry.host
    const isUnsupported = isForeign && response.status < 500 || response.status === 405
    if (response.status !== 200 && response.status !== 404 && !isUnsupported) {
      return yield* client.fail(request, response)
    }
    yield* responses.drop(response)
    if (response.status === 200) return Option.some({ digest, size: sizeOf(response) })
    return response.status === 404 ? Option.none() : "Unknown"
  })

/** Checks if a blob exists, if necessary by requesting its first byte. */
export const stat = (blob: RemoteBlob): Effect.Effect<Option.Option<Stat>, RegistryError> =>
  Effect.gen(function*() {
    const known = yield* statByHead(blob)
    if (known !== "Unknown") return known
    const request = { ...requestOf(blob, "GET"), headers: { range: "bytes=0-0" } }
    const response = yield* blob.client.send(request)
    if (response.status === 404) return yield* Effect.as(responses.drop(response), Option.none())
    if (![200, 206, 416].includes(response.status)) return yield* blob.client.fail(request, response)
    yield* responses.drop(response)
    const size = response.status === 200
      ? sizeOf(response)
      : Option.flatMap(headers.contentRange(response.headers["content-range"]), ({ total }) => total)
    return Option.some({ digest: blob.digest, size })
  })

interface Part {
  /** Offset of the next byte to fetch. */
  readonly from: number
  /** Offset after the last byte; `undefined` for the end of the blob. */
  readonly to: number | undefined
}

/** Size of the blob, if known. */
type ExpectedSize = number | undefined

/** Body of a response, and whether it is the requested part or continues to the end of the blob. */
interface OpenedPart {
  readonly bytes: Stream.Stream<Uint8Array, RegistryError>
  readonly isPart: boolean
}

/** Requests a part of a blob. */
const openPart = (
  blob: RemoteBlob,
  { from, to }: Part,
  expected: ExpectedSize
): Effect.Effect<OpenedPart, RegistryError | ContentError.SizeMismatch> =>
  Effect.gen(function*() {
    const { client, digest, onResponse = constVoid } = blob
    const isWhole = from === 0 && to === undefined
    const range = { range: `bytes=${from}-${to === undefined ? "" : to - 1}` }
    const request = { ...requestOf(blob, "GET"), headers: { accept: "*/*", ...(isWhole ? {} : range) } }
    const response = yield* client.send(request)
    onResponse(response)
    if (response.status === 200) {
      const size = sizeOf(response)
      if (expected !== undefined && Option.isSome(size) && size.value !== expected) {
        yield* responses.drop(response)
        return yield* new ContentError.SizeMismatch({ digest, expected, actual: size.value })
      }
      return { bytes: streams.skip(from)(response.body), isPart: false }
    }
    if (response.status === 206) {
      const sent = headers.contentRange(response.headers["content-range"])
      if (Option.exists(sent, ({ first, last }) => first === from && (to === undefined || last < to))) {
        return { bytes: response.body, isPart: true }
      }
      yield* responses.drop(response)
      return yield* responses.failure(response, "InvalidResponse", "its Content-Range is not the requested range")
    }
    if (response.status === 416 && from > 0) {
      yield* responses.drop(response)
      if (expected === undefined || from >= expected) return { bytes: Stream.empty, isPart: true }
    }
    return yield* client.fail(request, response)
  })

type Bytes = Stream.Stream<Uint8Array, RegistryError | ContentError.SizeMismatch>

/** Streams a range of a blob. After a lost connection, fetches only the missing bytes. */
export const fetch = (
  blob: RemoteBlob,
  { length, offset }: Range,
  expected?: number,
  onOpen: (isPart: boolean) => void = constVoid
): Bytes =>
  length === 0 ? Stream.empty : Stream.suspend(() => {
    const { client, target } = blob
    const to = length === undefined ? undefined : offset + length
    let from = offset
    let failures = 0
    const rest: Bytes = Stream.unwrap(
      Effect.map(Effect.suspend(() => openPart(blob, { from, to }, expected)), ({ bytes, isPart }) => {
        onOpen(isPart)
        return (isPart || to === undefined ? bytes : streams.take(to - from)(bytes)).pipe(
          streams.count((received) => {
            from += received
            failures = 0
          }),
          Stream.catchAll((error) => {
            const isComplete = expected !== undefined && from > expected || to !== undefined && from >= to
            if (isComplete || !isTransientFailure(error) || failures >= client.retries) return Stream.fail(error)
            failures++
            return Stream.unwrap(Effect.as(client.backOff(target.registry), rest))
          })
        )
      })
    )
    return rest
  })

/** Fetches a small blob at once. After a lost connection, starts again. */
export const fetchAll = (
  blob: RemoteBlob,
  expected: number
): Effect.Effect<Uint8Array, RegistryError | ContentError.SizeMismatch> => {
  const { client, digest, onResponse = constVoid, target } = blob
  const request = { ...requestOf(blob, "GET"), headers: { accept: "*/*" } }
  const attempt = Effect.gen(function*() {
    const response = yield* client.expect(request, 200)
    onResponse(response)
    const size = sizeOf(response)
    if (Option.exists(size, (size) => size !== expected)) {
      yield* responses.drop(response)
      return yield* new ContentError.SizeMismatch({ digest, expected, actual: Option.getOrElse(size, () => 0) })
    }
    return yield* Option.isSome(size) ? response.whole : responses.collect(response, expected + 1, "the blob")
  })
  const withRetries = (left: number): Effect.Effect<Uint8Array, RegistryError | ContentError.SizeMismatch> =>
    Effect.catchAll(attempt, (error) =>
      error._tag === "SizeMismatch" || !isTransientFailure(error) || left === 0
        ? Effect.fail(error)
        : Effect.zipRight(client.backOff(target.registry), withRetries(left - 1)))
  return withRetries(client.retries)
}

/** Settings of fetching a blob in concurrent parts. */
export interface Parts {
  readonly concurrency: number
  /** Size of a part in bytes. */
  readonly size: number
}

/**
 * Streams a range of a blob from parts that are fetched concurrently and buffered in memory until their turn. Fetches the
 * range at once if the registry does not support range requests.
 */
export const fetchParts = (
  blob: RemoteBlob,
  { length, offset }: { readonly offset: number; readonly length: number },
  parts: Parts,
  expected?: number
): Bytes => {
  const end = offset + length
  if (parts.concurrency <= 1 || length <= parts.size) {
    return fetch(blob, end === expected ? { offset } : { offset, length }, expected)
  }
  const part = (from: number, onOpen?: (isPart: boolean) => void) =>
    fetch(blob, { offset: from, length: Math.min(parts.size, end - from) }, expected, onOpen)
  const next = offset + parts.size
  const others = Stream.iterate(next, (from) => from + parts.size).pipe(
    Stream.takeWhile((from) => from < end),
    Stream.mapEffect((from) => Stream.runCollect(part(from)), { concurrency: parts.concurrency }),
    Stream.flattenChunks
  )
  return Stream.suspend(() => {
    let supportsRanges = false
    return Stream.concat(
      part(offset, (isPart) => supportsRanges = isPart),
      Stream.suspend(() => supportsRanges ? others : fetch(blob, { offset: next, length: end - next }, expected))
    )
  })
}

/** Streams a range of a blob of unknown size. */
export const fetchRange = (
  blob: RemoteBlob,
  { length, offset }: Range,
  parts: Parts
): Stream.Stream<Uint8Array, RegistryError> =>
  Stream.catchTag(
    length === undefined ? fetch(blob, { offset }) : fetchParts(blob, { offset, length }, parts),
    "SizeMismatch",
    Effect.die
  )

export const remove = (blob: RemoteBlob): Effect.Effect<void, RegistryError> =>
  Effect.flatMap(blob.client.expect(requestOf(blob, "DELETE"), 202, 200, 204), responses.drop)
