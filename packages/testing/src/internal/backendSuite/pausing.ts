import { assert } from "@effect/vitest"
import * as Backend from "@ociman/containers/Backend"
import * as Container from "@ociman/containers/Container"
import * as Definition from "@ociman/containers/Definition"
import * as Exec from "@ociman/containers/Exec"
import * as Effect from "effect/Effect"
import { assertGone, failsWith, type Suite, warnings } from "./support.js"

const status = (container: Container.Container) => Effect.map(container.state, ({ status }) => status)

const withPause = ({ idle, test }: Suite): void => {
  test(
    "a paused container stays paused until unpause",
    Effect.gen(function*() {
      const container = yield* Container.start(idle)
      yield* container.pause
      const { running, status: paused } = yield* container.state
      assert.deepStrictEqual([paused, running], ["paused", true])
      const again = yield* failsWith(container.pause, "EngineFailed")
      const exec = yield* failsWith(container.exec(Exec.make("true")), "ExecFailed")
      assert.deepStrictEqual([again.reason, exec.reason], ["Conflict", "ContainerNotRunning"])
      assert.include(exec.detail, "paused")
      yield* container.unpause
      assert.strictEqual(yield* status(container), "running")
      const unpaused = yield* failsWith(container.unpause, "EngineFailed")
      assert.strictEqual(unpaused.reason, "Conflict")
    }),
    ["pause"]
  )

  test(
    "a paused container is removed when its scope closes and with force",
    Effect.gen(function*() {
      const warned = yield* warnings(Effect.gen(function*() {
        const { id } = yield* Effect.scoped(Effect.tap(Container.start(idle), ({ pause }) => pause))
        yield* assertGone(id)
        const container = yield* Container.start(idle)
        yield* container.pause
        yield* container.remove({ force: true })
        yield* assertGone(container.id)
      }))
      assert.deepStrictEqual(warned, [])
    }),
    ["pause"]
  )

  test(
    "a paused container can be stopped",
    Effect.gen(function*() {
      const container = yield* Container.start(idle)
      yield* container.pause
      yield* container.stop({ grace: "1 second" })
      assert.strictEqual(yield* status(container), "exited")
    }),
    ["pause"]
  )

  test(
    "starting a paused container fails with Conflict",
    Effect.gen(function*() {
      const container = yield* Container.start(Definition.label(idle, "com.example.paused", "1"))
      yield* container.pause
      const error = yield* failsWith(
        Effect.flatMap(Backend.Backend, (backend) => backend.containers.start(container.id)),
        "EngineFailed"
      )
      assert.strictEqual(error.reason, "Conflict")
      yield* container.unpause
    }),
    ["pause"]
  )
}

const withoutPause = ({ idle, image, test }: Suite): void => {
  test(
    "pause fails with Unsupported on an engine that cannot pause and the container keeps running",
    Effect.gen(function*() {
      const container = yield* Container.start(idle)
      assert.strictEqual((yield* failsWith(container.pause, "EngineFailed")).reason, "Unsupported")
      yield* failsWith(container.commit(image, { pause: true }), "EngineFailed")
      assert.strictEqual(yield* status(container), "running")
    })
  )
}

const pausingContainers = (suite: Suite): void => suite.options.pause ? withPause(suite) : withoutPause(suite)

/** @internal */
export const themes = [
  { name: "pausing containers", tests: pausingContainers }
] as const
