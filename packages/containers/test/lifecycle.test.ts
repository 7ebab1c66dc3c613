import { describe, it } from "@effect/vitest"
import { assertInclude, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import {
  Backend,
  type BackendDriver,
  BackendError,
  Container,
  ContainerName,
  Definition,
  Exec
} from "@ociman/containers"
import { Cause, Duration, Effect, Exit, Fiber, Logger, Option, Ref, type Scope, Stream, TestClock } from "effect"
import { layerWith, recording } from "./support/faults.js"
import { onMemory, status } from "./support/memory.js"

const web = Definition.make("web")

const mine = Definition.name(web, "mine")

const lost = new BackendError.EngineFailed({
  engine: "memory",
  operation: "Container.create",
  reason: "Refused",
  detail: "connection lost"
})

const started = (definition: Definition.Definition) => Effect.scoped(Effect.asVoid(Container.start(definition)))

const names = Effect.map(Container.list(), (containers) => containers.map(({ name }) => name))

/** The operations that a program calls. */
const callsOf = <A, E>(program: Effect.Effect<A, E, Backend.Backend>, options?: { readonly image: boolean }) =>
  Effect.gen(function*() {
    const calls = yield* Ref.make<ReadonlyArray<string>>([])
    yield* Effect.ignore(program).pipe(
      Effect.provide(layerWith(recording(calls), { images: options?.image === true ? [{ image: "web" }] : [] }))
    )
    return (yield* calls).join(" ")
  })

describe("pull policy", () => {
  it.effect.each(
    [
      ["always", true, "pull create start remove"],
      ["always", false, "pull create start remove"],
      ["missing", true, "create start remove"],
      ["missing", false, "create pull create start remove"],
      ["never", true, "create start remove"],
      ["never", false, "create"]
    ] as const
  )("%s, image there %s: %s", ([policy, image, expected]) =>
    Effect.gen(function*() {
      strictEqual(yield* callsOf(started(Definition.pullPolicy(web, policy)), { image }), expected)
    }))

  it.effect.each(["always", "missing"] as const)(
    "%s: an image that cannot be pulled is not found",
    (policy) =>
      Effect.gen(function*() {
        const error = yield* Effect.flip(started(Definition.pullPolicy(web, policy)))
        strictEqual(error._tag, "ImageNotFound")
        deepStrictEqual(yield* names, [])
      }).pipe(onMemory({ registry: [] }))
  )
})

describe("a name", () => {
  it.effect("that another container has fails the second and leaves the first alone", () =>
    Effect.gen(function*() {
      const first = yield* Container.start(mine)
      const error = yield* Effect.flip(started(mine))
      strictEqual(error._tag === "NameInUse" && error.resource, "mine")
      strictEqual(yield* status(first), "running")
    }).pipe(onMemory()))

  it.effect.each(
    [
      [3, "Success"],
      [4, "Failure"]
    ] as const
  )("chosen by the library is chosen again: taken %i times, %s", ([taken, outcome]) =>
    Effect.gen(function*() {
      const tried = yield* Ref.make<ReadonlyArray<string>>([])
      const exit = yield* Effect.exit(Container.launch(Definition.pullPolicy(web, "always"))).pipe(
        Effect.provide(layerWith((memory) => ({
          containers: {
            create: (definition, name) =>
              Effect.flatMap(
                Ref.updateAndGet(tried, (all) => [...all, name]),
                (all) =>
                  all.length <= taken
                    ? new BackendError.NameInUse({ kind: "container", resource: name })
                    : memory.containers.create(definition, name)
              )
          }
        })))
      )
      strictEqual(exit._tag, outcome)
      strictEqual(new Set(yield* tried).size, 4)
    }))

  it.effect("chosen by the user is not tried again", () =>
    Effect.gen(function*() {
      const calls = yield* callsOf(Effect.zipRight(Container.launch(mine), started(mine)), { image: true })
      strictEqual(calls, "create start create")
    }))
})

describe("a creation that fails", () => {
  it.effect.each([web, mine])("after the container was created removes it", (definition) =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(started(definition))
      strictEqual(error._tag, "EngineFailed")
      deepStrictEqual(yield* names, [])
    }).pipe(Effect.provide(layerWith((memory) => ({
      containers: {
        create: (...args) => Effect.zipRight(memory.containers.create(...args), lost)
      }
    })))))

  it.effect("leaves a container of that name alone that somebody else has created meanwhile", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(started(mine))
      strictEqual(error._tag, "EngineFailed")
      deepStrictEqual(yield* names, ["mine"])
    }).pipe(Effect.provide(layerWith((memory) => ({
      containers: {
        create: (_, name) => Effect.zipRight(memory.containers.create(web, name), lost)
      }
    })))))

  it.effect("by a defect removes the container too", () =>
    Effect.gen(function*() {
      strictEqual((yield* Effect.exit(started(web)))._tag, "Failure")
      deepStrictEqual(yield* names, [])
    }).pipe(Effect.provide(layerWith((memory) => ({
      containers: {
        create: (...args) => Effect.zipRight(memory.containers.create(...args), Effect.dieMessage("oops"))
      }
    })))))

  it.effect("to end does so after two minutes, and what came of it is removed", () =>
    Effect.gen(function*() {
      const starting = yield* Effect.fork(Effect.flip(started(web)))
      yield* TestClock.adjust("119 seconds")
      deepStrictEqual((yield* names).length, 1)
      yield* TestClock.adjust("1 seconds")
      const error = yield* Fiber.join(starting)
      strictEqual(error._tag === "EngineFailed" && error.reason, "TimedOut")
      deepStrictEqual(yield* names, [])
    }).pipe(Effect.provide(layerWith((memory) => ({
      containers: {
        create: (...args) => Effect.zipRight(memory.containers.create(...args), Effect.never)
      }
    })))))

  it.effect("to end can be interrupted, within these two minutes", () =>
    Effect.gen(function*() {
      const starting = yield* Effect.fork(started(web))
      yield* Effect.yieldNow()
      const interrupting = yield* Effect.fork(Fiber.interrupt(starting))
      yield* TestClock.adjust("2 minutes")
      strictEqual(Exit.isInterrupted(yield* Fiber.join(interrupting)), true)
    }).pipe(Effect.provide(layerWith(() => ({ containers: { create: () => Effect.never } })))))
})

