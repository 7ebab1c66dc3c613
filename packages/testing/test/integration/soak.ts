import type { NodeContext } from "@effect/platform-node"
import { assert, layer } from "@effect/vitest"
import { type Backend, Container, Definition, Label } from "@ociman/containers"
import { Leftovers, TestImage } from "@ociman/testing"
import { Effect, Layer } from "effect"
import { readdirSync } from "node:fs"
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import { platform } from "../support/platform.js"

const collectGarbage = (): void => {
  setFlagsFromString("--expose-gc")
  runInNewContext("gc")()
}

/** Amounts that grow with each leaked resource. */
const usage = Effect.sync(() => {
  collectGarbage()
  return {
    heap: process.memoryUsage().heapUsed,
    files: readdirSync("/proc/self/fd").length,
    listeners: process.eventNames().reduce((count, name) => count + process.listenerCount(name), 0),
    timers: process.getActiveResourcesInfo().length
  }
})

const megabytes = (bytes: number) => `${(bytes / 2 ** 20).toFixed(1)} MiB`

/** Starts and stops containers, 8 at a time, and compares the resource usage before and after. */
export const soakSuite = <E>(
  name: string,
  backend: Layer.Layer<Backend.Backend, E, NodeContext.NodeContext>,
  cycles: number
) => {
  const id = Math.random().toString(16).slice(2, 10)
  const label = Label.equals("com.example.soak", id)
  const services = TestImage.layer().pipe(
    Layer.provideMerge(Leftovers.layer({ labels: [label], namePrefix: `ociman-soak-${id}-` })),
    Layer.provideMerge(backend),
    Layer.provideMerge(platform)
  )

  layer(services, { excludeTestServices: true, timeout: "1 minute" })(`Soak on ${name}`, (it) => {
    it.effect(
      `${cycles} started and stopped containers leave no resources in the process or on the engine`,
      () =>
        Effect.gen(function*() {
          const { reference } = yield* TestImage.TestImage
          const idle = Definition.make(reference).pipe(
            Definition.pullPolicy("never"),
            Definition.command("sh", "-c", "trap 'exit 0' TERM; sleep 86400 & wait"),
            Definition.label(label.key, label.value)
          )
          const cycle = Effect.scoped(Effect.flatMap(Container.start(idle), (container) => container.stop()))
          const some = (count: number) =>
            Effect.forEach(Array.from({ length: count }), () => cycle, { concurrency: 8, discard: true })

          yield* some(8) // Warm-up: creates everything that is created only once.
          const before = yield* usage
          yield* some(cycles)
          yield* Leftovers.assertNone
          const after = yield* usage

          const growth = after.heap - before.heap
          yield* Effect.log(
            `${cycles} cycles on ${name}: heap ${megabytes(before.heap)} + ${megabytes(growth)}, ` +
              `open files ${before.files} and ${after.files}, listeners ${before.listeners} and ${after.listeners}`
          )
          assert.isAtMost(after.files, before.files)
          assert.isAtMost(after.listeners, before.listeners)
          assert.isAtMost(after.timers, before.timers)
          assert.isBelow(growth / cycles, 32 * 1024)
        }),
      600_000
    )
  })
}
