import { describe, it } from "@effect/vitest"
import { deepStrictEqual } from "@effect/vitest/utils"
import { type Backend, type BackendDriver, Network, Volume } from "@ociman/containers"
import { Effect, Fiber, Option, type Scope } from "effect"
import { layerWith } from "./support/faults.js"
import { interruptAfter } from "./support/interruption.js"

// A prime, so that it does not align with a loop of the runtime.
const stride = 7

/** Like a daemon, completes a creation even if the client is gone. */
const makingBehindOnesBack = (
  memory: BackendDriver.BackendDriver
): Pick<Backend.TestDouble, "networks" | "volumes"> => {
  const later = <A, E>(effect: Effect.Effect<A, E>) =>
    Effect.yieldNow().pipe(Effect.zipRight(effect), Effect.forkDaemon, Effect.flatMap(Fiber.join))
  return {
    networks: { create: (request) => later(memory.networks.create(request)) },
    volumes: { create: (request) => later(memory.volumes.create(request)) }
  }
}

const names = Effect.zipWith(Network.list(), Volume.list(), (networks, volumes) => [
  ...networks.map(({ name }) => name).filter((name) => !["bridge", "host", "none"].includes(name)),
  ...volumes.map(({ name }) => name)
])

/** Resources that are left after an interruption at each step, up to the last one. */
const leftAfterSteps = <A, E>(make: Effect.Effect<A, E, Backend.Backend | Scope.Scope>) =>
  Effect.gen(function*() {
    const left = new Set<string>()
    for (let steps = 1;; steps += stride) {
      const [exit, now] = yield* interruptAfter(Effect.scoped(make), steps).pipe(
        Effect.zipLeft(Effect.repeatN(Effect.yieldNow(), 9)),
        Effect.zip(names),
        Effect.provide(layerWith(makingBehindOnesBack))
      )
      for (const name of now) left.add(name)
      if (Option.isNone(exit)) return { left: [...left], moments: steps > 50 }
    }
  })

describe("an interruption at any step", () => {
  it.live("of creating a network leaves nothing", () =>
    Effect.gen(function*() {
      deepStrictEqual(yield* leftAfterSteps(Network.make()), { left: [], moments: true })
      deepStrictEqual(yield* leftAfterSteps(Network.make({ name: "given" })), { left: [], moments: true })
    }), 60_000)

  it.live("of creating a volume leaves nothing", () =>
    Effect.gen(function*() {
      deepStrictEqual(yield* leftAfterSteps(Volume.make()), { left: [], moments: true })
      deepStrictEqual(yield* leftAfterSteps(Volume.make({ name: "given" })), { left: [], moments: true })
    }), 60_000)
})
