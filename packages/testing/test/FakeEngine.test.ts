import { NodeContext } from "@effect/platform-node"
import { describe, it } from "@effect/vitest"
import { assertInclude, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { Backend, type BackendError, Container, Definition, EngineBackend, Exec, Image } from "@ociman/containers"
import { Reference } from "@ociman/oci"
import { FakeEngine } from "@ociman/testing"
import { Effect, Fiber, Layer, TestClock } from "effect"

const image = Reference.make("localhost/fake:1")

const definition = Definition.make(image)

/** A backend that finds only the given fake engines. */
const on = (...scripts: ReadonlyArray<FakeEngine.Script>) =>
  EngineBackend.layer.pipe(
    Layer.provideMerge(FakeEngine.layer(...scripts)),
    Layer.provide(NodeContext.layer)
  )

const attached = Container.attach("fake")

interface Operation {
  readonly command: string
  readonly run: Effect.Effect<unknown, BackendError.BackendError, Backend.Backend>
}

/** Operations that parse the standard output of the client. */
const parsing: Readonly<Record<string, Operation>> = {
  create: { command: "container create", run: Effect.scoped(Container.start(definition)) },
  inspect: { command: "container inspect", run: attached },
  inspectImage: { command: "image inspect", run: Image.inspect(image) }
}

/** Returns the errors of these operations with a failing client. */
const failing = (
  engine: FakeEngine.Script,
  steps: ReadonlyArray<FakeEngine.Step>
) =>
  Effect.forEach(Object.entries(parsing), ([name, { command, run }]) =>
    Effect.flip(run).pipe(
      Effect.provide(on(FakeEngine.on(engine, command, steps))),
      Effect.map((error) => ({ name, error }))
    ), { concurrency: 4 })

const reasonOf = (error: BackendError.BackendError | { readonly _tag: string }) =>
  `${error._tag}${"reason" in error ? ` ${error.reason}` : ""}`

describe.each([FakeEngine.docker, FakeEngine.podman])("a fake $engine", (engine) => {
  it.live("is detected and answers like a healthy engine", () =>
    Effect.gen(function*() {
      const container = yield* Container.start(definition)
      strictEqual((yield* container.state).status, "running")
      strictEqual((yield* container.exec(Exec.make("true"))).stdout, "")
      strictEqual((yield* Backend.Backend).engine.name, engine.engine)
    }).pipe(Effect.scoped, Effect.provide(on(engine))))

  it.live("records its calls", () =>
    Effect.gen(function*() {
      yield* Image.remove(image)
      const calls = yield* FakeEngine.calls
      deepStrictEqual(calls.at(-1), {
        engine: engine.engine,
        arguments: ["image", "rm", "localhost/fake:1"]
      })
    }).pipe(Effect.provide(on(engine))))

  it.live("gives successive answers to successive calls", () =>
    Effect.gen(function*() {
      const exec = Effect.flatMap(attached, (container) => container.exec(Exec.make("date")))
      const outputs = yield* Effect.replicateEffect(Effect.map(exec, ({ stdout }) => stdout), 4)
      deepStrictEqual(outputs, ["first", "second", "third", "third"])
    }).pipe(Effect.provide(on(engine.pipe(
      FakeEngine.on("container exec", [FakeEngine.stdout("first")]),
      FakeEngine.on("container exec", [FakeEngine.stdout("second")]),
      FakeEngine.on("container exec", [FakeEngine.stdout("third")])
    )))))

  it.live("fails with a message for a command without an answer", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(Image.list())
      strictEqual(reasonOf(error), "EngineFailed Refused")
      assertInclude(error.message, `FakeEngine: no answer to "${engine.engine} image ls`)
    }).pipe(Effect.provide(on({
      ...engine,
      answers: engine.answers.filter(({ command }) => command !== "image ls")
    }))))

  it.live("hides the real clients", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(Layer.build(on()))
      assertInclude(error.message, "docker: not installed")
      assertInclude(error.message, "podman: not installed")
    }).pipe(Effect.scoped))

  it.live("fails operations with UnexpectedAnswer if it writes nothing", () =>
    Effect.gen(function*() {
      const { create, inspect, inspectImage } = yield* Effect.map(
        failing(engine, []),
        (errors) => Object.fromEntries(errors.map(({ error, name }) => [name, reasonOf(error)]))
      )
      deepStrictEqual({ create, inspect, inspectImage }, {
        create: "EngineFailed UnexpectedAnswer",
        inspect: "EngineFailed UnexpectedAnswer",
        inspectImage: "EngineFailed UnexpectedAnswer"
      })
    }))

  it.live("fails operations with BackendUnavailable after its engine stops", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(Effect.flatMap(attached, (container) => container.stop()))
      strictEqual(error._tag, "BackendUnavailable")
      assertInclude(error.message, "Container.stop: the engine is gone")
    }).pipe(Effect.provide(on(
      FakeEngine.on(engine, "container inspect", [
        ...engine.answers.filter(({ command }) => command === "container inspect").flatMap(({ steps }) => steps),
        FakeEngine.stopEngine
      ])
    ))))

  it.live("can answer in small pieces", () =>
    Effect.gen(function*() {
      const container = yield* Container.start(definition)
      strictEqual(container.id, "b".repeat(64))
    }).pipe(
      Effect.scoped,
      Effect.provide(on(FakeEngine.on(engine, "container create", [
        FakeEngine.trickle(`${"b".repeat(64)}\n`, { piece: 7, every: "5 millis" })
      ])))
    ))
})

describe("a fake engine that never answers", () => {
  const hanging = (command: string, steps: ReadonlyArray<FakeEngine.Step>) =>
    on(FakeEngine.on(FakeEngine.docker, command, steps))

  const called = (command: string) =>
    FakeEngine.calls.pipe(
      Effect.repeat({
        until: (calls) => calls.some(({ arguments: args }) => args.join(" ").startsWith(command))
      })
    )

  it.effect("times out", () =>
    Effect.gen(function*() {
      const fiber = yield* Effect.fork(Effect.flip(Image.inspect(image)))
      yield* called("image inspect")
      yield* TestClock.adjust("3 minutes")
      const error = yield* Fiber.join(fiber)
      strictEqual(reasonOf(error), "EngineFailed TimedOut")
      assertInclude(error.message, "Image.inspect failed on docker")
    }).pipe(Effect.provide(hanging("image inspect", [FakeEngine.hang]))))

  it.live("does not delay an interruption even if it ignores signals", () =>
    Effect.gen(function*() {
      const fiber = yield* Effect.fork(Image.inspect(image))
      yield* called("image inspect")
      const exit = yield* Fiber.interrupt(fiber)
      strictEqual(exit._tag, "Failure")
    }).pipe(
      Effect.provide(hanging("image inspect", [FakeEngine.ignore("TERM"), FakeEngine.hang]))
    ), 30_000)
})
