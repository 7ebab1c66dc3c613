import { Error as PlatformError } from "@effect/platform"
import { describe, it } from "@effect/vitest"
import { assertInclude, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { type BackendDriver, Container, Definition, Exec, type MemoryBackend, Output } from "@ociman/containers"
import { Deferred, Effect, Fiber, Option, Ref, Stream, TestClock } from "effect"
import { bytes, create, linesOf, onMemory, status } from "./support/memory.js"

const web = Definition.make("web")

const processOf = (script: MemoryBackend.Script): MemoryBackend.Options => ({ process: () => script })

const execOf = (script: MemoryBackend.Script): MemoryBackend.Options => ({ exec: () => script })

const broken = new PlatformError.SystemError({ module: "FileSystem", method: "read", reason: "Unknown" })

describe("the process of a memory container", () => {
  it.effect("has written its answer when the container is started", () =>
    Effect.gen(function*() {
      const container = yield* Container.start(web)
      deepStrictEqual(yield* linesOf(container.logs()), { stdout: ["ready"], stderr: ["careful"] })
      strictEqual(yield* status(container), "running")
    }).pipe(onMemory(processOf({ stdout: "ready\n", stderr: bytes("careful\n") }))))

  it.effect("ends with the exit code of its answer", () =>
    Effect.gen(function*() {
      const container = yield* Container.start(web)
      strictEqual(yield* status(container), "exited")
      strictEqual(yield* container.wait, 3)
      strictEqual((yield* container.state).exitCode, 3)
    }).pipe(onMemory(processOf({ exitCode: 3 }))))

  it.effect("can be scripted by an effect that waits", () =>
    Effect.gen(function*() {
      const container = yield* Container.start(web)
      const waiting = yield* Effect.fork(container.wait)
      strictEqual(yield* status(container), "running")
      yield* TestClock.adjust("1 minute")
      strictEqual(yield* Fiber.join(waiting), 4)
    }).pipe(onMemory(processOf(Effect.delay(Effect.succeed({ exitCode: 4 }), "1 minute")))))

  it.effect("can be scripted by a stream of events without an exit", () =>
    Effect.gen(function*() {
      const container = yield* Container.start(web)
      const first = container.logs({ follow: true }).pipe(Output.lines, Stream.take(2), Stream.runCollect)
      deepStrictEqual(Array.from(yield* first), ["one", "two"])
      strictEqual(yield* status(container), "running")
    }).pipe(onMemory(processOf(Stream.make(Output.stdout(bytes("one\n")), Output.stderr(bytes("two\n")))))))

  it.effect("writes nothing after its exit", () =>
    Effect.gen(function*() {
      const result = yield* Container.run(web)
      strictEqual(result.stdout, "one")
    }).pipe(onMemory(processOf(Stream.make(Output.stdout(bytes("one")), Output.exit(0), Output.stdout(bytes("two")))))))

  it.effect("is interrupted by a stop", () =>
    Effect.gen(function*() {
      const interrupted = yield* Deferred.make<void>()
      const script = Effect.onInterrupt(Effect.never, () => Deferred.succeed(interrupted, undefined))
      yield* Effect.gen(function*() {
        const container = yield* Container.start(web)
        yield* Effect.yieldNow()
        yield* container.stop()
        yield* Deferred.await(interrupted)
        strictEqual(yield* container.wait, 143)
      }).pipe(onMemory(processOf(script)))
    }))

  it.effect("is interrupted when the scope of the engine closes", () =>
    Effect.gen(function*() {
      const interrupted = yield* Ref.make(false)
      const script = Effect.onInterrupt(Effect.never, () => Ref.set(interrupted, true))
      yield* Container.launch(web).pipe(Effect.zipRight(Effect.yieldNow()), onMemory(processOf(script)))
      strictEqual(yield* Ref.get(interrupted), true)
    }))

  it.effect("writes no output while the container is paused", () =>
    Effect.gen(function*() {
      const container = yield* Container.start(web)
      yield* container.pause
      yield* TestClock.adjust("1 second")
      strictEqual(yield* status(container), "paused")
      yield* container.unpause
      strictEqual(yield* container.wait, 0)
    }).pipe(onMemory(processOf(Effect.delay(Effect.succeed({ exitCode: 0 }), "1 second")))))

  it.effect.each(
    [
      ["by a defect", Effect.dieMessage("no such table")],
      ["in a stream", Stream.dieMessage("no such table")]
    ] as const
  )("writes the defect of a script that dies %s", ([_, script]) =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(Container.run(web))
      strictEqual(error._tag, "RunFailed")
      assertInclude(error.message, "no such table")
    }).pipe(onMemory(processOf(script))))

  it.effect("reads its input", () =>
    Effect.gen(function*() {
      strictEqual((yield* Container.run(web, { stdin: "text" })).stdout, "text")
      const stream = Stream.make(bytes("a"), bytes("b"))
      strictEqual((yield* Container.run(web, { stdin: stream })).stdout, "ab")
      strictEqual((yield* Container.run(web)).stdout, "")
    }).pipe(onMemory({ process: (_, stdin) => Effect.map(stdin, (stdout) => ({ stdout, exitCode: 0 })) })))

  it.effect("fails with InputFailed if its input fails", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(Container.run(web, { stdin: Stream.fail(broken) }))
      strictEqual(error._tag === "EngineFailed" && error.reason, "InputFailed")
    }).pipe(onMemory({ process: (_, stdin) => Effect.map(stdin, (stdout) => ({ stdout, exitCode: 0 })) })))

  it.effect("writes everything to standard output on a terminal", () =>
    Effect.gen(function*() {
      const { stderr, stdout } = yield* Container.run(Definition.tty(web))
      deepStrictEqual([stdout, stderr], ["ab", ""])
    }).pipe(onMemory(processOf({ stdout: "a", stderr: "b", exitCode: 0 }))))

  it.effect("can be scripted by name and definition of its container", () =>
    Effect.gen(function*() {
      const { stdout } = yield* Container.run(web.pipe(Definition.name("me"), Definition.command("a", "b")))
      strictEqual(stdout, "me a b")
    }).pipe(onMemory({
      process: ({ definition, name }) => ({ stdout: [name, ...definition.arguments].join(" "), exitCode: 0 })
    })))
})

