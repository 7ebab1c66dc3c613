import * as CommandFailed from "@ociman/process/CommandFailed"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import { type Condition, matches } from "../dialect/messages.js"

/**
 * Retries a command every 100 ms for 20 seconds while it fails with a transient
 * condition of the engine.
 *
 * @internal
 */
export const retryOn =
  (condition: Condition, canRetry: () => boolean = () => true) =>
  <A, E>(self: Effect.Effect<A, E>): Effect.Effect<A, E> =>
    Effect.retry(self, {
      while: (error) => hasCondition(error, condition) && canRetry(),
      schedule: Schedule.spaced("100 millis").pipe(Schedule.upTo("20 seconds"))
    })

/**
 * Retries a stream like {@link retryOn}. Keeps the elements of failed runs.
 *
 * @internal
 */
export const retryStreamOn =
  (condition: Condition, canRetry: () => boolean = () => true) =>
  <A, E>(self: Stream.Stream<A, E>): Stream.Stream<A, E> =>
    Stream.retry(
      self,
      Schedule.spaced("100 millis").pipe(
        Schedule.upTo("20 seconds"),
        Schedule.whileInput((error: E) => hasCondition(error, condition) && canRetry())
      )
    )

/**
 * Retries a stream like {@link retryOn}, unless it has emitted an element.
 *
 * @internal
 */
export const retryEmptyStreamOn = (condition: Condition) => <A, E>(self: Stream.Stream<A, E>): Stream.Stream<A, E> =>
  Stream.suspend(() => {
    let isEmpty = true
    const watched = Stream.tap(self, () =>
      Effect.sync(() => {
        isEmpty = false
      }))
    return retryStreamOn(condition, () => isEmpty)(watched)
  })

const hasCondition = (error: unknown, condition: Condition) =>
  error instanceof CommandFailed.CommandFailed && matches(error.stderr, condition)
