import { describe, it } from "@effect/vitest"
import { deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { Chunk, Deferred, Effect, Fiber, Stream, TestClock } from "effect"
import { lettingEnd } from "../src/internal/cli/awaitExit.js"

/** A source that tells how it ended. */
const watched = <E>(source: Stream.Stream<number, E>) =>
  Effect.map(Deferred.make<string>(), (ended) => ({
    ended: Deferred.await(ended),
    stream: source.pipe(
      Stream.rechunk(1),
      Stream.concat(Stream.execute(Deferred.succeed(ended, "by itself"))),
      Stream.ensuring(Deferred.succeed(ended, "cut short"))
    )
  }))

describe("a source that is let end", () => {
  it.effect("ends by itself when nobody wants the rest", () =>
    Effect.gen(function*() {
      const { ended, stream } = yield* watched(Stream.make(1, 2, 3, 4))
      const taken = yield* Stream.runCollect(Stream.take(lettingEnd(stream), 2))
      deepStrictEqual(Chunk.toReadonlyArray(taken), [1, 2])
      strictEqual(yield* ended, "by itself")
    }))

  it.effect("ends by itself when who reads is interrupted", () =>
    Effect.gen(function*() {
      const { ended, stream } = yield* watched(Stream.make(1, 2, 3, 4))
      const begun = yield* Deferred.make<void>()
      const reading = Stream.runForEach(lettingEnd(stream), () =>
        Effect.zipRight(Deferred.succeed(begun, undefined), Effect.never))
      const fiber = yield* Effect.fork(reading)
      yield* Deferred.await(begun)
      yield* Fiber.interrupt(fiber)
      strictEqual(yield* ended, "by itself")
    }))

  it.effect("has a second for that", () =>
    Effect.gen(function*() {
      const { ended, stream } = yield* watched(Stream.concat(Stream.make(1), Stream.never))
      const fiber = yield* Effect.fork(Stream.runDrain(Stream.take(lettingEnd(stream), 1)))
      yield* Effect.repeat(TestClock.adjust("100 millis"), { times: 10 })
      yield* Fiber.join(fiber)
      strictEqual(yield* ended, "cut short")
    }))

  it.effect("fails as it does", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(Stream.runDrain(lettingEnd(Stream.concat(Stream.make(1), Stream.fail("lost")))))
      strictEqual(error, "lost")
    }))
})
