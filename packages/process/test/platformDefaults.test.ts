/** Defects of the platform's `Command`, and the behavior of `Subprocess`. */
import { Command, CommandExecutor } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert, describe, layer } from "@effect/vitest"
import { Subprocess } from "@ociman/process"
import { Chunk, Effect, Exit, Fiber, Redacted, Scheduler, Scope, Sink, Stream } from "effect"
import { inspect } from "node:util"
import { firstLine, hangs, isAlive, mebibyte, pieces, sh, stubborn } from "./support.js"

const onStdout = `head -c ${mebibyte} /dev/zero`
const onStderr = `head -c ${mebibyte} /dev/zero >&2`
const tornCharacter = sh("printf 'caf\\303'; sleep 0.2; printf '\\251\\n'")

/** Gives a fiber its next turn so late that a fast process has exited by then. */
const slowScheduler = Scheduler.makeBatched((run) => setTimeout(run, 30))

layer(NodeContext.layer, { excludeTestServices: true })(
  "Subprocess avoids defects of the platform's Command:",
  (it) => {
    describe("output", () => {
      it.effect("drains 1 MiB on stdout if only the exit code is used", () =>
        Effect.gen(function*() {
          assert.isTrue(yield* hangs(Command.exitCode(sh(onStdout))))
          const result = yield* Subprocess.run(sh(onStdout))
          assert.strictEqual(result.exitCode, 0)
        }))

      it.effect("drains 1 MiB on stderr if only stdout is used", () =>
        Effect.gen(function*() {
          assert.isTrue(yield* hangs(Command.string(sh(`${onStderr}; echo done`))))
          const result = yield* Subprocess.run(sh(`${onStderr}; echo done`))
          assert.strictEqual(result.stdout.text, "done\n")
          const chunks = yield* Stream.runCollect(Subprocess.stream(sh(`${onStderr}; echo done`)))
          assert.strictEqual(Buffer.concat(Chunk.toReadonlyArray(chunks)).toString(), "done\n")
        }))

      it.effect("delivers 1 MiB without the sinks of the command", () =>
        Effect.gen(function*() {
          const drain = Sink.as(Sink.drain, new Uint8Array(0))
          const drained = (command: Command.Command) => command.pipe(Command.stdout(drain), Command.stderr(drain))
          assert.isTrue(yield* hangs(Command.exitCode(drained(sh(onStdout)))))
          assert.isTrue(yield* hangs(Command.exitCode(drained(sh(onStderr)))))
          const { exitCode, stderr } = yield* Subprocess.run(drained(sh(`${onStdout}; ${onStderr}`)), {
            maxStderr: Infinity
          })
          assert.deepStrictEqual([exitCode, stderr.totalBytes], [0, mebibyte])
        }))

      it.effect("delivers 1 MiB on both streams", () =>
        Effect.gen(function*() {
          const both = sh(`${onStderr}; ${onStdout}; ${onStderr}; ${onStdout}`)
          assert.isTrue(yield* hangs(Command.string(both)))
          const result = yield* Subprocess.run(both, { maxStdout: Infinity, maxStderr: Infinity })
          assert.strictEqual(result.stdout.bytes.length, 2 * mebibyte)
          assert.strictEqual(result.stderr.bytes.length, 2 * mebibyte)
        }))

      it.effect("can be read after the exit", () =>
        Effect.gen(function*() {
          const platform = yield* Effect.scoped(Effect.gen(function*() {
            const process = yield* Command.start(sh("echo text"))
            yield* process.exitCode
            yield* Effect.sleep("20 millis")
            return yield* firstLine(process.stdout)
          }))
          assert.strictEqual(platform, "")
          const ours = yield* Effect.scoped(Effect.gen(function*() {
            const process = yield* Subprocess.start(sh("echo text"))
            yield* process.exitCode
            yield* Effect.sleep("20 millis")
            return yield* firstLine(process.stdout)
          }))
          assert.strictEqual(ours, "text")
        }))

      it.effect("is complete if the process exits before the fiber runs", () =>
        Effect.gen(function*() {
          const platform = yield* Command.string(sh("echo text"))
          assert.strictEqual(platform, "")
          const ours = yield* Subprocess.run(sh("echo text; echo more >&2"))
          assert.strictEqual(ours.stdout.text + ours.stderr.text, "text\nmore\n")
        }).pipe(Effect.withScheduler(slowScheduler)))

      it.effect("keeps a character that spans two chunks", () =>
        Effect.gen(function*() {
          assert.deepStrictEqual(yield* Command.lines(tornCharacter), ["caf\ufffd\ufffd"])
          const lines = yield* Stream.runCollect(Subprocess.streamLines(tornCharacter))
          assert.deepStrictEqual(Chunk.toReadonlyArray(lines), ["café"])
        }))
    })

    describe("the exit", () => {
      it.effect("with code 7 is an error", () =>
        Effect.gen(function*() {
          const command = sh("echo some; exit 7")
          assert.strictEqual(yield* Command.string(command), "some\n")
          assert.isTrue(Exit.isSuccess(yield* Effect.exit(Stream.runDrain(Command.stream(command)))))

          const error = yield* Effect.flip(Subprocess.run(command))
          assert.strictEqual(error.reason, "ExitCode")
          assert.strictEqual(error.exitCode, 7)
          assert.strictEqual(error.stdout, "some\n")
          assert.strictEqual((yield* Effect.flip(Stream.runDrain(Subprocess.stream(command)))).exitCode, 7)
          assert.strictEqual((yield* Effect.flip(Stream.runDrain(Subprocess.streamLines(command)))).exitCode, 7)
          assert.strictEqual((yield* Effect.flip(Stream.runDrain(Subprocess.output(command)))).exitCode, 7)
        }))

      it.effect("by a signal is an error with the signal", () =>
        Effect.gen(function*() {
          const platform = yield* Effect.flip(Command.exitCode(sh("kill -KILL $$")))
          assert.notProperty(platform, "signal")
          const error = yield* Effect.flip(Subprocess.run(sh("kill -KILL $$")))
          assert.strictEqual(error.reason, "Signal")
          assert.strictEqual(error.signal, "SIGKILL")
          assert.strictEqual(error.exitCode, undefined)
          assert.include(error.message, "Command was killed with SIGKILL: sh -c")
        }))

      it.scoped("makes a later kill succeed", () =>
        Effect.gen(function*() {
          const platform = yield* Command.start(sh("exit 0"))
          yield* platform.exitCode
          assert.isTrue(Exit.isFailure(yield* Effect.exit(platform.kill())))

          const ours = yield* Subprocess.start(sh("exit 0"))
          yield* ours.exitCode
          yield* ours.kill()
          assert.strictEqual(yield* ours.exitCode, 0)
        }))

      it.scoped("is not awaited by kill", () =>
        Effect.gen(function*() {
          const command = sh("trap 'echo got it' USR1; echo ready; while :; do sleep 0.02; done")
          const platform = yield* Command.start(command)
          yield* Effect.forkScoped(Stream.runDrain(platform.stdout))
          assert.isTrue(yield* hangs(platform.kill("SIGURG")))

          const ours = yield* Subprocess.start(command)
          const lines = yield* Effect.fork(ours.stdout.pipe(
            Subprocess.splitLines,
            Stream.tap((line) => line === "ready" ? ours.kill("SIGUSR1") : Effect.void),
            Stream.take(2),
            Stream.runCollect
          ))
          assert.deepStrictEqual(Chunk.toReadonlyArray(yield* Fiber.join(lines)), ["ready", "got it"])
          assert.isTrue(yield* ours.isRunning)
        }))

      it.effect("is forced by SIGKILL if the process ignores SIGTERM", () =>
        Effect.gen(function*() {
          const scope = yield* Scope.make()
          const platform = yield* Command.start(stubborn).pipe(Scope.extend(scope))
          yield* firstLine(platform.stdout)
          const closing = yield* Effect.fork(Scope.close(scope, Exit.void))
          assert.isTrue(yield* hangs(Fiber.await(closing)))
          assert.isTrue(isAlive(platform.pid))
          process.kill(-platform.pid, "SIGKILL")
          yield* Fiber.await(closing)

          const pid = yield* Effect.scoped(Effect.gen(function*() {
            const ours = yield* Subprocess.start(stubborn, { killAfter: "100 millis" })
            assert.strictEqual(yield* firstLine(ours.stdout), "ready")
            return ours.pid
          }))
          assert.isFalse(isAlive(pid))
        }))
    })

    describe("input", () => {
      it.effect("is empty by default", () =>
        Effect.gen(function*() {
          assert.isTrue(yield* hangs(Command.string(Command.make("cat"))))
          assert.strictEqual((yield* Subprocess.run(Command.make("cat"))).stdout.text, "")
        }))

      it.effect("fails the effect if its stream fails", () =>
        Effect.gen(function*() {
          const input = Stream.concat(Stream.make(new Uint8Array(3)), Stream.fail("lost" as const))
          const platform = yield* CommandExecutor.CommandExecutor.pipe(
            Effect.flatMap((executor) => executor.start(sh("cat >/dev/null; exit 5"))),
            Effect.tap((process) => Effect.forkDaemon(Stream.run(input, process.stdin))),
            Effect.flatMap((process) => process.exitCode),
            Effect.scoped
          )
          assert.strictEqual(platform, 5)
          assert.strictEqual(yield* Effect.flip(Subprocess.run(sh("cat >/dev/null; exit 5"), { stdin: input })), "lost")
        }))

      it.effect("is not an error if the process does not read it", () =>
        Effect.gen(function*() {
          let pulled = 0
          const input = pieces(1000, () => pulled++)
          yield* Command.exitCode(Command.stdin(sh("sleep 0.5"), input))
          assert.strictEqual(pulled, 1000)

          pulled = 0
          yield* Subprocess.run(sh("sleep 0.5"), { stdin: input })
          assert.isBelow(pulled, 40)
        }))
    })

    it.effect("returns the outputs and failures of a pipeline", () =>
      Effect.gen(function*() {
        const broken = Command.pipeTo(sh("echo text; exit 4"), Command.make("cat"))
        assert.strictEqual(yield* Command.string(broken), "text\n")
        assert.strictEqual((yield* Effect.flip(Subprocess.run(broken))).exitCode, 4)

        const noisy = Command.pipeTo(sh(`${onStderr}; echo text`), Command.make("cat"))
        assert.isTrue(yield* hangs(Command.string(noisy)))
        assert.strictEqual((yield* Subprocess.run(noisy)).stdout.text, "text\n")
      }))

    it.effect("redacts a secret in the command line", () =>
      Effect.gen(function*() {
        const command = Command.make("no-such-program", "hunter22")
        assert.include((yield* Effect.flip(Command.string(command))).message, "hunter22")
        const error = yield* Effect.flip(Subprocess.run(command, { redact: [Redacted.make("hunter22")] }))
        assert.strictEqual(error.reason, "NotFound")
        assert.notInclude(inspect(error, { depth: 10, showHidden: true }), "hunter22")
        assert.include(error.message, "no-such-program '<redacted>'")
      }))
  }
)
