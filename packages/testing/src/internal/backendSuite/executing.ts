import { assert } from "@effect/vitest"
import * as Container from "@ociman/containers/Container"
import * as Definition from "@ociman/containers/Definition"
import * as Exec from "@ociman/containers/Exec"
import * as Output from "@ociman/containers/Output"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { eventually, failsWith, sh, Shared, type Suite } from "./support.js"

const executingCommands = ({ test }: Suite): void => {
  test(
    "exec returns the exit code, standard output and standard error separately",
    Effect.gen(function*() {
      const container = yield* Shared
      const result = yield* container.exec(sh("echo out; echo err >&2"))
      assert.deepStrictEqual([result.exitCode, result.stdout, result.stderr], [0, "out\n", "err\n"])
    })
  )

  test(
    "exec passes arguments to the command unchanged",
    Effect.gen(function*() {
      const container = yield* Shared
      const words = ["", " a  b ", "'", "\"", "$HOME", "`id`", "*", "\\n", "line\nbreak", "é ☃ 𝄞", "--help", "-v", "="]
      const { stdout } = yield* container.exec(Exec.make("printf", "%s\\0", ...words))
      assert.deepStrictEqual(stdout.split("\0"), [...words, ""])
    })
  )

  for (
    const [user, uid, gid] of [["app", 1234, 5678], ["4321:8765", 4321, 8765], ["app:0", 1234, 0]] as const
  ) {
    test(
      `exec runs the command as user ${user}`,
      Effect.gen(function*() {
        const container = yield* Shared
        const { stdout } = yield* container.exec(Exec.user(sh("id -u; id -g"), user))
        assert.strictEqual(stdout, `${uid}\n${gid}\n`)
      })
    )
  }

  test(
    "exec runs the command in its working directory",
    Effect.gen(function*() {
      const container = yield* Shared
      const { stdout } = yield* container.exec(Exec.make("pwd").pipe(Exec.workingDirectory("/tmp")))
      assert.strictEqual(stdout, "/tmp\n")
    })
  )

  test(
    "a command with a terminal has one, and its lines end in CRLF",
    Effect.gen(function*() {
      const container = yield* Shared
      const { stderr, stdout } = yield* container.exec(Exec.tty(sh("test -t 1 && echo yes; echo err >&2")))
      assert.deepStrictEqual([stdout, stderr], ["yes\r\nerr\r\n", ""])
      const interactive = yield* container.exec(sh("test -t 1 && echo yes").pipe(Exec.tty, Exec.interactive))
      assert.strictEqual(interactive.stdout, "yes\r\n")
      const without = yield* container.exec(Exec.allowNonZeroExit(sh("test -t 1")))
      assert.strictEqual(without.exitCode, 1)
    })
  )

  test(
    "exec keeps both ends of an output over the limit and counts the omitted bytes",
    Effect.gen(function*() {
      const container = yield* Shared
      const exec = Exec.outputLimit(sh("echo begin; head -c 1000000 /dev/zero; echo end; echo err >&2"), 100)
      const { omittedBytes, stderr, stdout, stdoutBytes } = yield* container.exec(exec)
      assert.strictEqual(stdoutBytes.length, 100)
      assert.strictEqual(omittedBytes, 1000010 - 100)
      assert.isTrue(stdout.startsWith("begin\n") && stdout.endsWith("end\n"))
      assert.strictEqual(stderr, "err\n")
    })
  )

  test(
    "twenty concurrent commands each return their own output",
    Effect.gen(function*() {
      const container = yield* Shared
      const numbers = Array.from({ length: 20 }, (_, index) => `${index}`)
      const answers = yield* Effect.forEach(numbers, (number) => container.exec(Exec.make("echo", number)), {
        concurrency: "unbounded"
      })
      assert.deepStrictEqual(answers.map(({ stdout }) => stdout.trim()), numbers)
    })
  )
}

