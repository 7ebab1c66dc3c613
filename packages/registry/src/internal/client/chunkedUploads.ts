/** Uploads of blobs in chunks, which continue where a lost connection interrupted them. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { RegistryError } from "../../RegistryError.js"
import * as streams from "../byteStreams.js"
import * as headers from "../http/headers.js"
import * as responses from "../http/responses.js"
import type { Response } from "../http/transport.js"
import * as blobs from "./blobs.js"
import { isTransientFailure, isTransientStatus } from "./requests.js"
import * as sessions from "./uploadSessions.js"
import type { Session, Upload } from "./uploadSessions.js"

/** Maximum chunk size, even if the registry requires more; a chunk is held in memory. */
const largestChunk = 64 * 1024 * 1024

/** Number of bytes that the registry has received, and the session for the rest. */
export interface Progress {
  readonly session: Session
  readonly offset: number
}

/** Reads the progress from a response, if it contains it. */
const progressOf = (
  upload: Upload,
  { location }: Session,
  response: Response,
  sent: number
): Effect.Effect<Option.Option<Progress>, RegistryError> =>
  Effect.gen(function*() {
    const offset = Option.map(headers.lastByte(response.headers["range"]), (last) => last + 1)
    if (Option.isNone(offset)) return Option.none()
    if (offset.value > sent) {
      return yield* responses.failure(response, "InvalidResponse", "its Range is larger than what was sent")
    }
    const session = response.headers["location"] === undefined
      ? { location, minimumChunk: 0 }
      : yield* sessions.sessionOf(upload, response)
    return Option.some({ session, offset: offset.value })
  })

/** Requests the progress of a session; none if it no longer exists. */
export const queryProgress = (
  upload: Upload,
  session: Session,
  sent: number
): Effect.Effect<Option.Option<Progress>, RegistryError> =>
  Effect.gen(function*() {
    const { client, target } = upload
    const response = yield* client.send({ method: "GET", target, address: session.location })
    yield* responses.drop(response)
    return response.status === 204 || response.status === 202 || response.status === 200
      ? yield* progressOf(upload, session, response, sent)
      : Option.none()
  })

/** Uploads a chunk. Repeats the part of it that the registry has not received. */
const patch = (
  upload: Upload,
  { offset, session }: Progress,
  chunk: Uint8Array,
  left: number
): Effect.Effect<Progress, RegistryError> =>
  Effect.gen(function*() {
    const { client, target } = upload
    const end = offset + chunk.length
    const request = {
      method: "PATCH" as const,
      target,
      address: session.location,
      headers: { "content-type": "application/octet-stream", "content-range": `${offset}-${end - 1}` },
      body: { _tag: "Bytes", bytes: chunk } as const,
      isRetried: false
    }
    const proceed = (known: Option.Option<Progress>, otherwise: Effect.Effect<Progress, RegistryError>) =>
      Option.match(known, {
        onNone: () => otherwise,
        onSome: (progress) => {
          // Registries also respond `0-0` if they have received nothing.
          const from = offset === 0 && progress.offset === 1 && end > 1 ? 0 : progress.offset
          if (from < offset || left === 0) return otherwise
          const rest = chunk.subarray(from - offset)
          return from === end
            ? Effect.succeed(progress)
            : patch(upload, { ...progress, offset: from }, rest, from > offset ? left : left - 1)
        }
      })
    const attempt = yield* Effect.either(client.send(request))
    if (attempt._tag === "Left") {
      if (!isTransientFailure(attempt.left)) return yield* attempt.left
      yield* client.backOff(session.location)
      return yield* proceed(yield* queryProgress(upload, session, end), Effect.fail(attempt.left))
    }
    const response = attempt.right
    if (response.status === 202 || response.status === 201 || response.status === 204) {
      yield* responses.drop(response)
      const next = response.headers["location"] === undefined ? session : yield* sessions.sessionOf(upload, response)
      const known = yield* progressOf(upload, next, response, end)
      // Not every registry counts correctly; the status says that it accepted the chunk.
      const isShort = Option.filter(known, (progress) => progress.offset > Math.max(offset, 1) && progress.offset < end)
      return yield* proceed(isShort, Effect.succeed({ session: next, offset: end }))
    }
    // Reads the body first, which is possible only once.
    const error = yield* Effect.flip(client.fail(request, response))
    if (response.status !== 416 && !isTransientStatus(response.status)) return yield* error
    const reported = yield* progressOf(upload, session, response, end)
    if (response.status !== 416) yield* client.backOff(session.location)
    const known = Option.isSome(reported) ? reported : yield* queryProgress(upload, session, end)
    // Such a request was not processed at all.
    const unprocessed = response.status === 429 || response.status === 408
      ? Option.some({ session, offset })
      : Option.none()
    return yield* proceed(Option.orElse(known, () => unprocessed), error)
  })

/** Completes a chunked upload. A session that is lost after an attempt to complete it has succeeded if the blob exists. */
const complete = (
  upload: Upload,
  session: Session,
  left: number,
  isRetry = false
): Effect.Effect<void, RegistryError> =>
  Effect.catchAll(sessions.finish(upload, session, sessions.emptyBody), (error) => {
    if (left > 0 && isTransientFailure(error)) {
      return Effect.zipRight(upload.client.backOff(session.location), complete(upload, session, left - 1, true))
    }
    return isRetry && sessions.isLost(error)
      ? Effect.flatMap(
        blobs.statByHead(upload),
        (existing) => existing !== "Unknown" && Option.isSome(existing) ? Effect.void : Effect.fail(error)
      )
      : Effect.fail(error)
  })

/** Uploads the rest of a blob in chunks, and completes the upload. */
export const push = <E>(
  upload: Upload,
  from: Progress,
  content: Stream.Stream<Uint8Array, E>
): Effect.Effect<void, E | RegistryError> =>
  Effect.gen(function*() {
    const { client } = upload
    const size = Math.min(Math.max(upload.chunkSize, from.session.minimumChunk), largestChunk)
    const rest = content.pipe(streams.skip(from.offset), streams.rechunk(size))
    const sent = yield* Stream.runFoldEffect(
      rest,
      from,
      (progress, chunk) => patch(upload, progress, chunk, client.retries)
    )
    yield* complete(upload, sent.session, client.retries)
  })
