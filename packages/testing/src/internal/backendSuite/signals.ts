import { assert } from "@effect/vitest"
import * as Container from "@ociman/containers/Container"
import * as Definition from "@ociman/containers/Definition"
import * as Output from "@ociman/containers/Output"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { assertGone, eventually, type Suite } from "./support.js"

const stubborn = "trap '' TERM; echo ready; while :; do sleep 1; done"

const signals = ({ script, test, uniqueName }: Suite): void => {
  // A process has set its traps once it has printed.
  const startReady = (definition: Definition.Definition) =>
    Effect.tap(Container.start(definition), (container) => eventually(output(container), (text) => text !== ""))

  test(
    "a process that ignores SIGTERM is killed after the grace period",
    Effect.gen(function*() {
      const container = yield* startReady(script(stubborn))
      const [duration] = yield* Effect.timed(container.stop({ grace: "1 second" }))
      assert.isAtLeast(Duration.toMillis(duration), 900)
      assert.isBelow(Duration.toMillis(duration), 9_000)
      assert.strictEqual((yield* container.state).exitCode, 137)
    })
  )

  test(
    "stop uses the stop timeout and stop signal of the definition by default",
    Effect.gen(function*() {
      const container = yield* startReady(
        script("trap 'echo usr1; exit 3' USR1; trap '' TERM; echo ready; while :; do sleep 0.1; done").pipe(
          Definition.stopSignal("SIGUSR1"),
          Definition.stopTimeout("20 seconds")
        )
      )
      yield* container.stop()
      assert.strictEqual((yield* container.state).exitCode, 3)
      assert.strictEqual(yield* output(container), "ready\nusr1\n")
    })
  )

  test(
    "a process that ignores SIGTERM does not delay the closing of its scope",
    Effect.gen(function*() {
      const name = yield* uniqueName
      const definition = Definition.name(script(stubborn), name)
      const [duration] = yield* Effect.timed(Effect.scoped(startReady(definition)))
      assert.isBelow(Duration.toMillis(duration), 9_000)
      yield* assertGone(name)
    })
  )

  test(
    "a process has time to handle SIGTERM before it is killed",
    Effect.gen(function*() {
      const container = yield* startReady(
        Definition.stopTimeout(script("trap 'echo tidy; exit 0' TERM; echo ready; sleep 1000 & wait"), "20 seconds")
      )
      yield* container.stop()
      assert.strictEqual(yield* output(container), "ready\ntidy\n")
    })
  )

  test(
    "kill sends any signal and the container may keep running",
    Effect.gen(function*() {
      const container = yield* startReady(
        script("trap 'echo hup' HUP; trap 'exit 4' USR2; echo ready; while :; do sleep 0.1; done")
      )
      yield* container.kill("SIGHUP")
      yield* eventually(output(container), (text) => text === "ready\nhup\n")
      assert.strictEqual((yield* container.state).status, "running")
      yield* container.kill("USR2")
      assert.strictEqual(yield* container.wait, 4)
    })
  )

  test(
    "wait returns the exit code of a process that ends by itself",
    Effect.gen(function*() {
      const container = yield* Container.start(script("sleep 0.3; exit 42"))
      assert.strictEqual(yield* container.wait, 42)
      const { exitCode, status } = yield* container.state
      assert.deepStrictEqual([status, exitCode], ["exited", 42])
    })
  )

  test(
    "a container with auto-remove disappears after its process has ended",
    Effect.gen(function*() {
      const container = yield* Container.start(Definition.autoRemove(script("sleep 0.3")))
      yield* eventually(Effect.isFailure(container.inspect), (isGone) => isGone)
      yield* assertGone(container.id)
    })
  )
}

const output = (container: Container.Container) => Stream.mkString(Stream.decodeText(Output.bytes(container.logs())))

/** @internal */
export const themes = [
  { name: "signals", tests: signals }
] as const
