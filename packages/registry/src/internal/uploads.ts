/** Blobs on their way to a registry. */
import type * as Digest from "@ociman/oci/Digest"
import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { RegistryError } from "../RegistryError.js"
import type { Address } from "./address.js"
import * as addresses from "./address.js"
import * as answers from "./answers.js"
import * as blobs from "./blobs.js"
import { collect } from "./bytes.js"
import { type Client, isPassing, isPassingFailure } from "./client.js"
import { at } from "./endpoints.js"
import * as headers from "./headers.js"
import type { Target } from "./proofs.js"
import * as streams from "./streams.js"
import type { Answer, Body } from "./transport.js"

/** Where to a blob goes. */
export interface Goal {
  readonly client: Client
  readonly target: Target
  /** The path of the repository. */
  readonly repository: string
  readonly digest: Digest.Digest
  readonly size: number
  /** How many bytes are sent at once where not all are; none if the registry does not take chunks. */
  readonly chunkSize: number
  /** From how many bytes on a blob is not taken whole, by the registry's address, as far as that was found out. */
  readonly tooLarge: Map<string, number>
}

/** Where the rest of an upload goes; it is another place after each answer. */
export interface Session {
  readonly location: Address
  /** The least that the registry takes at once, but for the last chunk. */
  readonly least: number
}

const nothing: Body = { _tag: "Bytes", bytes: new Uint8Array(0) }

/** More than this is not held in memory for a registry that wants large chunks. */
const largestChunk = 64 * 1024 * 1024

const sessionOf = ({ client, target }: Goal, answer: Answer): Effect.Effect<Session, RegistryError> =>
  Effect.gen(function*() {
    const location = answer.headers["location"]
    if (location === undefined) {
      return yield* answers.failure(answer, "InvalidAnswer", "it does not say where to send the blob")
    }
    const least = Option.getOrElse(headers.size(answer.headers["oci-chunk-min-length"]), () => 0)
    return { location: yield* client.pointed(target, "upload", answer, location), least }
  })

const start = ({ digest, repository, target }: Goal, query: ReadonlyArray<readonly [string, string]>) => ({
  method: "POST" as const,
  target,
  address: addresses.withQuery(at(target, `/v2/${repository}/blobs/uploads/`), [
    ...query,
    ...(digest.startsWith("sha256:") ? [] : [["digest-algorithm", digest.slice(0, digest.indexOf(":"))] as const])
  ]),
  body: nothing
})

const begin = (goal: Goal): Effect.Effect<Session, RegistryError> =>
  Effect.gen(function*() {
    const answer = yield* goal.client.expect(start(goal, []), 202)
    yield* answers.drop(answer)
    return yield* sessionOf(goal, answer)
  })

/** Whether an answer names another content than the one that was sent. */
const namesAnother = ({ digest }: Goal, answer: Answer): boolean => {
  const named = answer.headers["docker-content-digest"]
  return named !== undefined && named.includes(":") && named.split(":")[0] === digest.split(":")[0] && named !== digest
}

/** The blob is there, or else there may be a session in which it can be sent. */
export const mount = (goal: Goal, from: string): Effect.Effect<"Mounted" | Option.Option<Session>, RegistryError> =>
  Effect.gen(function*() {
    const answer = yield* goal.client.send(start(goal, [["mount", goal.digest], ["from", from]]))
    yield* answers.drop(answer)
    if (answer.status === 201 && !namesAnother(goal, answer)) return "Mounted"
    return answer.status === 202 ? yield* Effect.option(sessionOf(goal, answer)) : Option.none()
  })

/** Tells a registry that nothing more comes. It need not understand. */
export const cancel = ({ client, target }: Goal, { location }: Session): Effect.Effect<void> =>
  client.send({ method: "DELETE", target, address: location, isRepeated: false }).pipe(
    Effect.flatMap(answers.drop),
    Effect.interruptible,
    Effect.timeout(Duration.seconds(5)),
    Effect.ignore
  )

const finish = (goal: Goal, { location }: Session, body: Body) => ({
  method: "PUT" as const,
  target: goal.target,
  address: addresses.withQuery(location, [["digest", goal.digest]]),
  headers: { "content-type": "application/octet-stream" },
  body,
  isRepeated: false
})

const isStored = (goal: Goal, answer: Answer): Effect.Effect<void, RegistryError> =>
  namesAnother(goal, answer)
    ? Effect.fail(answers.failure(answer, "InvalidAnswer", `it stored something else than ${goal.digest}`))
    : goal.client.wrote(at(goal.target, `/v2/${goal.repository}/blobs/${goal.digest}`))

/** That what was to be sent could not be read; the registry has no part in that. */
interface SourceFailed<E> {
  readonly _tag: "SourceFailed"
  readonly error: E
}

