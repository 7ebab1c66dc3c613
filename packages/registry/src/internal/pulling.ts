/** Streams whose consumer is watched. */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"

/** How long the other side takes for what it was given. */
export interface Watch {
  /** The same stream; while it makes its next piece itself, no time passes for the consumer. */
  readonly observe: <A, E>(stream: Stream.Stream<A, E>) => Stream.Stream<A, E>
  /** Succeeds once the consumer did nothing for the time. */
  readonly stalled: Effect.Effect<void>
}

/** A watch that begins at once. */
export const watch = (patience: Duration.Duration): Effect.Effect<Watch> =>
  Effect.map(Clock.currentTimeMillis, (begin) => {
    let since = begin
    let producing = 0
    const now = Effect.map(Clock.currentTimeMillis, (time) => {
      since = time
    })
    const observe: Watch["observe"] = (stream) =>
      Stream.fromPull(Effect.map(Stream.toPull(stream), (pull) =>
        Effect.acquireUseRelease(
          Effect.sync(() => {
            producing++
          }),
          () => pull,
          () =>
            Effect.zipRight(
              now,
              Effect.sync(() => {
                producing--
              })
            )
        )))
    const limit = Duration.toMillis(patience)
    const stalled: Effect.Effect<void> = Effect.flatMap(
      Clock.currentTimeMillis,
      (time) => {
        const left = since + limit - time
        if (producing === 0 && left <= 0) return Effect.void
        return Effect.zipRight(Effect.sleep(producing > 0 ? limit : left), stalled)
      }
    )
    return { observe, stalled: Effect.suspend(() => stalled) }
  })