describe("the logs of a memory container", () => {
  const answer = { stdout: "one\ntwo\nthr", stderr: "four\n", exitCode: 0 }

  it.effect.each(
    [
      [0, []],
      [1, ["four"]],
      [2, ["thr", "four"]],
      [3, ["two", "thr", "four"]],
      [9, ["one", "two", "thr", "four"]]
    ] as const
  )("are limited to the last %i lines", ([tail, expected]) =>
    Effect.gen(function*() {
      const container = yield* Container.start(web)
      const { stderr, stdout } = yield* linesOf(container.logs({ tail }))
      deepStrictEqual([...stdout, ...stderr], [...expected])
    }).pipe(onMemory(processOf(answer))))

  it.effect("count a line once if it was written in several parts", () =>
    Effect.gen(function*() {
      const container = yield* Container.start(web)
      yield* container.wait
      deepStrictEqual((yield* linesOf(container.logs({ tail: 2 }))).stdout, ["two", "three"])
    }).pipe(onMemory(processOf(
      Stream.fromIterable(["one\nt", "w", "o\nth", "ree\n"]).pipe(
        Stream.map((text) => Output.stdout(bytes(text))),
        Stream.concat(Stream.succeed(Output.exit(0)))
      )
    ))))

  it.effect("keep the output of earlier runs", () =>
    Effect.gen(function*() {
      const container = yield* Container.start(web)
      yield* container.restart()
      deepStrictEqual((yield* linesOf(container.logs())).stderr, ["four", "four"])
    }).pipe(onMemory(processOf(answer))))

  it.effect("start at a given time", () =>
    Effect.gen(function*() {
      const container = yield* Container.start(web)
      yield* TestClock.adjust("10 seconds")
      yield* container.restart()
      const lines = (since: BackendDriver.LogOptions["since"]) =>
        Effect.map(linesOf(container.logs({ since })), ({ stderr }) => stderr.length)
      strictEqual(yield* lines(new Date(0)), 2)
      strictEqual(yield* lines(new Date(10_000)), 1)
      strictEqual(yield* lines(new Date(10_001)), 0)
      strictEqual(yield* lines("10 seconds"), 2)
      strictEqual(yield* lines("9 seconds"), 1)
    }).pipe(onMemory(processOf(answer))))

  it.effect("are followed until the process ends", () =>
    Effect.gen(function*() {
      const container = yield* Container.start(web)
      const following = yield* Effect.fork(linesOf(container.logs({ follow: true })))
      yield* TestClock.adjust("2 seconds")
      deepStrictEqual(yield* Fiber.join(following), { stdout: ["0", "1"], stderr: [] })
      deepStrictEqual(yield* linesOf(container.logs({ follow: true })), { stdout: ["0", "1"], stderr: [] })
    }).pipe(onMemory(processOf(
      Stream.range(0, 1).pipe(
        Stream.mapEffect((n) => Effect.delay(Effect.succeed(Output.stdout(bytes(`${n}\n`))), "1 second")),
        Stream.concat(Stream.succeed(Output.exit(0)))
      )
    ))))

  it.effect("end immediately if the process is not running", () =>
    Effect.gen(function*() {
      const container = yield* create(web)
      deepStrictEqual(yield* linesOf(container.logs({ follow: true })), { stdout: [], stderr: [] })
      const error = yield* Effect.flip(Effect.zipRight(container.remove(), Stream.runDrain(container.logs())))
      strictEqual(error._tag, "ContainerNotFound")
    }).pipe(onMemory()))
})

