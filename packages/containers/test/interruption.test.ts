import { describe, it } from "@effect/vitest"
import { deepStrictEqual } from "@effect/vitest/utils"
import { type Backend, Container, Definition } from "@ociman/containers"
import { Effect, Option, Ref, type Scope } from "effect"
import { creatingBehindOnesBack, layerWith, recording, replacedIn } from "./support/faults.js"
import { interruptAfter } from "./support/interruption.js"

const web = Definition.make("web")

// A prime, so that it does not align with a loop of the runtime.
const stride = 7

/**
 * Interrupts an effect at each of its steps, each time on a new engine. Returns
 * the operations that were called and the containers that were left, after all
 * abandoned operations of the engine have completed.
 */
const interruptions = <A, E>(self: Effect.Effect<A, E, Backend.Backend | Scope.Scope>) =>
  Effect.gen(function*() {
    const outcomes = new Map<string, Set<string>>()
    for (let steps = 1;; steps += stride) {
      const calls = yield* Ref.make<ReadonlyArray<string>>([])
      const [exit, left] = yield* interruptAfter(Effect.scoped(self), steps).pipe(
        Effect.zipLeft(Effect.repeatN(Effect.yieldNow(), 9)),
        Effect.zip(Container.list()),
        Effect.provide(layerWith(
          (memory) => creatingBehindOnesBack(replacedIn(memory, recording(calls)(memory))),
          { process: () => ({ stdout: "hello", exitCode: 0 }) }
        ))
      )
      if (Option.isNone(exit)) return Object.fromEntries(Array.from(outcomes, ([calls, left]) => [calls, [...left]]))
      const key = (yield* calls).join(" ")
      outcomes.set(key, (outcomes.get(key) ?? new Set()).add(left.map(({ state }) => state.status).join(" ")))
    }
  })

describe("an interruption at any step", () => {
  it.live("of start leaves nothing", () =>
    Effect.gen(function*() {
      deepStrictEqual(yield* interruptions(Container.start(web)), {
        "": [""],
        "create": [""],
        "create pull": [""],
        "create pull create remove": [""],
        "create pull create start remove": [""]
      })
    }), 60_000)

  it.live("of run leaves nothing", () =>
    Effect.gen(function*() {
      deepStrictEqual(yield* interruptions(Container.run(web.pipe(Definition.pullPolicy("always")))), {
        "": [""],
        "pull": [""],
        "pull create remove": [""],
        "pull create start remove": [""]
      })
    }), 60_000)

  it.live("of launch leaves nothing or a started container", () =>
    Effect.gen(function*() {
      deepStrictEqual(yield* interruptions(Container.launch(web.pipe(Definition.pullPolicy("always")))), {
        "": [""],
        "pull": [""],
        "pull create remove": [""],
        "pull create start remove": [""],
        "pull create start": ["exited"]
      })
    }), 60_000)
})
