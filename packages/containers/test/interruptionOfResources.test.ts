import { describe, it } from "@effect/vitest"
import { deepStrictEqual } from "@effect/vitest/utils"
import { type Backend, type BackendDriver, Network, Volume } from "@ociman/containers"
import { Effect, Fiber, Option, type Scope } from "effect"
import { layerWith } from "./support/faults.js"
import { interruptAfter } from "./support/interruption.js"

// A prime, so that no loop of the runtime keeps in step with it.
const stride = 7

/** As a daemon does, it makes what it was asked for also when the client that asked is gone. */
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

/** What is left after an interruption at ever later steps, until it takes no more of them. */
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

describe("interruption at any step", () => {
  it.live("of making a network leaves nothing", () =>
    Effect.gen(function*() {
      deepStrictEqual(yield* leftAfterSteps(Network.make()), { left: [], moments: true })
      deepStrictEqual(yield* leftAfterSteps(Network.make({ name: "given" })), { left: [], moments: true })
    }), 60_000)

  it.live("of making a volume leaves nothing", () =>
    Effect.gen(function*() {
      deepStrictEqual(yield* leftAfterSteps(Volume.make()), { left: [], moments: true })
      deepStrictEqual(yield* leftAfterSteps(Volume.make({ name: "given" })), { left: [], moments: true })
    }), 60_000)
})