const execFailures = ({ idle, test }: Suite): void => {
  test(
    "exec fails with the output of the command if its exit code is not zero",
    Effect.gen(function*() {
      const container = yield* Shared
      const error = yield* failsWith(container.exec(sh("echo some; echo wrong >&2; exit 3")), "ExecFailed")
      const { exitCode, reason, stderr, stdout } = error
      assert.deepStrictEqual([reason, exitCode, stdout, stderr], ["ExitCode", 3, "some\n", "wrong\n"])
      assert.strictEqual(error.container, container.id)
      assert.include(error.message, "sh -c 'echo some; echo wrong >&2; exit 3'")
    })
  )

  test(
    "allowNonZeroExit returns every exit code, including those that clients use themselves",
    Effect.gen(function*() {
      const container = yield* Shared
      for (const code of [1, 125, 126, 127, 130, 137, 143, 255]) {
        const { exitCode } = yield* container.exec(Exec.allowNonZeroExit(sh("exit $1", `${code}`)))
        assert.strictEqual(exitCode, code)
      }
      const words = "Error: no such container: x; OCI runtime exec failed: permission denied"
      const { stderr } = yield* container.exec(Exec.allowNonZeroExit(sh("echo \"$1\" >&2; exit 126", `${words}\nline`)))
      assert.strictEqual(stderr, `${words}\nline\n`)
    })
  )

  test(
    "a command that prints messages of an engine is not taken for an engine failure",
    Effect.gen(function*() {
      const container = yield* Shared
      const sentences = [
        "runc: x",
        "OCI runtime exec failed: x",
        "unable to find user x: no matching entries in passwd file",
        "Error: unable to find user x: no matching entries in passwd file",
        "Error response from daemon: No such container: x"
      ]
      for (const sentence of sentences) {
        const error = yield* failsWith(container.exec(sh("echo out; echo \"$1\" >&2; exit 1", sentence)), "ExecFailed")
        assert.deepStrictEqual([error.reason, error.stdout, error.stderr], ["ExitCode", "out\n", `${sentence}\n`])
        const alone = yield* failsWith(container.exec(sh("echo \"$1\"; exit 1", sentence)), "ExecFailed")
        assert.deepStrictEqual([alone.reason, alone.stdout, alone.stderr], ["ExitCode", `${sentence}\n`, ""])
      }
    })
  )

  test(
    "exec refuses input for a command with a terminal",
    Effect.gen(function*() {
      const container = yield* Shared
      const fed = Exec.make("cat").pipe(Exec.tty, Exec.stdin("text"))
      const error = yield* failsWith(container.exec(fed), "EngineFailed")
      assert.strictEqual(error.reason, "InvalidDefinition")
    })
  )

  for (
    const [what, exec, reason] of [
      ["a missing command", Exec.make("no-such-command"), "CommandNotFound"],
      ["a missing path", Exec.make("/no/such/command", "x"), "CommandNotFound"],
      ["a file that is not executable", Exec.make("/etc/passwd"), "NotExecutable"],
      ["a directory as command", Exec.make("/etc"), "NotExecutable"],
      ["a missing user", Exec.make("id").pipe(Exec.user("no-such-user")), "Refused"],
      ["a missing working directory", Exec.make("id").pipe(Exec.workingDirectory("/no/where")), "Refused"]
    ] as const
  ) {
    test(
      `exec with ${what} fails with ${reason}`,
      Effect.gen(function*() {
        // Docker 29 can report the failure of another command in the same container.
        const container = yield* Container.start(idle)
        const error = yield* failsWith(container.exec(exec), "ExecFailed")
        assert.strictEqual(error.reason, reason, error.message)
        assert.notStrictEqual(error.detail, "")
        const streamed = yield* failsWith(
          Stream.runDrain(container.execStream(Exec.allowNonZeroExit(exec))),
          "ExecFailed"
        )
        assert.strictEqual(streamed.reason, reason, streamed.message)
      })
    )
  }
}

