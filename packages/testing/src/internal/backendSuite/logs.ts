import { assert } from "@effect/vitest"
import type * as BackendDriver from "@ociman/containers/BackendDriver"
import * as Container from "@ociman/containers/Container"
import * as Exec from "@ociman/containers/Exec"
import * as Output from "@ociman/containers/Output"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import { eventually, failsWith, type Suite } from "./support.js"

const logs = ({ idle, script, test }: Suite): void => {
  const lines = (
    container: Container.Container,
    options?: BackendDriver.LogOptions,
    source?: Output.Output["source"]
  ) => Effect.map(Stream.runCollect(Output.lines(container.logs(options), source)), (lines) => Array.from(lines))

  test(
    "logs return both outputs separately, while the container runs and after it ended",
    Effect.gen(function*() {
      const container = yield* Container.start(
        script("echo out 1; echo err >&2; echo out 2; while ! [ -e /end ]; do usleep 20000; done; echo end")
      )
      yield* eventually(lines(container), ({ length }) => length === 3)
      assert.deepStrictEqual(yield* lines(container, {}, "stdout"), ["out 1", "out 2"])
      assert.deepStrictEqual(yield* lines(container, {}, "stderr"), ["err"])
      yield* container.exec(Exec.make("touch", "/end"))
      yield* container.wait
      assert.deepStrictEqual(yield* lines(container, {}, "stdout"), ["out 1", "out 2", "end"])
    })
  )

  test(
    "followed logs arrive as they are written and end with the container",
    Effect.gen(function*() {
      const container = yield* Container.start(
        script("echo first; while ! [ -e /end ]; do usleep 20000; done; echo last; exit 3")
      )
      const first = yield* Deferred.make<void>()
      const following = yield* Output.lines(container.logs({ follow: true })).pipe(
        Stream.tap(() => Deferred.succeed(first, undefined)),
        Stream.runCollect,
        Effect.fork
      )
      yield* Deferred.await(first)
      yield* container.exec(Exec.make("touch", "/end"))
      assert.deepStrictEqual(Array.from(yield* Fiber.join(following)), ["first", "last"])
      assert.deepStrictEqual(yield* lines(container, { follow: true }), ["first", "last"])
    })
  )

  test(
    "a consumer can stop following logs early",
    Effect.gen(function*() {
      const container = yield* Container.start(script("while :; do echo line; sleep 0.1; done"))
      const three = yield* Stream.runCollect(Stream.take(Output.lines(container.logs({ follow: true })), 3))
      assert.deepStrictEqual(Array.from(three), ["line", "line", "line"])
    })
  )

  test(
    "the tail option returns the last lines of a log",
    Effect.gen(function*() {
      const container = yield* Container.start(script("seq 1 100"))
      yield* container.wait
      assert.deepStrictEqual(yield* lines(container, { tail: 2 }), ["99", "100"])
      assert.deepStrictEqual(yield* lines(container, { tail: 0 }), [])
      assert.strictEqual((yield* lines(container, { tail: 1000 })).length, 100)
    })
  )

  test(
    "the since option returns lines after a time or within a duration",
    Effect.gen(function*() {
      const container = yield* Container.start(
        script("echo before; while ! [ -e /go ]; do usleep 20000; done; echo after")
      )
      yield* eventually(lines(container), ({ length }) => length === 1)
      yield* Effect.sleep("1100 millis")
      const { stdout } = yield* container.exec(Exec.make("date", "+%s"))
      yield* container.exec(Exec.make("touch", "/go"))
      yield* container.wait
      assert.deepStrictEqual(yield* lines(container, { since: new Date(Number(stdout) * 1000) }), ["after"])
      assert.deepStrictEqual(yield* lines(container, { since: "1 hour" }), ["before", "after"])
    })
  )

  test(
    "logs are empty without output and fail for a removed container",
    Effect.gen(function*() {
      const container = yield* Container.start(idle)
      assert.deepStrictEqual(yield* lines(container), [])
      yield* container.remove({ force: true })
      yield* failsWith(lines(container), "ContainerNotFound")
    })
  )
}

/** @internal */
export const themes = [
  { name: "logs", tests: logs }
] as const
