import { assert } from "@effect/vitest"
import * as Container from "@ociman/containers/Container"
import * as Definition from "@ociman/containers/Definition"
import * as Exec from "@ociman/containers/Exec"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import { assertGone, failsWith, type Suite, warnings } from "./support.js"

const containerStates = ({ idle, test, uniqueName }: Suite): void => {
  const status = (container: Container.Container) => Effect.map(container.state, ({ status }) => status)

  test(
    "a stopped container remains and can be stopped again",
    Effect.gen(function*() {
      const container = yield* Container.start(idle)
      yield* container.stop({ grace: "5 seconds" })
      const { finishedAt, running, status } = yield* container.state
      assert.deepStrictEqual([status, running, Option.isSome(finishedAt)], ["exited", false, true])
      yield* container.stop()
    })
  )

  test(
    "restart starts a running or stopped container again",
    Effect.gen(function*() {
      const container = yield* Container.start(idle)
      const before = yield* container.state
      yield* container.restart({ grace: "5 seconds" })
      const after = yield* container.state
      assert.strictEqual(after.status, "running")
      assert.isTrue(
        Option.lift2(DateTime.greaterThanOrEqualTo)(after.startedAt, before.startedAt).pipe(
          Option.getOrElse(() => false)
        )
      )
      yield* container.stop({ grace: "5 seconds" })
      yield* container.restart()
      assert.strictEqual(yield* status(container), "running")
    }),
    ["restart"]
  )

  test(
    "a running container is removed only with force, which accepts a missing one",
    Effect.gen(function*() {
      const container = yield* Container.start(idle)
      const error = yield* failsWith(container.remove(), "EngineFailed")
      assert.strictEqual(error.reason, "Conflict", error.message)
      assert.strictEqual(yield* status(container), "running")
      yield* container.remove({ force: true })
      yield* assertGone(container.id)
      yield* failsWith(container.remove(), "ContainerNotFound")
      yield* container.remove({ force: true })
    })
  )

  test(
    "kill, pause and exec of a stopped container fail with a conflict",
    Effect.gen(function*() {
      const container = yield* Container.start(idle)
      yield* container.stop({ grace: "5 seconds" })
      const kill = yield* failsWith(container.kill(), "EngineFailed")
      const pause = yield* failsWith(container.pause, "EngineFailed")
      assert.deepStrictEqual([kill.reason, pause.reason], ["Conflict", "Conflict"])
      const exec = yield* failsWith(container.exec(Exec.make("true")), "ExecFailed")
      assert.strictEqual(exec.reason, "ContainerNotRunning", exec.message)
      assert.include(exec.detail, "exited")
    }),
    ["pause"]
  )

  test(
    "wait returns when the container ends, and immediately if it has ended",
    Effect.gen(function*() {
      const container = yield* Container.start(idle)
      const waiting = yield* Effect.fork(container.wait)
      yield* container.stop({ grace: "5 seconds" })
      const { exitCode } = yield* container.state
      assert.strictEqual(yield* Fiber.join(waiting), exitCode)
      assert.strictEqual(yield* container.wait, exitCode)
    })
  )

  test(
    "a killed container has the exit code of its signal",
    Effect.gen(function*() {
      const container = yield* Container.start(idle)
      yield* container.kill()
      assert.strictEqual(yield* container.wait, 137)
      assert.strictEqual((yield* container.state).exitCode, 137)
      yield* container.start
      assert.strictEqual((yield* container.state).exitCode, 0)
    })
  )

  test(
    "a stopped container is removed when its scope closes",
    Effect.gen(function*() {
      const name = yield* uniqueName
      const warned = yield* warnings(Container.withContainer(
        Definition.name(idle, name),
        (container) => container.stop({ grace: "5 seconds" })
      ))
      assert.deepStrictEqual(warned, [])
      yield* assertGone(name)
    })
  )
}

/** @internal */
export const themes = [
  { name: "container states", tests: containerStates }
] as const
