import * as CommandFailed from "@ociman/process/CommandFailed"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import { type Condition, says } from "../dialect/messages.js"

/**
 * Asks once more, every tenth of a second for 20 seconds, while the engine
 * complains of something that passes.
 *
 * @internal
 */
export const again =
  (condition: Condition, isWorthwhile: () => boolean = () => true) =>
  <A, E>(self: Effect.Effect<A, E>): Effect.Effect<A, E> =>
    Effect.retry(self, {
      while: (error) => complains(error, condition) && isWorthwhile(),
      schedule: Schedule.spaced("100 millis").pipe(Schedule.upTo("20 seconds"))
    })

/**
 * Runs a stream once more, likewise. Elements of failed runs remain.
 *
 * @internal
 */
export const streamAgain =
  (condition: Condition, isWorthwhile: () => boolean = () => true) =>
  <A, E>(self: Stream.Stream<A, E>): Stream.Stream<A, E> =>
    Stream.retry(
      self,
      Schedule.spaced("100 millis").pipe(
        Schedule.upTo("20 seconds"),
        Schedule.whileInput((error: E) => complains(error, condition) && isWorthwhile())
      )
    )

/**
 * Runs a stream once more, likewise, as long as it has given nothing.
 *
 * @internal
 */
export const emptyStreamAgain = (condition: Condition) => <A, E>(self: Stream.Stream<A, E>): Stream.Stream<A, E> =>
  Stream.suspend(() => {
    let isEmpty = true
    const watched = Stream.tap(self, () =>
      Effect.sync(() => {
        isEmpty = false
      }))
    return streamAgain(condition, () => isEmpty)(watched)
  })

const complains = (error: unknown, condition: Condition) =>
  error instanceof CommandFailed.CommandFailed && says(error.stderr, condition)
