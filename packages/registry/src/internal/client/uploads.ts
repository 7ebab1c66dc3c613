/** Uploads of blobs: in one request, in chunks if the registry requires it. */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { RegistryError } from "../../RegistryError.js"
import { collect } from "../bytes.js"
import * as addresses from "../http/address.js"
import type { Body } from "../http/transport.js"
import * as chunkedUploads from "./chunkedUploads.js"
import { isTransientFailure } from "./requests.js"
import * as sessions from "./uploadSessions.js"
import type { Session, Upload } from "./uploadSessions.js"

/** Failure of the content stream rather than of the registry. */
interface SourceFailed<E> {
  readonly _tag: "SourceFailed"
  readonly error: E
}

/** Runs a request with the content as its body, and distinguishes failures of the content. */
const withSource = <E, A, E2>(
  content: Stream.Stream<Uint8Array, E>,
  request: (content: Stream.Stream<Uint8Array, E>) => Effect.Effect<A, E2>
): Effect.Effect<A, SourceFailed<E> | E2> =>
  Effect.suspend(() => {
    let failure: Cause.Cause<E> | undefined
    const observed = Stream.tapErrorCause(content, (cause) =>
      Effect.sync(() => {
        if (!Cause.isInterruptedOnly(cause)) failure = cause
      }))
    return Effect.flatMap(
      Effect.exit(request(observed)),
      (exit): Effect.Effect<A, SourceFailed<E> | E2> =>
        failure === undefined
          ? exit
          : Effect.failCause(Cause.map(failure, (error) => ({ _tag: "SourceFailed", error }) as const))
    )
  })

/** Maximum size of a blob that is held in memory, and verified before it is sent. */
const smallSize = 1024 * 1024

/** Uploads the blob in one request. */
const putWhole = <E>(
  upload: Upload,
  session: Session,
  content: Stream.Stream<Uint8Array, E>,
  bytes: Option.Option<Uint8Array>
) =>
  withSource(content, (stream) => {
    const body: Body = Option.match(bytes, {
      onNone: () => ({ _tag: "Stream", stream, size: upload.size }),
      onSome: (bytes) => ({ _tag: "Bytes", bytes })
    })
    return sessions.finish(upload, session, body)
  })

/** Checks if the registry may accept the blob in chunks. */
const isTooLarge = (error: RegistryError): boolean =>
  error._tag === "RegistryFailed" && [411, 413, 416].includes(error.status ?? 0)

/** Uploads a blob: in one request if possible, else in chunks. Continues after a lost connection. */
export const push = <E>(
  upload: Upload,
  content: Stream.Stream<Uint8Array, E>,
  opened: Option.Option<Session>
): Effect.Effect<void, E | RegistryError> =>
  upload.size > Math.min(smallSize, upload.chunkSize)
    ? send(upload, content, Option.none(), opened)
    : pushBytes(upload, collect(content, upload.size), opened)

/** Uploads a blob that is small enough to be held in memory. */
export const pushBytes = <E>(
  upload: Upload,
  content: Effect.Effect<Uint8Array, E>,
  opened: Option.Option<Session>
): Effect.Effect<void, E | RegistryError> =>
  Effect.flatMap(
    Effect.onError(
      content,
      () => Effect.forEach(Option.toArray(opened), (session) => sessions.cancel(upload, session))
    ),
    (bytes) => send(upload, Stream.make(bytes), Option.some(bytes), opened)
  )

const send = <E>(
  upload: Upload,
  content: Stream.Stream<Uint8Array, E>,
  bytes: Option.Option<Uint8Array>,
  opened: Option.Option<Session>
): Effect.Effect<void, E | RegistryError> => {
  const { chunkSize, client, rejectedSizes, size } = upload
  const host = addresses.authority(upload.target.registry)
  const isKnownTooLarge = size >= (rejectedSizes.get(host) ?? Infinity)
  const attempt = (session: Session, left: number): Effect.Effect<void, E | RegistryError> =>
    Effect.catchAll(putWhole(upload, session, content, bytes), (error) => {
      if (error._tag === "SourceFailed") return Effect.fail(error.error)
      if (isTooLarge(error) && chunkSize > 0) {
        rejectedSizes.set(host, Math.min(size, rejectedSizes.get(host) ?? size))
        return Effect.flatMap(
          sessions.begin(upload),
          (session) => chunkedUploads.push(upload, { session, offset: 0 }, content)
        )
      }
      if (left === 0 || !isTransientFailure(error) && !sessions.isLost(error)) return Effect.fail(error)
      return Effect.gen(function*() {
        yield* client.backOff(session.location)
        const progress = size <= chunkSize || chunkSize === 0 || sessions.isLost(error)
          ? Option.none()
          : yield* chunkedUploads.queryProgress(upload, session, size)
        return yield* Option.match(Option.filter(progress, ({ offset }) => offset > 1), {
          onSome: (progress) => chunkedUploads.push(upload, progress, content),
          onNone: () => Effect.flatMap(sessions.begin(upload), (next) => attempt(next, left - 1))
        })
      })
    })
  return Effect.gen(function*() {
    const session = Option.isSome(opened) ? opened.value : yield* sessions.begin(upload)
    const sent: Effect.Effect<void, E | RegistryError> = isKnownTooLarge
      ? chunkedUploads.push(upload, { session, offset: 0 }, content)
      : attempt(session, client.retries)
    yield* Effect.onError(sent, () => sessions.cancel(upload, session))
  })
}
