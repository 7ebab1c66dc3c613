import { Command, FileSystem } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert, describe, it, layer } from "@effect/vitest"
import { CommandFailed, Subprocess } from "@ociman/process"
import { Cause, Duration, Effect, Exit, Option, Redacted, Schema, Stream } from "effect"
import { inspect } from "node:util"
import { recordingTracer, sh } from "./support.js"

const failure = (command: Command.Command, options: Subprocess.RunOptions = {}) =>
  Effect.flip(Subprocess.run(command, options))

/** All that a logger, a tracer or a debugger may show of an error. */
const everything = (error: CommandFailed.CommandFailed): string =>
  [
    String(error),
    error.message,
    error.stack,
    JSON.stringify(error),
    JSON.stringify(Schema.encodeSync(CommandFailed.CommandFailed)(error)),
    inspect(error, { depth: 20, showHidden: true }),
    Cause.pretty(Cause.fail(error), { renderErrorCause: true })
  ].join("\n")

layer(NodeContext.layer, { excludeTestServices: true })("CommandFailed", (it) => {
  describe("has the reason", () => {
    it.effect("NotFound", () =>
      Effect.gen(function*() {
        const error = yield* failure(Command.make("no-such-program", "--flag"))
        assert.strictEqual(error.reason, "NotFound")
        assert.strictEqual(error.executable, "no-such-program")
        assert.strictEqual(
          error.message,
          "Command not found (no executable \"no-such-program\"): no-such-program --flag"
        )
      }))

    it.scoped("PermissionDenied", () =>
      Effect.gen(function*() {
        const fs = yield* FileSystem.FileSystem
        const path = yield* fs.makeTempFileScoped()
        const error = yield* failure(Command.make(path))
        assert.strictEqual(error.reason, "PermissionDenied")
        assert.strictEqual(error.message, `Command may not be run (permission denied): ${path}`)
      }))

    it.scoped("BadWorkingDirectory", () =>
      Effect.gen(function*() {
        const fs = yield* FileSystem.FileSystem
        const path = yield* fs.makeTempFileScoped()
        for (const cwd of [path, "/no/such/directory"]) {
          const error = yield* failure(Command.workingDirectory(sh("exit 0"), cwd))
          assert.strictEqual(error.reason, "BadWorkingDirectory")
          assert.strictEqual(error.cwd, cwd)
          assert.include(error.message, `Command has no working directory "${cwd}": sh -c`)
        }
      }))

    it.effect("Spawn for a command line that is too long", () =>
      Effect.gen(function*() {
        const error = yield* failure(Command.make("true", "x".repeat(3_000_000)))
        assert.strictEqual(error.reason, "Spawn")
        assert.include(error.message.slice(0, 100), "Command could not be started (")
        assert.include(error.message.slice(0, 100), "E2BIG")
      }))

    it.effect("Spawn for an invalid argument or variable, without its value", () =>
      Effect.gen(function*() {
        const error = yield* failure(Command.env(Command.make("true"), { TOKEN: "hunter22\0" }))
        assert.strictEqual(error.reason, "Spawn")
        assert.include(error.message, "ERR_INVALID_ARG_VALUE")
        assert.notInclude(everything(error), "hunter22")
      }))

    it.effect("Input if the command's own stdin fails", () =>
      Effect.gen(function*() {
        const fs = yield* FileSystem.FileSystem
        const error = yield* failure(Command.stdin(Command.make("cat"), fs.stream("/no/such/file")))
        assert.strictEqual(error.reason, "Input")
        assert.include(error.message, "Command could not be given its input (NotFound: FileSystem.open")
      }))

    it.effect("ExitCode, TimedOut or Signal", () =>
      Effect.gen(function*() {
        const exitCode = yield* failure(sh("echo out; echo err >&2; exit 3"))
        assert.strictEqual(
          exitCode.message,
          "Command failed with exit code 3: sh -c 'echo out; echo err >&2; exit 3' sh\nerr"
        )
        assert.strictEqual(exitCode.stdout, "out\n")
        const silent = yield* failure(sh("echo out; exit 3"))
        assert.strictEqual(silent.message, `${silent.shortMessage}\nout`)
        const timedOut = yield* failure(Command.make("sleep", "60"), { timeout: "50 millis" })
        assert.strictEqual(timedOut.message, "Command timed out after 50ms: sleep 60")
        assert.isAtLeast(Duration.toMillis(timedOut.duration), 49)
        const signal = yield* failure(sh("kill -USR1 $$"))
        assert.strictEqual(signal.shortMessage, "Command was killed with SIGUSR1: sh -c 'kill -USR1 $$' sh")
      }))
  })

  it.effect("is not raised for an accepted exit code", () =>
    Effect.gen(function*() {
      const acceptExitCode = (exitCode: number) => exitCode < 2
      assert.strictEqual((yield* Subprocess.run(sh("exit 1"), { acceptExitCode })).exitCode, 1)
      assert.strictEqual((yield* failure(sh("exit 2"), { acceptExitCode })).exitCode, 2)
    }))

  it.effect("shows the command line quoted for a shell", () =>
    Effect.gen(function*() {
      const error = yield* failure(Command.make("false", "plain-1.2", "", "it's", "$HOME", "a b", "größe"))
      assert.strictEqual(error.command, "false plain-1.2 '' 'it'\\''s' '$HOME' 'a b' 'größe'")
      const script = yield* failure(Command.runInShell(Command.make("exit 4;", "'"), true))
      assert.strictEqual(script.command, "exit 4; '")
      assert.strictEqual(script.executable, "sh")
    }))

  it.effect("has the end of a long output and the number of dropped bytes", () =>
    Effect.gen(function*() {
      const error = yield* failure(sh("head -c 200000 /dev/zero | tr '\\0' x >&2; echo the end >&2; exit 1"), {
        maxStderr: Infinity
      })
      assert.strictEqual(error.stderr.length, "… 134473 bytes omitted …\n".length + 65_536)
      assert.isTrue(error.stderr.endsWith("xthe end\n"))
      assert.isTrue(error.message.endsWith("xthe end"))
      assert.isBelow(error.message.length, 4500)
    }))

  it.effect("survives encoding and decoding", () =>
    Effect.gen(function*() {
      const error = yield* failure(Command.make("no-such-program"))
      const encoded = yield* Schema.encode(Schema.parseJson(CommandFailed.CommandFailed))(error)
      const decoded = yield* Schema.decode(Schema.parseJson(CommandFailed.CommandFailed))(encoded)
      assert.strictEqual(decoded.message, error.message)
      assert.isTrue(CommandFailed.isCommandFailed(decoded))
    }))

  describe("redacts secrets", () => {
    const redact = (...secrets: ReadonlyArray<string>) => ({ redact: secrets.map((_) => Redacted.make(_)) })

    it.effect("in every field of the error", () =>
      Effect.gen(function*() {
        const secret = "p4ss w'or\"d\\%"
        const print = `printf '%s\\n' "$1" "$1" >&2; printf '%s' "$1"; exit 1`
        const commands = [
          sh(print, secret),
          sh(print, `--token=${secret}`),
          sh(print, JSON.stringify(secret)),
          sh(print, `https://user:${encodeURIComponent(secret)}@host/`),
          Command.make(secret),
          Command.make("no-such-program", secret),
          Command.make("true", `${secret}\0`),
          Command.workingDirectory(Command.make("true"), `/no/${secret}`),
          Command.runInShell(Command.make("exit 3 #", secret), true),
          Command.env(sh("echo $SECRET >&2; exit 1"), { SECRET: secret })
        ]
        for (const command of commands) {
          const shown = everything(yield* failure(command, redact(secret)))
          assert.notInclude(shown, "p4ss")
          assert.include(shown, "<redacted>")
        }
      }))

    it.effect("in errors of streams and pipelines", () =>
      Effect.gen(function*() {
        const command = sh("echo $1 >&2; exit 1", "hunter22")
        const options = redact("hunter22")
        const errors = [
          yield* Effect.flip(Stream.runDrain(Subprocess.stream(command, options))),
          yield* Effect.flip(Stream.runDrain(Subprocess.output(command, options))),
          yield* failure(Command.pipeTo(command, Command.make("cat")), options),
          yield* Effect.flip(Effect.scoped(Subprocess.start(Command.make("no-such-program", "hunter22"), options)))
        ]
        for (const error of errors) assert.notInclude(everything(error), "hunter22")
      }))

    it.effect("that are truncated with the output", () =>
      Effect.gen(function*() {
        const script = `printf '%s' xxxxxxxxhunter22yyyy >&2; printf '%s' zzzzzhunter22tail >&2; exit 1`
        for (let maxStderr = 12; maxStderr < 40; maxStderr++) {
          const error = yield* failure(Command.make("sh", "-c", script), { maxStderr, ...redact("hunter22") })
          assert.notMatch(error.stderr.replace(/….*…/, ""), /h|u|n|er|r2|2/)
        }
      }))

    it.effect("that are short only where they stand alone, and never empty ones", () =>
      Effect.gen(function*() {
        const error = yield* failure(sh("echo banana -p=a a >&2; exit 1"), redact("a", "", " "))
        assert.strictEqual(error.stderr, "banana -p=<redacted> <redacted>\n")
      }))

    it.effect("in spans, which have no arguments", () =>
      Effect.gen(function*() {
        const { spans, tracer } = recordingTracer()
        yield* Effect.exit(Subprocess.run(sh("exit 3", "argument", "hunter22"), redact("hunter22"))).pipe(
          Effect.withTracer(tracer)
        )
        yield* Effect.withTracer(Subprocess.run(Command.make("true", "argument")), tracer)
        assert.deepStrictEqual(spans.map((span) => [span.name, Object.fromEntries(span.attributes)]), [
          ["Subprocess.run", { "process.executable.name": "sh", "process.exit.code": 3 }],
          ["Subprocess.run", { "process.executable.name": "true", "process.exit.code": 0 }]
        ])
        const exit = spans[0]?.status
        assert.isTrue(exit?._tag === "Ended" && Exit.isFailure(exit.exit))
        assert.notInclude(inspect(exit, { depth: 20 }), "hunter22")
      }))
  })
})

describe("isCommandFailed", () => {
  it("distinguishes errors", () => {
    const error = new CommandFailed.CommandFailed({
      reason: "Unknown",
      executable: "x",
      command: "x",
      stdout: "",
      stderr: "",
      duration: Duration.zero
    })
    assert.isTrue(CommandFailed.isCommandFailed(error))
    assert.isFalse(CommandFailed.isCommandFailed(new Error("x")))
    assert.isTrue(Option.isSome(Cause.failureOption(Cause.fail(error))))
  })
})
