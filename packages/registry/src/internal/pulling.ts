/** Streams whose ends are watched. */
import type * as Chunk from "effect/Chunk"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Queue from "effect/Queue"
import * as Stream from "effect/Stream"

/** Time limits of the other side. */
export interface Patience {
  /** For taking a piece of a stream. */
  readonly stall: Duration.Duration
  /** For answering after the last piece, or where there is no stream. */
  readonly answer: Duration.Duration
}

/** How long the other side takes for what it was given. */
export interface Watch {
  /** The same stream; while it makes its next piece itself, no time passes for the consumer. */
  readonly observe: <A, E>(stream: Stream.Stream<A, E>) => Stream.Stream<A, E>
  /** Succeeds with the limit once the consumer did nothing for that time. */
  readonly stalled: Effect.Effect<Duration.Duration>
}

/** A watch that begins at once. */
export const watch = (patience: Patience): Effect.Effect<Watch> =>
  Effect.map(Clock.currentTimeMillis, (begin) => {
    let since = begin
    let producing = 0
    let limit = patience.answer
    const observe: Watch["observe"] = (stream) =>
      Stream.unwrapScoped(Effect.map(Stream.toPull(stream), (pull) => {
        limit = patience.stall
        return Stream.repeatEffectChunkOption(Effect.acquireUseRelease(
          Effect.sync(() => {
            producing++
          }),
          () => pull,
          (_, exit) =>
            Effect.map(Clock.currentTimeMillis, (time) => {
              since = time
              producing--
              if (Exit.isFailure(exit)) limit = patience.answer
            })
        ))
      }))
    const shortest = Duration.toMillis(Duration.min(patience.stall, patience.answer))
    const stalled: Effect.Effect<Duration.Duration> = Effect.flatMap(
      Clock.currentTimeMillis,
      (time) => {
        const left = since + Duration.toMillis(limit) - time
        if (producing === 0 && left <= 0) return Effect.succeed(limit)
        return Effect.zipRight(Effect.sleep(producing > 0 ? shortest : Math.min(left, shortest)), stalled)
      }
    )
    return { observe, stalled: Effect.suspend(() => stalled) }
  })

/**
 * A stream that fails if nothing comes of it for the time while somebody waits. One fiber reads it and another looks at
 * the clock: a time limit for each pull would cost two fibers each.
 */
export const limitSilence =
  <E2>(patience: Duration.Duration, silent: () => E2) =>
  <A, E>(stream: Stream.Stream<A, E>): Stream.Stream<A, E | E2> =>
    Stream.unwrapScoped(Effect.gen(function*() {
      const limit = Duration.toMillis(patience)
      const pull = yield* Stream.toPull(stream)
      const pulled = yield* Queue.bounded<Exit.Exit<Chunk.Chunk<A>, Option.Option<E | E2>>>(1)
      let waitingSince: number | undefined = undefined

      yield* Effect.exit(pull).pipe(
        Effect.tap((exit) => pulled.offer(exit)),
        Effect.repeat({ while: Exit.isSuccess }),
        Effect.forkScoped
      )
      const watch: Effect.Effect<void> = Effect.flatMap(Clock.currentTimeMillis, (now) => {
        const left = waitingSince === undefined ? limit : waitingSince + limit - now
        return left > 0
          ? Effect.zipRight(Effect.sleep(left), watch)
          : Effect.asVoid(pulled.offer(Exit.fail(Option.some(silent()))))
      })
      yield* Effect.forkScoped(watch)

      const next = Effect.gen(function*() {
        waitingSince = yield* Clock.currentTimeMillis
        const exit = yield* pulled.take
        waitingSince = undefined
        return yield* exit
      })
      return Stream.repeatEffectChunkOption(next)
    }))
