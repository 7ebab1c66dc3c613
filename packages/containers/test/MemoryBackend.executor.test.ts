import { Command, type CommandExecutor, Error as PlatformError } from "@effect/platform"
import { describe, it } from "@effect/vitest"
import { assertInclude, assertNone, assertSome, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { Container, Definition, Environment, Exec, type MemoryBackend } from "@ociman/containers"
import { Subprocess } from "@ociman/process"
import { Deferred, Effect, Exit, Fiber, Option, Ref, Sink, Stream, TestClock } from "effect"
import { bytes, onMemory } from "./support/memory.js"

const web = Definition.make("web")

const text = (input: Uint8Array) => new TextDecoder().decode(input)

const collected = <E, R>(stream: Stream.Stream<Uint8Array, E, R>) => Stream.mkString(Stream.decodeText(stream))

/** Scripts of a few well-known commands. */
const shell: MemoryBackend.Options["exec"] = (_, { arguments: args, executable }, stdin) => {
  switch (executable) {
    case "cat":
      return Effect.map(stdin, (stdout) => ({ stdout }))
    case "echo":
      return { stdout: `${args.join(" ")}\n` }
    case "exit":
      return { stdout: "out", stderr: "err", exitCode: Number(args[0]) }
    case "sleep":
      return Effect.as(Effect.sleep("1 minute"), { exitCode: 0 })
    case "tac":
      return Effect.map(stdin, (input) => ({ stdout: text(input).split("").reverse().join("") }))
    default:
      return undefined
  }
}

const inContainer = <A, E, R>(self: Effect.Effect<A, E, R | CommandExecutor.CommandExecutor>) =>
  Effect.flatMap(Container.start(web), (container) => Effect.provide(self, container.executor))

describe("a platform Command in a memory container", () => {
  it.effect("returns its output and exit code", () =>
    Effect.gen(function*() {
      const echo = Command.make("echo", "one", "two")
      strictEqual(yield* inContainer(Command.string(echo)), "one two\n")
      deepStrictEqual(yield* inContainer(Command.lines(echo)), ["one two"])
      strictEqual(yield* inContainer(Command.exitCode(Command.make("exit", "7"))), 7)
    }).pipe(onMemory({ exec: shell })))

  it.effect("reads its input, also from a pipe", () =>
    Effect.gen(function*() {
      strictEqual(yield* inContainer(Command.make("cat").pipe(Command.feed("fed"), Command.string)), "fed")
      const pipeline = Command.make("echo", "abc").pipe(
        Command.pipeTo(Command.make("tac")),
        Command.pipeTo(Command.make("cat"))
      )
      strictEqual(yield* inContainer(Command.string(pipeline)), "\ncba")
    }).pipe(onMemory({ exec: shell })))

  it.effect("reads the bytes written to the stdin of its process", () =>
    Effect.gen(function*() {
      const process = yield* Command.start(Command.make("cat"))
      strictEqual(yield* process.isRunning, true)
      yield* Stream.run(Stream.make(bytes("a"), bytes("b")), process.stdin)
      strictEqual(yield* process.exitCode, 0)
      strictEqual(yield* process.isRunning, false)
      strictEqual(yield* collected(process.stdout), "ab")
      strictEqual(yield* collected(process.stdout), "ab")
    }).pipe(inContainer, onMemory({ exec: shell })))

  it.effect("reads an empty input if stdin is inherited", () =>
    Effect.gen(function*() {
      const inherited = Command.make("cat").pipe(Command.stdin("inherit"))
      strictEqual(yield* inContainer(Command.string(inherited)), "")
      const silent = Command.make("exit", "1").pipe(Command.stdout("inherit"), Command.stderr("inherit"))
      const process = yield* inContainer(Command.start(silent))
      strictEqual(yield* collected(Stream.merge(process.stdout, process.stderr)), "")
    }).pipe(onMemory({ exec: shell })))

  it.effect("writes its output to a sink", () =>
    Effect.gen(function*() {
      const length = Sink.map(
        Sink.foldLeft(0, (length, piece: Uint8Array) => length + piece.length),
        (length) => bytes(String(length))
      )
      strictEqual(yield* inContainer(Command.make("echo", "abc").pipe(Command.stdout(length), Command.string)), "4")
    }).pipe(onMemory({ exec: shell })))

  it.effect("is passed to the script as an Exec", () =>
    Effect.gen(function*() {
      const asked = yield* Ref.make<ReadonlyArray<Exec.Exec>>([])
      yield* Effect.gen(function*() {
        yield* Command.exitCode(
          Command.make("psql", "-c", "select 1").pipe(
            Command.env({ PGPASSWORD: "secret" }),
            Command.workingDirectory("/tmp")
          )
        )
        yield* Command.exitCode(Command.make("echo", "$HOME").pipe(Command.runInShell(true)))
      }).pipe(
        inContainer,
        onMemory({ exec: (_, exec) => Effect.as(Ref.update(asked, (all) => [...all, exec]), {}) })
      )
      const [first, second] = yield* Ref.get(asked)
      strictEqual(first && Exec.commandLine(first), "psql -c 'select 1'")
      deepStrictEqual(first && Environment.toRecord(first.environment), { PGPASSWORD: "secret" })
      assertSome(first?.workingDirectory ?? Option.none(), "/tmp")
      strictEqual(second && Exec.commandLine(second), "/bin/sh -c 'echo $HOME'")
    }))

  it.effect("fails with BadArgument if it is invalid", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(Command.exitCode(Command.make("echo").pipe(Command.env({ "A=B": "" }))))
      strictEqual(error._tag, "BadArgument")
    }).pipe(inContainer, onMemory({ exec: shell })))

  it.effect("exits with 127 if it is not scripted, and its message shows how to script it", () =>
    Effect.gen(function*() {
      const process = yield* Command.start(Command.make("psql"))
      strictEqual(yield* process.exitCode, 127)
      assertInclude(yield* collected(process.stderr), "MemoryBackend.layer")
    }).pipe(inContainer, onMemory({ exec: shell })))

  it.effect("fails unless the container is running", () =>
    Effect.gen(function*() {
      const container = yield* Container.start(web)
      yield* container.stop()
      for (const expected of ["the container is exited", "There is no container"]) {
        const process = yield* Effect.provide(Command.start(Command.make("echo")), container.executor)
        strictEqual(yield* process.exitCode, 1)
        assertInclude(yield* collected(process.stderr), expected)
        yield* container.remove({ force: true })
      }
    }).pipe(onMemory({ exec: shell })))
})