/** Runs a request whose body may fail by itself, and tells that apart. */
const sending = <E, A, E2>(
  content: Stream.Stream<Uint8Array, E>,
  request: (content: Stream.Stream<Uint8Array, E>) => Effect.Effect<A, E2>
): Effect.Effect<A, SourceFailed<E> | E2> =>
  Effect.suspend(() => {
    let own: Cause.Cause<E> | undefined
    const observed = Stream.tapErrorCause(content, (cause) =>
      Effect.sync(() => {
        if (!Cause.isInterruptedOnly(cause)) own = cause
      }))
    return Effect.flatMap(
      Effect.exit(request(observed)),
      (exit): Effect.Effect<A, SourceFailed<E> | E2> =>
        own === undefined
          ? exit
          : Effect.failCause(Cause.map(own, (error) => ({ _tag: "SourceFailed", error }) as const))
    )
  })

/** What is held in memory rather than read again, and known to be right before it is sent. */
const smallSize = 1024 * 1024

/** The blob in one request. */
const whole = <E>(
  goal: Goal,
  session: Session,
  content: Stream.Stream<Uint8Array, E>,
  bytes: Option.Option<Uint8Array>
) =>
  sending(content, (stream) =>
    Effect.gen(function*() {
      const body: Body = Option.match(bytes, {
        onNone: () => ({ _tag: "Stream", stream, size: goal.size }),
        onSome: (bytes) => ({ _tag: "Bytes", bytes })
      })
      const answer = yield* goal.client.expect(finish(goal, session, body), 201, 204)
      yield* answers.drop(answer)
      yield* isStored(goal, answer)
    }))

/** How much of a blob a registry has, and where the rest goes. */
interface Progress {
  readonly session: Session
  readonly offset: number
}

const progressOf = (
  goal: Goal,
  { location }: Session,
  answer: Answer,
  sent: number
): Effect.Effect<Option.Option<Progress>, RegistryError> =>
  Effect.gen(function*() {
    const offset = Option.map(headers.lastByte(answer.headers["range"]), (last) => last + 1)
    if (Option.isNone(offset)) return Option.none()
    if (offset.value > sent) {
      return yield* answers.failure(answer, "InvalidAnswer", "it says that it has more than was sent")
    }
    const session = answer.headers["location"] === undefined ? { location, least: 0 } : yield* sessionOf(goal, answer)
    return Option.some({ session, offset: offset.value })
  })

/** Asks a registry how far it got. What it has no more is begun anew. */
const ask = (goal: Goal, session: Session, sent: number): Effect.Effect<Option.Option<Progress>, RegistryError> =>
  Effect.gen(function*() {
    const { client, target } = goal
    const answer = yield* client.send({ method: "GET", target, address: session.location })
    yield* answers.drop(answer)
    return answer.status === 204 || answer.status === 202 || answer.status === 200
      ? yield* progressOf(goal, session, answer, sent)
      : Option.none()
  })

/** One chunk, or what a registry did not take of it, until it has all of it. */
const patch = (
  goal: Goal,
  { offset, session }: Progress,
  chunk: Uint8Array,
  left: number
): Effect.Effect<Progress, RegistryError> =>
  Effect.gen(function*() {
    const { client, target } = goal
    const end = offset + chunk.length
    const asked = {
      method: "PATCH" as const,
      target,
      address: session.location,
      headers: { "content-type": "application/octet-stream", "content-range": `${offset}-${end - 1}` },
      body: { _tag: "Bytes", bytes: chunk } as const,
      isRepeated: false
    }
    const again = (known: Option.Option<Progress>, otherwise: Effect.Effect<Progress, RegistryError>) =>
      Option.match(known, {
        onNone: () => otherwise,
        onSome: (progress) => {
          // `0-0` is also what registries answer that have nothing yet.
          const from = offset === 0 && progress.offset === 1 && end > 1 ? 0 : progress.offset
          if (from < offset || left === 0) return otherwise
          return from === end
            ? Effect.succeed(progress)
            : patch(goal, { ...progress, offset: from }, chunk.subarray(from - offset), from > offset ? left : left - 1)
        }
      })
    const tried = yield* Effect.either(client.send(asked))
    if (tried._tag === "Left") {
      if (!isPassingFailure(tried.left)) return yield* tried.left
      yield* client.recover(session.location)
      return yield* again(yield* ask(goal, session, end), Effect.fail(tried.left))
    }
    const answer = tried.right
    if (answer.status === 202 || answer.status === 201 || answer.status === 204) {
      yield* answers.drop(answer)
      const next = answer.headers["location"] === undefined ? session : yield* sessionOf(goal, answer)
      const known = yield* progressOf(goal, next, answer, end)
      // Not every registry counts well; that it took the chunk is what its status says.
      const isShort = Option.filter(known, (progress) => progress.offset > Math.max(offset, 1) && progress.offset < end)
      return yield* again(isShort, Effect.succeed({ session: next, offset: end }))
    }
    // It has the words of the answer, which can be read only once.
    const refused = yield* Effect.flip(client.refuse(asked, answer))
    if (answer.status !== 416 && !isPassing(answer.status)) return yield* refused
    const reported = yield* progressOf(goal, session, answer, end)
    if (answer.status !== 416) yield* client.recover(session.location)
    const known = Option.isSome(reported) ? reported : yield* ask(goal, session, end)
    // Such a request was not taken at all.
    const same = answer.status === 429 || answer.status === 408 ? Option.some({ session, offset }) : Option.none()
    return yield* again(Option.orElse(known, () => same), refused)
  })

