import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { inFinalizer } from "../values/inFinalizer.js"

/**
 * A stream whose source gets a second to end by itself when nobody wants the
 * rest of it.
 */
export const lettingEnd = <A, E>(source: Stream.Stream<A, E>): Stream.Stream<A, E> =>
  Stream.unwrapScoped(Effect.gen(function*() {
    const pull = yield* Stream.toPull(source)
    let isOver = false
    const next = Effect.tapError(pull, () =>
      Effect.sync(() => {
        isOver = true
      }))
    const rest = Effect.forever(pull).pipe(Effect.timeout("1 second"), Effect.ignore)
    yield* Effect.addFinalizer(() => isOver ? Effect.void : inFinalizer(Effect.interruptible(rest)))
    return Stream.repeatEffectChunkOption(next)
  }))