describe("a start that fails", () => {
  const portTaken = () => new BackendError.PortTaken({ container: "", detail: "" })

  it.effect("removes its container at once, not when the scope closes", () =>
    Effect.gen(function*() {
      strictEqual((yield* Effect.flip(Container.start(mine)))._tag, "PortTaken")
      deepStrictEqual(yield* names, [])
    }).pipe(Effect.scoped, Effect.provide(layerWith(() => ({ containers: { start: portTaken } })))))

  it.effect("can be tried again in the same scope, under the same name", () =>
    Effect.gen(function*() {
      const attempts = yield* Ref.make(0)
      yield* Effect.gen(function*() {
        const container = yield* Effect.retry(Container.start(mine), { times: 1 })
        strictEqual(yield* container.name, "mine")
      }).pipe(
        Effect.scoped,
        Effect.zipRight(names),
        Effect.tap((left) => Effect.sync(() => deepStrictEqual(left, []))),
        Effect.provide(layerWith((memory) => ({
          containers: {
            start: (container) =>
              Effect.flatMap(
                Ref.updateAndGet(attempts, (n) => n + 1),
                (n) => n === 1 ? portTaken() : memory.containers.start(container)
              )
          }
        })))
      )
    }))

  it.effect("leaves nothing of a launch", () =>
    Effect.gen(function*() {
      strictEqual((yield* Effect.flip(Container.launch(web)))._tag, "PortTaken")
      deepStrictEqual(yield* names, [])
    }).pipe(Effect.provide(layerWith(() => ({ containers: { start: portTaken } })))))

  it.effect("leaves nothing of a run", () =>
    Effect.gen(function*() {
      strictEqual((yield* Effect.flip(Container.run(web)))._tag, "PortTaken")
      deepStrictEqual(yield* names, [])
    }).pipe(Effect.provide(layerWith(() => ({ containers: { startAttached: () => Stream.fail(portTaken()) } })))))
})