/** Ends an upload of chunks. A registry that has lost it since it was last asked to end it has the blob. */
const close = (
  goal: Goal,
  session: Session,
  left: number,
  isAgain = false
): Effect.Effect<void, RegistryError> =>
  Effect.gen(function*() {
    const answer = yield* goal.client.expect(finish(goal, session, nothing), 201, 204)
    yield* answers.drop(answer)
    yield* isStored(goal, answer)
  }).pipe(Effect.catchAll((error) => {
    if (left > 0 && isPassingFailure(error)) {
      return Effect.zipRight(goal.client.recover(session.location), close(goal, session, left - 1, true))
    }
    return isAgain && isLost(error)
      ? Effect.flatMap(blobs.peek(goal), (there) =>
        there !== "Unknown" && Option.isSome(there) ? Effect.void : Effect.fail(error))
      : Effect.fail(error)
  }))

/** The blob in chunks, from where a registry has it. */
const chunked = <E>(goal: Goal, from: Progress, content: Stream.Stream<Uint8Array, E>) =>
  Effect.gen(function*() {
    const { client } = goal
    const size = Math.min(Math.max(goal.chunkSize, from.session.least), largestChunk)
    const rest = content.pipe(streams.skip(from.offset), streams.rechunk(size))
    const sent = yield* Stream.runFoldEffect(
      rest,
      from,
      (progress, chunk) => patch(goal, progress, chunk, client.times)
    )
    yield* close(goal, sent.session, client.times)
  })

/** Whether a registry may take a blob in parts that it did not take at once. */
const isTooMuchAtOnce = (error: RegistryError): boolean =>
  error._tag === "RegistryFailed" && [411, 413, 416].includes(error.status ?? 0)

const isLost = (error: RegistryError): boolean =>
  error._tag === "RegistryFailed" && error.reason === "BLOB_UPLOAD_UNKNOWN"

/** Sends a blob, at once if that can be, in chunks if not, and goes on where a lost connection left it. */
export const push = <E>(
  goal: Goal,
  content: Stream.Stream<Uint8Array, E>,
  opened: Option.Option<Session>
): Effect.Effect<void, E | RegistryError> =>
  goal.size > Math.min(smallSize, goal.chunkSize)
    ? send(goal, content, Option.none(), opened)
    : pushBytes(goal, collect(content, goal.size), opened)

/** Sends a blob that is small enough to be held in memory. */
export const pushBytes = <E>(
  goal: Goal,
  content: Effect.Effect<Uint8Array, E>,
  opened: Option.Option<Session>
): Effect.Effect<void, E | RegistryError> =>
  Effect.flatMap(
    Effect.onError(content, () => Effect.forEach(Option.toArray(opened), (session) => cancel(goal, session))),
    (bytes) => send(goal, Stream.make(bytes), Option.some(bytes), opened)
  )

const send = <E>(
  goal: Goal,
  content: Stream.Stream<Uint8Array, E>,
  bytes: Option.Option<Uint8Array>,
  opened: Option.Option<Session>
): Effect.Effect<void, E | RegistryError> => {
  const host = addresses.authority(goal.target.registry)
  const isKnownTooLarge = goal.size >= (goal.tooLarge.get(host) ?? Infinity)
  const attempt = (session: Session, left: number): Effect.Effect<void, E | RegistryError> =>
    Effect.catchAll(whole(goal, session, content, bytes), (error) => {
      if (error._tag === "SourceFailed") return Effect.fail(error.error)
      if (isTooMuchAtOnce(error) && goal.chunkSize > 0) {
        goal.tooLarge.set(host, Math.min(goal.size, goal.tooLarge.get(host) ?? goal.size))
        return Effect.flatMap(begin(goal), (session) => chunked(goal, { session, offset: 0 }, content))
      }
      if (left === 0 || !isPassingFailure(error) && !isLost(error)) return Effect.fail(error)
      return Effect.gen(function*() {
        yield* goal.client.recover(session.location)
        const known = goal.size <= goal.chunkSize || goal.chunkSize === 0 || isLost(error)
          ? Option.none()
          : yield* ask(goal, session, goal.size)
        return yield* Option.match(Option.filter(known, ({ offset }) => offset > 1), {
          onSome: (progress) => chunked(goal, progress, content),
          onNone: () => Effect.flatMap(begin(goal), (next) => attempt(next, left - 1))
        })
      })
    })
  return Effect.gen(function*() {
    const session = Option.isSome(opened) ? opened.value : yield* begin(goal)
    const sent: Effect.Effect<void, E | RegistryError> = isKnownTooLarge
      ? chunked(goal, { session, offset: 0 }, content)
      : attempt(session, goal.client.times)
    yield* Effect.onError(sent, () => cancel(goal, session))
  })
}
