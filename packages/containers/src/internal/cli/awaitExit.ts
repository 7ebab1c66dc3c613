import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { inFinalizer } from "../values/inFinalizer.js"

/**
 * Gives the source of a stream one second to end by itself if its consumer
 * stops early.
 */
export const awaitExit = <A, E>(source: Stream.Stream<A, E>): Stream.Stream<A, E> =>
  Stream.unwrapScoped(Effect.gen(function*() {
    const pull = yield* Stream.toPull(source)
    let hasEnded = false
    const next = Effect.tapError(pull, () =>
      Effect.sync(() => {
        hasEnded = true
      }))
    const rest = Effect.forever(pull).pipe(Effect.timeout("1 second"), Effect.ignore)
    yield* Effect.addFinalizer(() => hasEnded ? Effect.void : inFinalizer(Effect.interruptible(rest)))
    return Stream.repeatEffectChunkOption(next)
  }))