describe("exec in a memory container", () => {
  it.effect.each(
    [
      ["an answer", { stdout: "out", stderr: "err" }],
      ["an effect", Effect.succeed({ stdout: "out", stderr: "err" })],
      ["a stream", Stream.make(Output.stdout(bytes("out")), Output.stderr(bytes("err")))]
    ] as const
  )("returns %s", ([_, script]) =>
    Effect.gen(function*() {
      const container = yield* Container.start(web)
      const { exitCode, stderr, stdout } = yield* container.exec(Exec.make("any"))
      deepStrictEqual([exitCode, stdout, stderr], [0, "out", "err"])
    }).pipe(onMemory(execOf(script))))

  it.effect("passes the container, the command and its input to the script", () =>
    Effect.gen(function*() {
      const container = yield* Container.start(web.pipe(Definition.name("me")))
      const run = (exec: Exec.Exec) => Effect.map(container.exec(exec), ({ stdout }) => stdout)
      strictEqual(yield* run(Exec.make("cat", "-").pipe(Exec.stdin("in"))), "me cat - in")
      strictEqual(yield* run(Exec.make("cat").pipe(Exec.stdin(Stream.make(bytes("i"), bytes("n"))))), "me cat in")
      strictEqual(yield* run(Exec.make("cat")), "me cat ")
    }).pipe(onMemory({
      exec: ({ name }, exec, stdin) =>
        Effect.map(stdin, (bytes) => ({
          stdout: `${name} ${Exec.commandLine(exec)} ${new TextDecoder().decode(bytes)}`
        }))
    })))

  it.effect("fails on a non-zero exit code", () =>
    Effect.gen(function*() {
      const container = yield* Container.start(web)
      const error = yield* Effect.flip(container.exec(Exec.make("psql", "-c", "select 1")))
      strictEqual(error._tag, "ExecFailed")
      if (error._tag !== "ExecFailed") return
      deepStrictEqual([error.reason, error.exitCode, error.stdout, error.stderr], ["ExitCode", 2, "out", "err"])
      assertInclude(error.message, "psql -c 'select 1' ended with exit code 2")
      strictEqual((yield* container.exec(Exec.allowNonZeroExit(Exec.make("psql")))).exitCode, 2)
    }).pipe(onMemory(execOf({ stdout: "out", stderr: "err", exitCode: 2 }))))

  it.effect.each([undefined, () => undefined])("reports how to script a command", (exec) =>
    Effect.gen(function*() {
      const container = yield* Container.start(web)
      const error = yield* Effect.flip(container.exec(Exec.make("psql")))
      strictEqual(error._tag === "ExecFailed" && error.reason, "CommandNotFound")
      strictEqual(error._tag === "ExecFailed" && error.exitCode, 127)
      assertInclude(error.message, "MemoryBackend.layer")
    }).pipe(onMemory({ exec })))

  it.effect("fails unless the container is running", () =>
    Effect.gen(function*() {
      const container = yield* create(web)
      for (const step of [Effect.void, Effect.zipRight(container.restart(), container.pause), container.stop()]) {
        yield* step
        const error = yield* Effect.flip(container.exec(Exec.make("true")))
        strictEqual(error._tag === "ExecFailed" && error.reason, "ContainerNotRunning")
        assertInclude(error.message, yield* status(container))
      }
      yield* container.remove()
      strictEqual((yield* Effect.flip(container.exec(Exec.make("true"))))._tag, "ContainerNotFound")
    }).pipe(onMemory(execOf({}))))

  it.effect("ends with its container", () =>
    Effect.gen(function*() {
      const began = yield* Deferred.make<void>()
      const script = Effect.zipRight(Deferred.succeed(began, undefined), Effect.never)
      const error = yield* Effect.gen(function*() {
        const container = yield* Container.start(web)
        const running = yield* Effect.fork(Effect.flip(container.exec(Exec.make("sleep", "9"))))
        yield* Deferred.await(began)
        yield* container.kill()
        return yield* Fiber.join(running)
      }).pipe(onMemory(execOf(script)))
      strictEqual(error._tag === "ExecFailed" && error.reason, "ContainerNotRunning")
      strictEqual(error._tag === "ExecFailed" && error.exitCode, 137)
    }))

  it.effect("writes no output while the container is paused", () =>
    Effect.gen(function*() {
      const began = yield* Deferred.make<void>()
      const script = Deferred.succeed(began, undefined).pipe(Effect.zipRight(Effect.sleep("1 second")), Effect.as({}))
      yield* Effect.gen(function*() {
        const container = yield* Container.start(web)
        const running = yield* Effect.fork(container.exec(Exec.make("sleep", "1")))
        yield* Deferred.await(began)
        yield* container.pause
        yield* TestClock.adjust("1 second")
        strictEqual(Option.isNone(yield* Fiber.poll(running)), true)
        yield* container.unpause
        strictEqual((yield* Fiber.join(running)).exitCode, 0)
      }).pipe(onMemory(execOf(script)))
    }))

  it.effect("fails if its input fails, even if the script does not read it", () =>
    Effect.gen(function*() {
      const container = yield* Container.start(web)
      const fed = Exec.make("cat").pipe(Exec.stdin(Stream.fail(broken)))
      const error = yield* Effect.flip(container.exec(fed))
      strictEqual(error._tag === "EngineFailed" && error.reason, "InputFailed")
      assertInclude(error.message, "FileSystem.read")
      yield* container.exec(Exec.append(fed, "--null-input"))
    }).pipe(onMemory({
      exec: (_, exec, stdin) => exec.arguments.length > 0 ? {} : Effect.map(stdin, (stdout) => ({ stdout }))
    })))

  it.effect("interrupts its script when interrupted", () =>
    Effect.gen(function*() {
      const interrupted = yield* Ref.make(false)
      const script = Effect.onInterrupt(Effect.never, () => Ref.set(interrupted, true))
      yield* Effect.gen(function*() {
        const container = yield* Container.start(web)
        const running = yield* Effect.fork(Effect.timeout(container.exec(Exec.make("sleep", "9")), "1 second"))
        yield* TestClock.adjust("1 second")
        yield* Fiber.await(running)
      }).pipe(onMemory(execOf(script)))
      strictEqual(yield* Ref.get(interrupted), true)
    }))

  it.effect("writes everything to standard output on a terminal", () =>
    Effect.gen(function*() {
      const container = yield* Container.start(web)
      const { stderr, stdout } = yield* container.exec(Exec.tty(Exec.make("any")))
      deepStrictEqual([stdout, stderr], ["ab", ""])
    }).pipe(onMemory(execOf({ stdout: "a", stderr: "b" }))))
})
