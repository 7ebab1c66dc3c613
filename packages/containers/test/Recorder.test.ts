import { describe, it } from "@effect/vitest"
import { assertInclude, deepStrictEqual } from "@effect/vitest/utils"
import { Backend, Container, Definition, Exec, MemoryBackend, Recorder } from "@ociman/containers"
import { Effect } from "effect"
import { everyOperation } from "./support/everyOperation.js"

const web = Definition.make("web")

const operations = Effect.map(Recorder.calls, (calls) => calls.map(({ operation }) => operation))

describe("Recorder", () => {
  it.effect("records each driver operation once, when it runs", () =>
    Effect.gen(function*() {
      const uses: ReadonlyArray<[string, Effect.Effect<unknown, unknown>]> = Object.entries(
        everyOperation(yield* Backend.Backend)
      )
      deepStrictEqual(yield* operations, [])
      for (const [_, use] of uses) yield* Effect.exit(use)
      deepStrictEqual(yield* operations, uses.map(([name]) => name))
    }).pipe(Effect.provide(Recorder.layer(Backend.layerTest({})))))

  it.effect("records derived operations as their driver operations, including those of finalizers", () =>
    Effect.gen(function*() {
      yield* Container.withContainer(web, (container) => container.exec(Exec.make("true")))
      deepStrictEqual(yield* operations, [
        "containers.create",
        "images.pull",
        "containers.create",
        "containers.start",
        "exec.run",
        "containers.remove"
      ])
    }).pipe(Effect.provide(Recorder.layer(MemoryBackend.layer({ exec: () => ({ exitCode: 0 }) })))))

  it.effect("records the arguments of an operation", () =>
    Effect.gen(function*() {
      const { id } = yield* Container.launch(web)
      const container = yield* Container.attach(id)
      yield* container.kill("SIGHUP")
      deepStrictEqual((yield* Recorder.calls).at(-1), { operation: "containers.kill", arguments: [id, "SIGHUP"] })
    }).pipe(Effect.provide(Recorder.layer(MemoryBackend.layer()))))

  it.effect("passes failures of the backend through", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(Container.attach("nobody"))
      assertInclude(error.message, "nobody")
      deepStrictEqual(yield* operations, ["containers.inspect"])
    }).pipe(Effect.provide(Recorder.layer(MemoryBackend.layer()))))
})
