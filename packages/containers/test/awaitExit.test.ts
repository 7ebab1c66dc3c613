import { describe, it } from "@effect/vitest"
import { deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { Chunk, Deferred, Effect, Fiber, Stream, TestClock } from "effect"
import { awaitExit } from "../src/internal/cli/awaitExit.js"

/** Source that records its end. */
const watched = <E>(source: Stream.Stream<number, E>) =>
  Effect.map(Deferred.make<string>(), (ended) => ({
    ended: Deferred.await(ended),
    stream: source.pipe(
      Stream.rechunk(1),
      Stream.concat(Stream.execute(Deferred.succeed(ended, "by itself"))),
      Stream.ensuring(Deferred.succeed(ended, "cut short"))
    )
  }))

describe("awaitExit", () => {
  it.effect("lets the source end when the consumer stops early", () =>
    Effect.gen(function*() {
      const { ended, stream } = yield* watched(Stream.make(1, 2, 3, 4))
      const taken = yield* Stream.runCollect(Stream.take(awaitExit(stream), 2))
      deepStrictEqual(Chunk.toReadonlyArray(taken), [1, 2])
      strictEqual(yield* ended, "by itself")
    }))

  it.effect("lets the source end when the consumer is interrupted", () =>
    Effect.gen(function*() {
      const { ended, stream } = yield* watched(Stream.make(1, 2, 3, 4))
      const begun = yield* Deferred.make<void>()
      const reading = Stream.runForEach(awaitExit(stream), () =>
        Effect.zipRight(Deferred.succeed(begun, undefined), Effect.never))
      const fiber = yield* Effect.fork(reading)
      yield* Deferred.await(begun)
      yield* Fiber.interrupt(fiber)
      strictEqual(yield* ended, "by itself")
    }))

  it.effect("interrupts the source after one second", () =>
    Effect.gen(function*() {
      const { ended, stream } = yield* watched(Stream.concat(Stream.make(1), Stream.never))
      const fiber = yield* Effect.fork(Stream.runDrain(Stream.take(awaitExit(stream), 1)))
      yield* Effect.repeat(TestClock.adjust("100 millis"), { times: 10 })
      yield* Fiber.join(fiber)
      strictEqual(yield* ended, "cut short")
    }))

  it.effect("fails with the error of the source", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(Stream.runDrain(awaitExit(Stream.concat(Stream.make(1), Stream.fail("lost")))))
      strictEqual(error, "lost")
    }))
})
