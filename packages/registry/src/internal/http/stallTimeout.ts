/** Time limits for progress of transfers. */
import type * as Chunk from "effect/Chunk"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Queue from "effect/Queue"
import * as Stream from "effect/Stream"

/** Time limits of the peer. */
export interface Limits {
  /** Limit for consuming a chunk of the request body. */
  readonly stall: Duration.Duration
  /** Limit from the end of the request body to the response headers. */
  readonly response: Duration.Duration
}

/** Watches the progress of the consumer of a stream. */
export interface StallWatch {
  /** Observes a stream. The time that the stream itself takes to produce a chunk does not count. */
  readonly observe: <A, E>(stream: Stream.Stream<A, E>) => Stream.Stream<A, E>
  /** Succeeds with the exceeded limit once the consumer made no progress for that time. */
  readonly stalled: Effect.Effect<Duration.Duration>
}

/** Starts a watch. */
export const watch = (limits: Limits): Effect.Effect<StallWatch> =>
  Effect.map(Clock.currentTimeMillis, (begin) => {
    let since = begin
    let producing = 0
    let limit = limits.response
    const observe: StallWatch["observe"] = (stream) =>
      Stream.unwrapScoped(Effect.map(Stream.toPull(stream), (pull) => {
        limit = limits.stall
        return Stream.repeatEffectChunkOption(Effect.acquireUseRelease(
          Effect.sync(() => {
            producing++
          }),
          () => pull,
          (_, exit) =>
            Effect.map(Clock.currentTimeMillis, (time) => {
              since = time
              producing--
              if (Exit.isFailure(exit)) limit = limits.response
            })
        ))
      }))
    const shortest = Duration.toMillis(Duration.min(limits.stall, limits.response))
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
 * Fails a stream that produces nothing for the given time while a consumer waits. One fiber reads the stream and another
 * watches the clock: a time limit per pull would cost two fibers each.
 */
export const failOnStall =
  <E2>(duration: Duration.Duration, onStall: () => E2) =>
  <A, E>(stream: Stream.Stream<A, E>): Stream.Stream<A, E | E2> =>
    Stream.unwrapScoped(Effect.gen(function*() {
      const limit = Duration.toMillis(duration)
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
          : Effect.asVoid(pulled.offer(Exit.fail(Option.some(onStall()))))
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