const execStreams = ({ test, uniqueName }: Suite): void => {
  test(
    "execStream emits output while the command runs and fails after its last output",
    Effect.gen(function*() {
      const container = yield* Shared
      const path = `/tmp/${yield* uniqueName}`
      const lines: Array<string> = []
      const waiting = sh("echo first; while ! [ -e \"$1\" ]; do usleep 10000; done; echo last; exit 9", path)
      const error = yield* failsWith(
        container.execStream(waiting).pipe(
          Output.lines,
          Stream.runForEach((line) =>
            Effect.sync(() => lines.push(line)).pipe(
              Effect.zipRight(line === "first" ? Effect.asVoid(container.exec(Exec.make("touch", path))) : Effect.void)
            )
          )
        ),
        "ExecFailed"
      )
      assert.strictEqual(error.exitCode, 9)
      assert.deepStrictEqual(lines, ["first", "last"])
    })
  )

  for (
    const [what, script] of [
      ["a command", "echo ready; exec sleep \"$1\""],
      ["a command and its children", "echo ready; (sleep \"$1\"; true) | cat; true"],
      ["a command that ignores SIGTERM", "trap '' TERM; echo ready; while :; do sleep \"$1\"; done"]
    ] as const
  ) {
    test(
      `interrupting execStream ends ${what} inside the container`,
      Effect.gen(function*() {
        const container = yield* Shared
        const seconds = `${100000 + Math.floor(Math.random() * 100000)}`
        const ready = yield* Deferred.make<void>()
        const fiber = yield* container.execStream(sh(script, seconds)).pipe(
          Stream.runForEach(() => Deferred.succeed(ready, undefined)),
          Effect.fork
        )
        yield* Deferred.await(ready)
        const count = countOf(container, seconds)
        yield* eventually(count, (count) => count > 0)
        yield* Fiber.interrupt(fiber)
        assert.strictEqual(yield* count, 0)
      })
    )
  }

  test(
    "execStream ends its command when the consumer stops early",
    Effect.gen(function*() {
      const container = yield* Shared
      const seconds = `${100000 + Math.floor(Math.random() * 100000)}`
      const first = yield* container.execStream(sh("echo ready; exec sleep \"$1\"", seconds)).pipe(
        Output.lines,
        Stream.runHead
      )
      assert.strictEqual(Option.getOrUndefined(first), "ready")
      assert.strictEqual(yield* countOf(container, seconds), 0)
    })
  )
}

const executingInEndingContainers = ({ idle, test }: Suite): void => {
  test(
    "a command in a restarting container is reported as run only if it ran",
    Effect.gen(function*() {
      const container = yield* Container.start(Definition.stopTimeout(idle, 0))
      const command = container.exec(Exec.allowNonZeroExit(sh("echo ran; exit 3")))
      const restarting = yield* Effect.fork(Effect.repeatN(container.restart({ grace: 0 }), 3))
      while (Option.isNone(yield* Fiber.poll(restarting))) {
        const outcome = yield* Effect.either(command)
        if (Either.isLeft(outcome)) {
          assert.strictEqual(outcome.left._tag, "ExecFailed", outcome.left.message)
          continue
        }
        const { exitCode, stderr, stdout } = outcome.right
        // A command that was killed with its container may not have printed yet.
        if (exitCode !== 137) assert.deepStrictEqual([exitCode, stdout, stderr], [3, "ran\n", ""], stderr)
      }
      yield* Fiber.join(restarting)
      // Docker 20.10 can lose the file system of such a container, so that no command starts in it.
      const last = yield* Effect.either(command)
      if (Either.isRight(last)) assert.strictEqual(last.right.stdout, "ran\n")
      else assert.include(last.left.message, "could not be run (Refused)")
    })
  )

  test(
    "a command fails with ContainerNotRunning when its container is killed",
    Effect.gen(function*() {
      const container = yield* Container.start(Definition.stopTimeout(idle, 0))
      const ready = yield* Deferred.make<void>()
      const fiber = yield* container.execStream(sh("echo ready; sleep 1000")).pipe(
        Stream.runForEach(() => Deferred.succeed(ready, undefined)),
        Effect.fork
      )
      yield* Deferred.await(ready)
      yield* container.kill()
      const error = yield* failsWith(Fiber.join(fiber), "ExecFailed")
      assert.strictEqual(error.reason, "ContainerNotRunning", error.message)
    })
  )
}

const countOf = (container: Container.Container, argument: string) =>
  container.exec(sh("for f in /proc/[0-9]*/cmdline; do tr '\\0' ' ' <$f; echo; done 2>/dev/null")).pipe(
    Effect.map(({ stdout }) => stdout.split("\n").filter((line) => line.includes(argument)).length)
  )

/** @internal */
export const themes = [
  { name: "executing commands", tests: executingCommands },
  { name: "exec failures", tests: execFailures },
  { name: "exec streams", tests: execStreams },
  { name: "executing in ending containers", tests: executingInEndingContainers }
] as const