describe("the process of a Command in a memory container", () => {
  it.effect("ends on a signal", () =>
    Effect.gen(function*() {
      for (const [signal, exitCode] of [[undefined, 143], ["SIGKILL", 137]] as const) {
        const process = yield* Command.start(Command.make("sleep"))
        yield* process.kill("SIGCONT")
        strictEqual(yield* process.isRunning, true)
        yield* process.kill(signal)
        strictEqual(Number(yield* process.exitCode), exitCode)
        yield* process.kill()
        strictEqual(Number(yield* process.exitCode), exitCode)
        strictEqual(yield* collected(process.stdout), "")
      }
    }).pipe(inContainer, onMemory({ exec: shell })))

  it.effect("ends with its scope, which interrupts its script", () =>
    Effect.gen(function*() {
      const interrupted = yield* Deferred.make<void>()
      const script = Effect.onInterrupt(Effect.never, () => Deferred.succeed(interrupted, undefined))
      yield* Effect.gen(function*() {
        const process = yield* Effect.scoped(Effect.zipLeft(Command.start(Command.make("any")), Effect.yieldNow()))
        strictEqual(yield* process.exitCode, 143)
        yield* Deferred.await(interrupted)
      }).pipe(inContainer, onMemory({ exec: () => script }))
    }))

  it.effect("ends with its container", () =>
    Effect.gen(function*() {
      const began = yield* Deferred.make<void>()
      const script = Effect.zipRight(Deferred.succeed(began, undefined), Effect.never)
      yield* Effect.gen(function*() {
        const container = yield* Container.start(web)
        const process = yield* Effect.provide(Command.start(Command.make("any")), container.executor)
        yield* Deferred.await(began)
        yield* container.stop()
        strictEqual(yield* process.exitCode, 137)
      }).pipe(onMemory({ exec: () => script }))
    }))

  it.effect("can be awaited", () =>
    Effect.gen(function*() {
      const process = yield* Command.start(Command.make("sleep"))
      const waiting = yield* Effect.fork(process.exitCode)
      yield* TestClock.adjust("1 minute")
      strictEqual(yield* Fiber.join(waiting), 0)
    }).pipe(inContainer, onMemory({ exec: shell })))

  it.effect("fails if its input fails", () =>
    Effect.gen(function*() {
      const broken = new PlatformError.SystemError({ module: "FileSystem", method: "read", reason: "Unknown" })
      const command = Command.make("cat").pipe(Command.stdin(Stream.fail(broken)))
      deepStrictEqual(yield* Effect.flip(Command.exitCode(command)), broken)
      deepStrictEqual(yield* Effect.flip(Command.string(command)), broken)
    }).pipe(inContainer, onMemory({ exec: shell })))

  it.effect("dies if its script dies", () =>
    Effect.gen(function*() {
      const command = Command.make("any")
      for (const run of [Effect.asVoid(Command.exitCode(command)), Effect.asVoid(Command.string(command))]) {
        const exit = yield* Effect.exit(run)
        assertInclude(String(Exit.isFailure(exit) && exit.cause), "no such table")
      }
    }).pipe(inContainer, onMemory({ exec: () => Effect.dieMessage("no such table") })))
})

it.effect("functions that use the platform's CommandExecutor run in a memory container", () =>
  Effect.gen(function*() {
    const result = yield* Subprocess.run(Command.make("cat"), { stdin: "in" })
    strictEqual(result.stdout.text, "in")
    const error = yield* Effect.flip(Subprocess.run(Command.make("exit", "2")))
    deepStrictEqual([error.exitCode, error.stdout, error.stderr], [2, "out", "err"])
    const running = yield* Effect.fork(Effect.timeoutOption(Subprocess.run(Command.make("sleep")), "1 second"))
    yield* TestClock.adjust("1 second")
    assertNone(yield* Fiber.join(running))
  }).pipe(inContainer, onMemory({ exec: shell })))
