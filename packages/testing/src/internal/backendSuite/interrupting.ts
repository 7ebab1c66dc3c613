import { assert } from "@effect/vitest"
import * as Container from "@ociman/containers/Container"
import * as Definition from "@ociman/containers/Definition"
import * as Label from "@ociman/containers/Label"
import * as Mount from "@ociman/containers/Mount"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { type Suite, warnings } from "./support.js"

const moments = 16

// The duration of a start is measured at the same concurrency.
const concurrency = 3

const interruptingStarts = ({ idle, test, uniqueName }: Suite): void => {
  test(
    `interrupting a start at ${moments} moments leaves no container`,
    Effect.gen(function*() {
      const key = `com.example.${yield* uniqueName}`
      const definition = idle.pipe(Definition.label(key, ""), Definition.mount(Mount.volume({ target: "/data" })))
      const durations = yield* Effect.all(
        Array.from({ length: concurrency }, () => Effect.scoped(Effect.timed(Container.start(definition)))),
        { concurrency }
      )
      const whole = Math.max(...durations.map(([duration]) => Duration.toMillis(duration)))
      const warned = yield* warnings(Effect.forEach(
        Array.from({ length: moments }, (_, index) => Duration.millis(whole * index / (moments - 1))),
        (moment) =>
          Effect.timeoutOption(Effect.scoped(Effect.zipRight(Container.start(definition), Effect.never)), moment),
        { concurrency, discard: true }
      ))
      assert.deepStrictEqual(warned, [])
      assert.deepStrictEqual((yield* Container.list(Label.has(key))).map(({ name }) => name), [])
    })
  )

  test(
    "an interrupted launch leaves no container",
    Effect.gen(function*() {
      const key = `com.example.${yield* uniqueName}`
      const definition = Definition.label(idle, key, "")
      const [whole] = yield* Effect.timed(
        Effect.flatMap(Container.launch(definition), (container) => container.remove({ force: true }))
      )
      yield* Effect.forEach(
        [0, 0.1, 0.2, 0.4, 0.6],
        (part) =>
          Effect.flatMap(
            Effect.timeoutOption(Container.launch(definition), Duration.times(whole, part)),
            Option.match({ onNone: () => Effect.void, onSome: (container) => container.remove({ force: true }) })
          ),
        { discard: true }
      )
      assert.deepStrictEqual((yield* Container.list(Label.has(key))).map(({ name }) => name), [])
    })
  )
}

/** @internal */
export const themes = [
  { name: "interrupting starts", tests: interruptingStarts }
] as const
