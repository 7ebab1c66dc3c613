import { Command, FileSystem } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert, describe, layer } from "@effect/vitest"
import { type CommandFailed, Subprocess } from "@ociman/process"
import { Chunk, Duration, Effect, Exit, Fiber, Option, Queue, Ref, Stream } from "effect"
import * as crypto from "node:crypto"
import { eventually, isAlive, mebibyte, pieces, sh } from "./support.js"

const text = (parts: Iterable<Uint8Array>) => Buffer.concat(Array.from(parts)).toString()

class Lost {
  readonly _tag = "Lost"
}

layer(NodeContext.layer, { excludeTestServices: true })("Subprocess", (it) => {
  describe("run", () => {
    it.effect("returns exit code, outputs and duration", () =>
      Effect.gen(function*() {
        const result = yield* Command.make("sh", "-c", "echo out; echo err >&2").pipe(
          Subprocess.run({ acceptExitCode: () => true })
        )
        assert.strictEqual(result.exitCode, 0)
        assert.strictEqual(result.stdout.text, "out\n")
        assert.deepStrictEqual(Array.from(result.stderr.bytes), [101, 114, 114, 10])
        assert.isAbove(Duration.toMillis(result.duration), 0)
      }))

    it.effect("respects environment, working directory and shell of the command", () =>
      Effect.gen(function*() {
        const result = yield* Command.make("echo $NAME; pwd").pipe(
          Command.env({ NAME: "value" }),
          Command.workingDirectory("/"),
          Command.runInShell(true),
          Subprocess.run
        )
        assert.strictEqual(result.stdout.text, "value\n/\n")
      }))

    it.effect("captures 256 MiB of output in bounded memory and counts dropped bytes", () =>
      Effect.gen(function*() {
        const before = process.memoryUsage.rss()
        const { stdout } = yield* Subprocess.run(
          sh("echo head; head -c 268435456 /dev/zero | tr '\\0' x; echo; echo tail"),
          { maxStdout: 200_000 }
        )
        assert.strictEqual(stdout.totalBytes, 268_435_467)
        assert.strictEqual(stdout.omittedBytes, 268_235_467)
        assert.strictEqual(
          stdout.text,
          `head\n${"x".repeat(99_995)}\n… 268235467 bytes omitted …\n${"x".repeat(99_994)}\ntail\n`
        )
        // Read chunks soon become garbage, which is collected in batches.
        assert.isBelow(process.memoryUsage.rss() - before, 160 * mebibyte)
      }))

    it.effect("limits outputs by default, and not at all with Infinity", () =>
      Effect.gen(function*() {
        const both = sh("head -c 3000000 /dev/zero; head -c 3000000 /dev/zero >&2")
        const bounded = yield* Subprocess.run(both)
        assert.strictEqual(bounded.stdout.bytes.length, mebibyte)
        assert.strictEqual(bounded.stderr.bytes.length, 65_536)
        const all = yield* Subprocess.run(both, { maxStdout: Infinity, maxStderr: Infinity })
        assert.strictEqual(all.stdout.bytes.length, 3_000_000)
        assert.strictEqual(all.stderr.omittedBytes, 0)
      }))

    it.effect("waits for the outputs of a background process", () =>
      Effect.gen(function*() {
        const { stdout } = yield* Subprocess.run(sh("(sleep 0.2; echo late) & echo early"))
        assert.strictEqual(stdout.text, "early\nlate\n")
      }))

    it.effect("lets the process inherit the outputs that the command declares", () =>
      Effect.gen(function*() {
        const result = yield* Command.make("true").pipe(
          Command.stdin("inherit"),
          Command.stdout("inherit"),
          Command.stderr("inherit"),
          Subprocess.run
        )
        assert.strictEqual(result.stdout.totalBytes, 0)
        const identity = sh("test /dev/stdin -ef \"$1\"", `/proc/${process.pid}/fd/0`)
        assert.strictEqual((yield* Subprocess.run(Command.stdin(identity, "inherit"))).exitCode, 0)
        assert.strictEqual((yield* Effect.flip(Subprocess.run(identity))).exitCode, 1)
      }))
  })

  describe("stdin", () => {
    it.effect("accepts text, bytes, a stream, or that of the command", () =>
      Effect.gen(function*() {
        const cat = Command.make("cat")
        const read = (command: Command.Command, stdin?: string | Uint8Array | Stream.Stream<Uint8Array>) =>
          Effect.map(Subprocess.run(command, { stdin }), (result) => result.stdout.text)
        assert.strictEqual(yield* read(cat, "größe"), "größe")
        assert.strictEqual(yield* read(cat, "inherit"), "inherit")
        assert.strictEqual(yield* read(cat, ""), "")
        assert.strictEqual(yield* read(cat, Buffer.from("bytes")), "bytes")
        assert.strictEqual(yield* read(cat, Stream.make(Buffer.from("a"), Buffer.from("b"))), "ab")
        assert.strictEqual(yield* read(Command.feed(cat, "own")), "own")
        assert.strictEqual(yield* read(Command.feed(cat, "own"), "given"), "given")
      }))

    it.effect("delivers 128 MiB completely", () =>
      Effect.gen(function*() {
        const hash = crypto.createHash("sha256")
        const input = Stream.tap(pieces(2048), (bytes) => Effect.sync(() => hash.update(bytes)))
        const { stdout } = yield* Subprocess.run(Command.make("sha256sum"), { stdin: input })
        assert.strictEqual(stdout.text, `${hash.digest("hex")}  -\n`)
      }))

    it.effect("is pulled only as fast as the process reads", () =>
      Effect.gen(function*() {
        let pulled = 0
        const input = pieces(3000, () => pulled++)
        const { stdout } = yield* Subprocess.run(sh("sleep 0.3; head -c 1000000 | wc -c"), { stdin: input })
        assert.strictEqual(stdout.text.trim(), "1000000")
        assert.isBelow(pulled, 60)
      }))

    it.effect("is not an error if the process exits early", () =>
      Effect.gen(function*() {
        const closed = yield* Ref.make(0)
        const input = pieces(3000).pipe(Stream.concat(Stream.never), Stream.ensuring(Ref.update(closed, (n) => n + 1)))
        assert.strictEqual((yield* Subprocess.run(sh("exit 0"), { stdin: input })).exitCode, 0)
        assert.strictEqual((yield* Effect.flip(Subprocess.run(sh("exit 3"), { stdin: input }))).exitCode, 3)
        assert.strictEqual((yield* Subprocess.run(sh("exec <&-; sleep 0.1"), { stdin: input })).exitCode, 0)
        assert.strictEqual(yield* Ref.get(closed), 3)
        assert.strictEqual((yield* Subprocess.run(sh("exit 0"), { stdin: Stream.never })).exitCode, 0)
      }))

    it.scoped("is not closed if it fails, so that the process does not take a part for the whole", () =>
      Effect.gen(function*() {
        const fs = yield* FileSystem.FileSystem
        const directory = yield* fs.makeTempDirectoryScoped()
        const command = sh("trap '' TERM; cat >/dev/null; echo whole > \"$1/end\"", directory)
        const killAfter = "100 millis"
        const input = Stream.concat(Stream.make(Buffer.from("part")), Stream.fail(new Lost()))
        const run: Effect.Effect<unknown, CommandFailed.CommandFailed | Lost> = Effect.provide(
          Subprocess.run(command, { stdin: input, killAfter }),
          NodeContext.layer
        )
        assert.deepStrictEqual(yield* Effect.flip(run), new Lost())
        assert.deepStrictEqual(
          yield* Effect.flip(Stream.runDrain(Subprocess.stream(command, { stdin: input, killAfter }))),
          new Lost()
        )
        const process = yield* Subprocess.start(command, { stdin: input, killAfter })
        assert.deepStrictEqual(yield* Effect.flip(process.exitCode), new Lost())
        yield* eventually(() => !isAlive(process.pid))
        assert.deepStrictEqual(yield* Effect.flip(process.exitCode), new Lost())
        assert.isFalse(yield* fs.exists(`${directory}/end`))
      }))
  })

  describe("stream", () => {
    it.effect("fails after its last bytes", () =>
      Effect.gen(function*() {
        const seen: Array<string> = []
        const error = yield* Subprocess.stream(sh("echo out; echo err >&2; exit 5")).pipe(
          Stream.runForEach((bytes) => Effect.sync(() => seen.push(text([bytes])))),
          Effect.flip
        )
        assert.deepStrictEqual(seen, ["out\n"])
        assert.strictEqual(error.exitCode, 5)
        assert.strictEqual(error.stderr, "err\n")
      }))

    it.effect("delivers every byte of a long output to a slow consumer", () =>
      Effect.gen(function*() {
        const total = yield* Subprocess.stream(sh("head -c 20000000 /dev/zero")).pipe(
          Stream.tap(() => Effect.yieldNow()),
          Stream.runFold(0, (sum, bytes) => sum + bytes.length)
        )
        assert.strictEqual(total, 20_000_000)
      }))

    it.effect("terminates the process when the consumer stops", () =>
      Effect.gen(function*() {
        const pid = yield* Subprocess.stream(sh("printf '%8s' $$; exec cat /dev/zero"), { killAfter: "1 minute" }).pipe(
          Stream.map((bytes) => text([bytes.subarray(0, 8)])),
          // Time for it to fill all that is between it and the consumer.
          Stream.tap(() => Effect.sleep("150 millis")),
          Stream.runHead
        )
        assert.isFalse(isAlive(Number(Option.getOrThrow(pid))))
      }))

    it.effect("fails after its timeout", () =>
      Effect.gen(function*() {
        const error = yield* Subprocess.stream(sh("echo out; exec sleep 60"), { timeout: "200 millis" }).pipe(
          Stream.runDrain,
          Effect.flip
        )
        assert.strictEqual(error.reason, "TimedOut")
      }))

    it.effect("splits lines with any terminator", () =>
      Effect.gen(function*() {
        const lines = (script: string) =>
          Effect.map(Stream.runCollect(Subprocess.streamLines(sh(script))), Chunk.toReadonlyArray)
        assert.deepStrictEqual(yield* lines("printf 'a\\n\\nb\\r\\nc\\rd\\n'"), ["a", "", "b", "c\rd"])
        assert.deepStrictEqual(yield* lines("printf 'a\\r'; sleep 0.1; printf '\\nlast'"), ["a", "last"])
        assert.deepStrictEqual(yield* lines("printf 'a\\303'"), ["a\ufffd"])
        assert.deepStrictEqual(yield* lines(":"), [])
      }))

    it.effect("merges both outputs", () =>
      Effect.gen(function*() {
        const both = yield* Stream.runCollect(Subprocess.output(sh("echo out; echo err >&2; echo out >&1")))
        const from = (source: Subprocess.Output["source"]) =>
          text(Chunk.filter(both, (output) => output.source === source).pipe(Chunk.map((output) => output.bytes)))
        assert.strictEqual(from("stdout"), "out\nout\n")
        assert.strictEqual(from("stderr"), "err\n")
      }))
  })

  describe("start", () => {
    it.scoped("exchanges data with the running process", () =>
      Effect.gen(function*() {
        const queue = yield* Queue.unbounded<Uint8Array>()
        const process = yield* Subprocess.start(sh("while read -r line; do echo \"got $line\"; done; exit 9"), {
          stdin: Stream.fromQueue(queue)
        })
        const answers = yield* Effect.fork(Stream.runCollect(Stream.take(Subprocess.splitLines(process.stdout), 2)))
        yield* Queue.offer(queue, Buffer.from("one\n"))
        yield* Queue.offer(queue, Buffer.from("two\n"))
        assert.deepStrictEqual(Chunk.toReadonlyArray(yield* Fiber.join(answers)), ["got one", "got two"])
        assert.isTrue(yield* process.isRunning)
        yield* Queue.shutdown(queue)
      }))

    it.scoped("returns the exit code repeatedly", () =>
      Effect.gen(function*() {
        const process = yield* Subprocess.start(sh("exit 9"))
        const codes = yield* Effect.all([process.exitCode, process.exitCode], { concurrency: 2 })
        assert.deepStrictEqual([...codes, yield* process.exitCode].map(Number), [9, 9, 9])
        assert.isFalse(yield* process.isRunning)
      }))

    it.scoped("blocks the process until its output is read", () =>
      Effect.gen(function*() {
        const process = yield* Subprocess.start(sh("head -c 20000000 /dev/zero; echo end >&2"))
        const error = yield* Effect.fork(Stream.runCollect(process.stderr))
        yield* Effect.sleep("300 millis")
        assert.isTrue(yield* process.isRunning)
        const total = yield* Stream.runFold(process.stdout, 0, (sum, bytes) => sum + bytes.length)
        assert.strictEqual(total, 20_000_000)
        assert.strictEqual(text(yield* Fiber.join(error)), "end\n")
        assert.isTrue(Exit.isSuccess(yield* Effect.exit(process.exitCode)))
      }))

    it.scoped("fails the exit code of a process that was killed", () =>
      Effect.gen(function*() {
        const process = yield* Subprocess.start(Command.make("sleep", "60"))
        yield* process.kill("SIGKILL")
        const error = yield* Effect.flip(process.exitCode)
        assert.strictEqual(error.reason === "Signal" && error.signal, "SIGKILL")
      }))
  })

  describe("pipelines", () => {
    const pipe = (...commands: ReadonlyArray<Command.Command>) => commands.reduce((l, r) => Command.pipeTo(l, r))

    it.effect("pass data through three commands", () =>
      Effect.gen(function*() {
        const command = pipe(Command.make("sort"), Command.make("uniq", "-c"), Command.make("wc", "-l"))
        const { stdout } = yield* Subprocess.run(command, { stdin: "b\na\nb\n" })
        assert.strictEqual(stdout.text.trim(), "2")
      }))

    it.effect("fail with the error of the failed command", () =>
      Effect.gen(function*() {
        const command = pipe(sh("exit 0"), sh("echo middle >&2; exit 4"), Command.make("cat"))
        const error = yield* Effect.flip(Subprocess.run(command))
        assert.strictEqual(error.exitCode, 4)
        assert.strictEqual(error.stderr, "middle\n")
      }))

    it.effect("end a command whose reader has exited", () =>
      Effect.gen(function*() {
        const { stdout } = yield* Subprocess.run(pipe(Command.make("yes"), Command.make("head", "-n", "1")))
        assert.strictEqual(stdout.text, "y\n")
      }))
  })
})
