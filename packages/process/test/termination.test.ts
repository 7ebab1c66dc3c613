import { Command, CommandExecutor, FileSystem } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert, describe, layer } from "@effect/vitest"
import { type CommandFailed, Subprocess } from "@ociman/process"
import { Chunk, Deferred, Duration, Effect, Exit, Fiber, Option, Random, Ref, Scope, Stream } from "effect"
import { eventually, firstLine, isAlive, openFiles, pidsWith, sh } from "./support.js"

/** A process that is recognized among all of the machine. */
const marked = (marker: string, script = "sleep 60; true") => sh(script, marker)

const killAfter = "100 millis"

/** Not those of a run beside this one. */
const ours = `ociman-stubborn-${process.pid}`

layer(NodeContext.layer, { excludeTestServices: true })("termination", (it) => {
  describe("of a process that ignores SIGTERM", () => {
    const ways: Record<string, Effect.Effect<unknown, unknown, CommandExecutor.CommandExecutor>> = {
      "when run times out": Effect.flip(Subprocess.run(stubbornly("timeout"), { killAfter, timeout: "300 millis" })),
      "when run is interrupted": interruptWhenRunning("run", Subprocess.run(stubbornly("run"), { killAfter })),
      "when a stream is interrupted": interruptWhenRunning(
        "stream",
        Stream.runDrain(Subprocess.stream(stubbornly("stream"), { killAfter }))
      ),
      "when a consumer stops": Stream.runHead(Subprocess.streamLines(stubbornly("consumer"), { killAfter })),
      "when its input fails": Effect.flip(
        Subprocess.run(stubbornly("input"), {
          killAfter,
          stdin: Stream.fromEffect(Effect.delay(Effect.fail("lost" as const), "200 millis"))
        })
      ),
      "when a scope closes": Effect.scoped(
        Effect.flatMap(Subprocess.start(stubbornly("scope"), { killAfter }), (process) => firstLine(process.stdout))
      )
    }
    for (const [name, way] of Object.entries(ways)) {
      it.effect(name, () =>
        Effect.gen(function*() {
          yield* way
          assert.deepStrictEqual(pidsWith(ours), [])
        }))
    }
  })

  it.effect("lets a process that handles SIGTERM write its last output", () =>
    Effect.gen(function*() {
      const command = sh(
        "trap 'head -c 300000 /dev/zero >&2; echo bye; exit 0' TERM; echo ready; while :; do sleep 0.02; done"
      )
      const error = yield* Effect.flip(Subprocess.run(command, { timeout: "400 millis", maxStderr: Infinity }))
      assert.strictEqual(error.reason, "TimedOut")
      assert.strictEqual(error.stdout, "ready\nbye\n")
      assert.include(error.stderr, "bytes omitted")
    }))

  it.scoped("runs onTerminate first, and sends no signal if the process exits meanwhile", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const endBy = (onTerminate: (stop: string) => Subprocess.StartOptions["onTerminate"]) =>
        Effect.gen(function*() {
          const directory = yield* fs.makeTempDirectoryScoped({ prefix: "ociman-termination-" })
          const script = "trap 'echo signal >$1/end; exit' TERM; echo ready; " +
            "while [ ! -e $1/stop ]; do sleep 0.02; done; echo itself >$1/end"
          yield* Subprocess.start(sh(script, directory), {
            onTerminate: onTerminate(`${directory}/stop`),
            killAfter: "300 millis"
          }).pipe(Effect.tap(({ stdout }) => firstLine(stdout)), Effect.scoped)
          return (yield* fs.readFileString(`${directory}/end`)).trim()
        })
      const stopAndWait = (stop: string) => (pid: number) =>
        Effect.zipRight(Effect.orDie(fs.writeFileString(stop, "")), eventually(() => !isAlive(pid)))
      assert.strictEqual(yield* endBy(stopAndWait), "itself")
      assert.strictEqual(yield* endBy(() => () => Effect.never), "signal")
      assert.strictEqual(yield* endBy(() => () => Effect.die("of no matter")), "signal")
    }))

  it.effect("works in a finalizer, which is uninterruptible", () =>
    Effect.gen(function*() {
      const results = yield* Ref.make<ReadonlyArray<string>>([])
      const note = (result: string) => Ref.update(results, (all) => [...all, result])
      const release = Effect.gen(function*() {
        const { stdout } = yield* Subprocess.run(Command.make("cat"), { stdin: "fed" })
        yield* note(stdout.text)
        const failed = yield* Effect.flip(Subprocess.run(sh("exit 3")))
        yield* note(failed.reason)
        const timedOut = yield* Effect.flip(Subprocess.run(Command.make("sleep", "60"), { timeout: "100 millis" }))
        yield* note(timedOut.reason)
      })
      const fiber = yield* Effect.never.pipe(Effect.ensuring(Effect.orDie(release)), Effect.fork)
      yield* Effect.yieldNow()
      yield* Fiber.interrupt(fiber)
      assert.deepStrictEqual(yield* Ref.get(results), ["fed", "ExitCode", "TimedOut"])
    }))

  it.effect("continues if it is interrupted in a running finalizer", () =>
    Effect.gen(function*() {
      const result = yield* Deferred.make<unknown, unknown>()
      const started = yield* Deferred.make<void>()
      const release = (options: Subprocess.RunOptions) =>
        Subprocess.run(sh("sleep 0.3; echo done"), options).pipe(Effect.map(({ stdout }) => stdout.text))
      const releases = Effect.all([
        release({}),
        release({ timeout: "1 minute" }),
        Effect.map(
          Effect.flip(Subprocess.run(Command.make("sleep", "60"), { timeout: "300 millis" })),
          (_) => _.reason
        ),
        Effect.as(
          Effect.scoped(
            Effect.flatMap(Subprocess.start(stubbornly("interrupted"), { killAfter }), (process) =>
              firstLine(process.stdout))
          ),
          "terminated"
        )
      ], { concurrency: "unbounded" })
      const fiber = yield* Deferred.succeed(started, undefined).pipe(
        Effect.zipRight(releases),
        Effect.intoDeferred(result),
        Effect.uninterruptible,
        Effect.fork
      )
      yield* Deferred.await(started)
      yield* Effect.forEach(
        [50, 100, 100, 100],
        (millis) =>
          Effect.zipRight(Effect.sleep(millis), Fiber.interruptFork(fiber))
      )
      assert.deepStrictEqual(yield* Deferred.await(result), ["done\n", "done\n", "TimedOut", "terminated"])
      assert.deepStrictEqual(pidsWith(ours), [])
    }))

  it.effect("does not wait for the grace period if the process exits at once", () =>
    Effect.gen(function*() {
      const [duration] = yield* Effect.timed(
        Effect.scoped(Subprocess.start(Command.make("sleep", "60"), { killAfter: "1 minute" }))
      )
      assert.isBelow(Duration.toSeconds(duration), 20)
    }))

  it.effect("works on a stopped process", () =>
    Effect.gen(function*() {
      const pid = yield* Effect.scoped(Effect.gen(function*() {
        const process = yield* Subprocess.start(Command.make("sleep", "60"), { killAfter })
        yield* process.kill("SIGSTOP")
        return process.pid
      }))
      assert.isFalse(isAlive(pid))
    }))

  describe("of the children of a process", () => {
    it.effect("includes its process group", () =>
      Effect.gen(function*() {
        const [pid, child] = yield* Effect.scoped(Effect.gen(function*() {
          const process = yield* Subprocess.start(sh("sleep 60 & echo $!; wait"))
          return [process.pid, Number(yield* firstLine(process.stdout))] as const
        }))
        assert.isFalse(isAlive(pid))
        yield* eventually(() => !isAlive(child))
      }))

    it.effect("gives them the same grace period", () =>
      Effect.gen(function*() {
        const child = "trap 'sleep 0.2; echo bye; exit' TERM; echo ready; while :; do sleep 0.02; done"
        const error = yield* Effect.flip(Subprocess.run(sh(`(${child}) & wait`), { timeout: "400 millis" }))
        assert.strictEqual(error.stdout, "ready\nbye\n")
      }))

    it.effect("kills those that ignore SIGTERM and have closed its outputs", () =>
      Effect.gen(function*() {
        const command = sh("trap '' TERM; sleep 60 >/dev/null 2>&1 & trap - TERM; echo $!; wait")
        const scope = yield* Scope.make()
        const platform = yield* Command.start(command).pipe(Scope.extend(scope))
        const survivor = Number(yield* firstLine(platform.stdout))
        yield* Scope.close(scope, Exit.void)
        assert.isTrue(isAlive(survivor))
        process.kill(survivor, "SIGKILL")

        const child = yield* Effect.scoped(
          Effect.flatMap(Subprocess.start(command, { killAfter }), (process) => firstLine(process.stdout))
        )
        yield* eventually(() => !isAlive(Number(child)))
      }))

    it.effect("includes background processes that hold its outputs", () =>
      Effect.gen(function*() {
        const error = yield* Effect.flip(Subprocess.run(sh("sleep 60 & echo $!"), { timeout: "300 millis" }))
        assert.strictEqual(error.reason, "TimedOut")
        yield* eventually(() => !isAlive(Number(error.stdout)))
      }))

    it.effect("sends each signal once if a process in a session of its own holds the outputs", () =>
      Effect.gen(function*() {
        const signals: Array<string> = []
        const executor = yield* CommandExecutor.CommandExecutor
        const counting = CommandExecutor.makeExecutor((command) =>
          Effect.map(executor.start(command), (process) => ({
            ...process,
            kill: (signal: CommandExecutor.Signal = "SIGTERM") =>
              Effect.zipRight(Effect.sync(() => signals.push(signal)), process.kill(signal))
          }))
        )
        const error = yield* Subprocess.run(sh("setsid sleep 60 & echo $!; exec sleep 60"), {
          timeout: "300 millis",
          killAfter: "300 millis"
        }).pipe(Effect.provideService(CommandExecutor.CommandExecutor, counting), Effect.flip)
        const survivor = Number(error.stdout)
        assert.isTrue(isAlive(survivor))
        process.kill(survivor, "SIGKILL")
        assert.strictEqual(error.reason, "TimedOut")
        assert.deepStrictEqual(signals, ["SIGTERM", "SIGKILL"])
      }))

    it.effect("excludes background processes in sessions of their own", () =>
      Effect.gen(function*() {
        const { stdout } = yield* Subprocess.run(sh("sleep 60 >/dev/null 2>&1 & echo $!"))
        const daemon = Number(stdout.text)
        assert.isTrue(isAlive(daemon))
        process.kill(daemon, "SIGKILL")
      }))
  })

  it.effect("of a pipeline ends all commands", () =>
    Effect.gen(function*() {
      const marker = "ociman-pipeline"
      const part = marked(marker, "echo started; cat; sleep 60; true")
      const command = part.pipe(Command.pipeTo(part), Command.pipeTo(part))
      const lines = yield* Subprocess.streamLines(command, { stdin: Stream.never }).pipe(
        Stream.take(3),
        Stream.tap(() => eventually(() => pidsWith(marker).length === 3)),
        Stream.runCollect
      )
      assert.deepStrictEqual(Chunk.toReadonlyArray(lines), ["started", "started", "started"])
      yield* eventually(() => pidsWith(marker).length === 0)
    }))

  it.effect("while the process starts leaves no process", () =>
    Effect.gen(function*() {
      const marker = "ociman-starting"
      const executor = yield* CommandExecutor.CommandExecutor
      const slow = CommandExecutor.makeExecutor((command) =>
        Effect.zipLeft(executor.start(command), Effect.sleep("100 millis"))
      )
      const fiber = yield* Subprocess.run(marked(marker)).pipe(
        Effect.provideService(CommandExecutor.CommandExecutor, slow),
        Effect.fork
      )
      yield* eventually(() => pidsWith(marker).length > 0)
      yield* Fiber.interrupt(fiber)
      yield* eventually(() => pidsWith(marker).length === 0)
    }))

  it.effect("at any moment leaves no process", () =>
    Effect.gen(function*() {
      const marker = "ociman-moment"
      const command = Command.workingDirectory(marked(marker), "/")
      const started: Array<Effect.Effect<unknown, CommandFailed.CommandFailed, CommandExecutor.CommandExecutor>> = [
        Subprocess.run(command, { stdin: Stream.never }),
        Effect.scoped(Effect.zipRight(Subprocess.start(command), Effect.never)),
        Stream.runDrain(Subprocess.stream(command))
      ]
      yield* Effect.forEach(
        Array.from({ length: 48 }, (_, index) => index),
        (index) =>
          Effect.gen(function*() {
            const fiber = yield* Effect.fork(started[index % 3] ?? Effect.void)
            if (index >= 3) yield* Effect.sleep(yield* Random.nextIntBetween(0, 25))
            const exit = yield* Fiber.interrupt(fiber)
            assert.isTrue(Exit.isInterrupted(exit))
          }),
        { concurrency: 4 }
      )
      yield* eventually(() => pidsWith(marker).length === 0)
    }))

  it.effect("of many processes leaves no open file", () =>
    Effect.gen(function*() {
      const one = Effect.fnUntraced(function*(index: number) {
        const command = sh("head -c 200000 /dev/zero >&2; cat; exit $1", `${index % 2}`)
        const exit = yield* Effect.exit(Subprocess.run(command, { stdin: `${index}`, maxStderr: 10 }))
        if (index % 2 === 0) assert.strictEqual(Option.getOrThrow(Exit.match(exit, some)).stdout.text, `${index}`)
        else assert.isTrue(Exit.isFailure(exit))
        yield* Effect.exit(Subprocess.run(Command.make("no-such-program")))
        yield* Stream.runHead(Subprocess.stream(sh("cat /dev/zero")))
      })
      yield* one(0)
      const before = openFiles()
      yield* Effect.forEach(Array.from({ length: 50 }, (_, index) => index), one, { concurrency: "unbounded" })
      yield* eventually(() => openFiles() <= before)
    }), 20_000)
})

const some = { onFailure: () => Option.none<Subprocess.Result>(), onSuccess: Option.some<Subprocess.Result> }

function stubbornly(name: string) {
  return sh("trap '' TERM; echo ready; while :; do sleep 0.02; done", `${ours}-${name}`)
}

function interruptWhenRunning<A, E, R>(name: string, effect: Effect.Effect<A, E, R>) {
  return Effect.gen(function*() {
    const fiber = yield* Effect.fork(effect)
    yield* eventually(() => pidsWith(`${ours}-${name}`).length > 0)
    yield* Effect.sleep("50 millis")
    yield* Fiber.interrupt(fiber)
  })
}
