import { NodeContext } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { deepStrictEqual } from "@effect/vitest/utils"
import { Container, EngineBackend } from "@ociman/containers"
import { FakeEngine } from "@ociman/testing"
import { Effect, Fiber, Layer, Schedule, Stream } from "effect"
import { readFileSync } from "node:fs"
import { ownTemporaryDirectory } from "./support/temporary.js"

const temporary = ownTemporaryDirectory()

const piece = new Uint8Array(64 * 1024)

/** More bytes than a pipe and the buffers before it hold. */
const inFlight = 2 * 1024 * 1024

const allChildren = () =>
  readFileSync(`/proc/${process.pid}/task/${process.pid}/children`, "utf8").split(" ").filter((pid) => pid !== "")

// Child processes of earlier test files in this process.
const foreign = new Set(allChildren())

const children = Effect.sync(() => allChildren().filter((pid) => !foreign.has(pid)))

const copyStarted = FakeEngine.calls.pipe(
  Effect.repeat({ until: (calls) => calls.some(({ arguments: [, command] }) => command === "cp") })
)

describe.each([FakeEngine.docker, FakeEngine.podman])("a copy by $engine", (engine) => {
  const on = (...steps: ReadonlyArray<FakeEngine.Step>) =>
    EngineBackend.layer.pipe(
      Layer.provideMerge(FakeEngine.layer(FakeEngine.on(engine, "container cp", steps))),
      Layer.provide(NodeContext.layer)
    )

  /** Asserts that no child process and no temporary file is left, except those of the fake engine. */
  const assertGone = Effect.gen(function*() {
    deepStrictEqual(yield* children, [])
    deepStrictEqual(temporary.names().filter((name) => !name.startsWith("ociman-fake-engine-")), [])
  })

  it.live(
    "reads its source only as fast as the client and releases everything when interrupted",
    () =>
      Effect.gen(function*() {
        const container = yield* Container.attach("fake")
        let given = 0
        let released = false
        const source = Stream.repeatEffect(Effect.sync(() => {
          given += piece.length
          return piece
        })).pipe(Stream.ensuring(Effect.sync(() => {
          released = true
        })))
        const fiber = yield* Effect.fork(container.copyInTar("/", source))
        yield* copyStarted
        const settled = yield* Effect.delay(Effect.sync(() => given), "300 millis")
        yield* Effect.sleep("100 millis")
        assert.strictEqual(given, settled, "continues although the client does not read")
        assert.isBelow(given, inFlight)
        assert.isNotEmpty(yield* children)
        yield* Fiber.interrupt(fiber)
        assert.isTrue(released)
        yield* assertGone
      }).pipe(Effect.provide(on(FakeEngine.hang))),
    30_000
  )

  it.live(
    "applies back-pressure to the client and ends it when the consumer stops",
    () =>
      Effect.gen(function*() {
        const container = yield* Container.attach("fake")
        let taken = 0
        const fiber = yield* container.copyOutTar("/").pipe(
          Stream.tap(({ length }) => Effect.zipRight(Effect.sync(() => taken += length), Effect.never)),
          Stream.runDrain,
          Effect.fork
        )
        yield* copyStarted
        yield* Effect.sleep("500 millis")
        assert.isAbove(taken, 0)
        assert.isBelow(taken, inFlight)
        // The client would have ended if its whole output had been read ahead.
        assert.isNotEmpty(yield* children)
        yield* Fiber.interrupt(fiber)
        yield* assertGone
        yield* Stream.runDrain(Stream.take(container.copyOutTar("/"), 1))
        yield* assertGone
      }).pipe(Effect.provide(on(FakeEngine.flood("stdout", 64 * 1024 * 1024)))),
    30_000
  )

  it.live("waits for a slow source", () =>
    Effect.gen(function*() {
      const container = yield* Container.attach("fake")
      const slow = Stream.schedule(Stream.make(piece, piece, piece), Schedule.spaced("50 millis"))
      yield* container.copyInTar("/", slow)
      yield* assertGone
    }).pipe(Effect.provide(on(FakeEngine.readStdin))), 30_000)
})
