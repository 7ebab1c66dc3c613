import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"

// Every runtime has web streams, but the compiler knows them only from the DOM or from Node.

export interface Reader<A> {
  readonly read: () => Promise<{ readonly done: boolean; readonly value?: A | undefined }>
  readonly cancel: (reason?: unknown) => Promise<void>
}

export interface Readable<A> {
  readonly locked: boolean
  readonly cancel: (reason?: unknown) => Promise<void>
  readonly getReader: () => Reader<A>
}

export interface Writer<A> {
  readonly write: (chunk: A) => Promise<void>
  readonly close: () => Promise<void>
  readonly abort: (reason?: unknown) => Promise<void>
}

export interface Writable<A> {
  readonly getWriter: () => Writer<A>
}

/** Where a side that fails leaves its reason, for the other side only sees that the streams broke. */
export type Failure<E> = Deferred.Deferred<never, E>

const quietly = (act: () => Promise<void>) => Effect.ignore(Effect.tryPromise(act))

/** Runs one side of a pipe in the background; when it fails, breaks the pipe. */
export const feed = <E, R>(
  side: Effect.Effect<void, E, R>,
  failure: Failure<E>,
  breakPipe: (reason: unknown) => Promise<void>
): Effect.Effect<void, never, R | Scope.Scope> =>
  side.pipe(
    Effect.catchAllCause((cause) =>
      Effect.zipRight(
        Deferred.failCause(failure, cause),
        quietly(() => breakPipe(Cause.squash(cause)))
      )
    ),
    Effect.forkScoped,
    Effect.asVoid
  )

/** Writes all of a stream, as fast as it is taken. */
export const writeAll = <A, E, R, E2>(
  stream: Stream.Stream<A, E, R>,
  writer: Writer<A>,
  onError: (error: unknown) => E2
): Effect.Effect<void, E | E2, R> =>
  Stream.runForEach(stream, (chunk) => Effect.tryPromise({ try: () => writer.write(chunk), catch: onError }))

/** The next piece. `failure` is why it broke, if that is known; else it is the error of the pipe itself. */
const pull = <A, E>(
  reader: Reader<A>,
  failure: Failure<E>,
  onError: (error: unknown) => E
): Effect.Effect<A, Option.Option<E>> =>
  Effect.tryPromise({ try: () => reader.read(), catch: onError }).pipe(
    Effect.catchAll((error) =>
      Effect.flatMap(
        // Both sides hear of it at once; the one that knows more goes first.
        Effect.zipRight(Effect.yieldNow(), Deferred.poll(failure)),
        Option.match({ onNone: () => Effect.fail(error), onSome: (reason) => reason })
      )
    ),
    Effect.mapError(Option.some),
    Effect.flatMap(({ done, value }) =>
      done || value === undefined ? Effect.fail(Option.none()) : Effect.succeed(value)
    )
  )

/** All that comes out of a pipe; it is given up when the stream ends early. Before each piece something can be done. */
export const readAll = <A, E>(
  readable: Readable<A>,
  failure: Failure<E>,
  onError: (error: unknown) => E,
  before: Effect.Effect<void> = Effect.void
): Stream.Stream<A, E> =>
  Stream.unwrapScoped(
    Effect.map(
      Effect.acquireRelease(Effect.sync(() => readable.getReader()), (reader) => quietly(() => reader.cancel())),
      (reader) => Stream.repeatEffectOption(Effect.zipRight(before, pull(reader, failure, onError)))
    )
  )

/** Passes over what nobody has begun to read. */
export const discard = (readable: Readable<unknown>): Effect.Effect<void> =>
  Effect.suspend(() => readable.locked ? Effect.void : quietly(() => readable.cancel()))