describe("a scope that closes", () => {
  const removals = (program: Effect.Effect<unknown, unknown, Backend.Backend | Scope.Scope>) =>
    Effect.gen(function*() {
      const options = yield* Ref.make<ReadonlyArray<BackendDriver.RemoveOptions>>([])
      yield* program.pipe(
        Effect.scoped,
        Effect.provide(layerWith((memory) => ({
          containers: {
            remove: (container, given) =>
              Effect.zipRight(Ref.update(options, (all) => [...all, given]), memory.containers.remove(container, given))
          }
        })))
      )
      return yield* options
    })

  it.effect("removes by force, with anonymous volumes and a second's grace", () =>
    Effect.gen(function*() {
      const second = Duration.seconds(1)
      deepStrictEqual(yield* removals(Container.start(web)), [{ force: true, volumes: true, grace: second }])
    }))

  it.effect("gives the process the time that its definition says", () =>
    Effect.gen(function*() {
      const [removal] = yield* removals(Container.start(Definition.stopTimeout(web, "1 minute")))
      deepStrictEqual(removal?.grace, Duration.minutes(1))
    }))

  it.effect("does not remove what has been removed", () =>
    Effect.gen(function*() {
      const removal = Effect.flatMap(Container.start(web), (container) => container.remove({ force: true }))
      deepStrictEqual(yield* removals(removal), [{ force: true, volumes: true, grace: Duration.zero }])
    }))

  it.effect("removes what could not be removed before", () =>
    Effect.gen(function*() {
      const removal = Effect.flatMap(Container.start(web), (container) => Effect.ignore(container.remove()))
      strictEqual((yield* removals(removal)).length, 2)
    }))

  it.effect("does not mind that the container is gone, or has another name", () =>
    Effect.gen(function*() {
      const container = yield* Container.start(web)
      const other = yield* Container.start(web)
      const backend = yield* Backend.Backend
      yield* backend.containers.remove(container.id, { force: true, volumes: true, grace: Duration.zero })
      yield* other.rename(ContainerName.make("other"))
    }).pipe(Effect.scoped, Effect.zipRight(names), Effect.tap((left) => deepStrictEqual(left, [])), onMemory()))
})

describe("a removal that fails", () => {
  const refused = new BackendError.EngineFailed({
    engine: "memory",
    operation: "Container.remove",
    reason: "Refused",
    detail: "device or resource busy"
  })

  interface Logged {
    readonly level: string
    readonly text: string
    readonly annotations: Readonly<Record<string, unknown>>
  }

  /** What a program logs, and its end, where nothing can be removed. */
  const logsOf = <A, E>(
    program: Effect.Effect<A, E, Backend.Backend | Scope.Scope>,
    removal: Effect.Effect<void, BackendError.ContainerError>
  ) =>
    Effect.gen(function*() {
      const logged: Array<Logged> = []
      const logger = Logger.make(({ annotations, cause, logLevel, message }) => {
        logged.push({
          level: logLevel.label,
          text: `${String(message)} ${Cause.pretty(cause)}`,
          annotations: Object.fromEntries(annotations)
        })
      })
      const exit = yield* program.pipe(
        Effect.scoped,
        Effect.exit,
        Effect.provide(layerWith(() => ({ containers: { remove: () => removal } }))),
        Effect.provide(Logger.add(logger))
      )
      return { exit, logged }
    })

  const id = Effect.map(Container.start(web), (container) => container.id)

  it.effect.each(
    [
      ["by an error", refused],
      ["by a defect", Effect.dieMessage("device or resource busy")]
    ] as const
  )("%s is a warning that names the container", ([_, removal]) =>
    Effect.gen(function*() {
      const { exit, logged } = yield* logsOf(id, removal)
      strictEqual(logged.length, 1)
      strictEqual(logged[0]?.level, "WARN")
      assertInclude(logged[0]?.text, "device or resource busy")
      strictEqual(Exit.getOrElse(exit, String), logged[0]?.annotations.container)
      strictEqual(logged[0]?.annotations.engine, "memory")
    }))

  it.effect("does not hide why the program failed", () =>
    Effect.gen(function*() {
      const { exit, logged } = yield* logsOf(Effect.zipRight(id, Effect.fail("mine")), refused)
      deepStrictEqual(exit, Exit.fail("mine"))
      strictEqual(logged.length, 1)
    }))

  it.effect("says nothing of a container that is gone", () =>
    Effect.gen(function*() {
      const { exit, logged } = yield* logsOf(id, new BackendError.ContainerNotFound({ container: "" }))
      strictEqual(exit._tag, "Success")
      deepStrictEqual(logged, [])
    }))

  it.effect("to end is given up, half a minute after the grace", () =>
    Effect.gen(function*() {
      const closing = yield* Effect.fork(
        logsOf(Container.start(Definition.stopTimeout(web, "10 seconds")), Effect.never)
      )
      yield* TestClock.adjust("39 seconds")
      strictEqual(Option.isNone(yield* Fiber.poll(closing)), true)
      yield* TestClock.adjust("1 second")
      const { exit, logged } = yield* Fiber.join(closing)
      strictEqual(exit._tag, "Success")
      assertInclude(logged[0]?.text, "did not answer")
    }))
})

describe("launch", () => {
  it.effect("leaves the container to the caller", () =>
    Effect.gen(function*() {
      const container = yield* Effect.scoped(Container.launch(web))
      strictEqual(yield* status(container), "running")
      yield* container.remove({ force: true })
      deepStrictEqual(yield* names, [])
    }).pipe(onMemory()))
})

describe("run", () => {
  const fails = { process: () => ({ stdout: "out", stderr: "no such table", exitCode: 3 }) }

  it.effect("fails with code and output, and leaves nothing", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(Container.run(web))
      strictEqual(error._tag, "RunFailed")
      if (error._tag !== "RunFailed") return
      deepStrictEqual([error.exitCode, error.stdout, error.stderr], [3, "out", "no such table"])
      assertInclude(error.message, "exit code 3")
      assertInclude(error.message, "no such table")
      deepStrictEqual(yield* names, [])
    }).pipe(onMemory(fails)))

  it.effect("takes any exit code if it is told to", () =>
    Effect.gen(function*() {
      strictEqual((yield* Container.run(web, { allowNonZeroExit: true })).exitCode, 3)
      deepStrictEqual(
        yield* Stream.runCollect(Container.runStream(web, { allowNonZeroExit: true })).pipe(
          Effect.map((output) => Array.from(output, ({ source }) => source))
        ),
        ["stdout", "stderr"]
      )
    }).pipe(onMemory(fails)))

  it.effect("as a stream gives the output before it fails", () =>
    Effect.gen(function*() {
      const seen = yield* Ref.make(0)
      const error = yield* Container.runStream(web).pipe(
        Stream.runForEach(() => Ref.update(seen, (n) => n + 1)),
        Effect.flip
      )
      strictEqual(yield* seen, 2)
      strictEqual(error._tag === "RunFailed" && error.stderr, "no such table")
      deepStrictEqual(yield* names, [])
    }).pipe(onMemory(fails)))

  it.effect("as a stream that nobody wants to its end leaves nothing", () =>
    Effect.gen(function*() {
      yield* Stream.runDrain(Stream.take(Container.runStream(web), 1))
      deepStrictEqual(yield* names, [])
    }).pipe(onMemory({ process: () => ({ stdout: "running\n" }) })))

  it.effect("keeps both ends of what is over the limit", () =>
    Effect.gen(function*() {
      const result = yield* Container.run(web, { outputLimit: 100 })
      strictEqual(result.omittedBytes, 900)
      strictEqual(result.stdoutBytes.length, 100)
      strictEqual(result.stdout.startsWith("a"), true)
      strictEqual(result.stdout.endsWith("b"), true)
    }).pipe(onMemory({ process: () => ({ stdout: "a".repeat(500) + "b".repeat(500), exitCode: 0 }) })))

  it.effect("removes its container itself, whatever the definition says", () =>
    Effect.gen(function*() {
      const result = yield* Container.run(Definition.autoRemove(web))
      strictEqual(result.stdout, "hello")
    }).pipe(onMemory({ process: () => ({ stdout: "hello", exitCode: 0 }) })))
})

it.effect("exec keeps both ends of what is over the limit", () =>
  Effect.gen(function*() {
    const container = yield* Container.start(web)
    const { omittedBytes, stderrBytes, stdout } = yield* container.exec(Exec.make("any").pipe(Exec.outputLimit(10)))
    deepStrictEqual([omittedBytes, stderrBytes.length], [92, 8])
    strictEqual(stdout.startsWith("aaaaa"), true)
    strictEqual(stdout.endsWith("bbbbb"), true)
  }).pipe(onMemory({ exec: () => ({ stdout: "a".repeat(51) + "b".repeat(51), stderr: "12345678" }) })))
