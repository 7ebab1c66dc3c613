import * as Command from "@effect/platform/Command"
import type * as CommandExecutor from "@effect/platform/CommandExecutor"
import { assert } from "@effect/vitest"
import type * as Container from "@ociman/containers/Container"
import * as Exec from "@ociman/containers/Exec"
import * as Subprocess from "@ociman/process/Subprocess"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as bytes from "./bytes.js"
import { eventually, failsWith, sh, Shared, type Suite } from "./support.js"

const helpers = () => {
  const shell = (text: string, ...args: ReadonlyArray<string>) => Command.make("sh", "-c", text, "sh", ...args)

  const inside = <A, E>(
    use: (container: Container.Container) => Effect.Effect<A, E, CommandExecutor.CommandExecutor | Scope.Scope>
  ) => Effect.flatMap(Shared, (container) => Effect.provide(use(container), container.executor))

  return { shell, inside }
}

const platformCommands = ({ test }: Suite): void => {
  const { shell, inside } = helpers()

  test(
    "Command.string, lines and exitCode run a process inside the container",
    inside(() =>
      Effect.gen(function*() {
        assert.strictEqual(yield* Command.string(Command.make("id", "-un")), "root\n")
        assert.deepStrictEqual(yield* Command.lines(shell("echo a; echo b")), ["a", "b"])
        assert.strictEqual(yield* Command.exitCode(shell("exit 42")), 42)
        assert.strictEqual(yield* Command.exitCode(Command.make("true")), 0)
      })
    )
  )

  test(
    "a process of a Command receives its arguments unchanged",
    inside(() =>
      Effect.gen(function*() {
        const words = ["", " a  b ", "'\"$HOME`*\\", "line\nbreak", "é ☃", "--help"]
        const output = yield* Command.string(Command.make("printf", "%s\\0", ...words))
        assert.deepStrictEqual(output.split("\0"), [...words, ""])
      })
    )
  )

  test(
    "a process of a Command has its environment and working directory",
    inside(() =>
      Effect.gen(function*() {
        const command = shell("printf '%s|%s|' \"$A\" \"$HOME\"; pwd").pipe(
          Command.env({ A: "1 = \"one\"", HOME: "/no/home" }),
          Command.workingDirectory("/tmp")
        )
        assert.strictEqual(yield* Command.string(command), "1 = \"one\"|/no/home|/tmp\n")
      })
    )
  )

  test(
    "a process of a Command reads its whole input and its end",
    inside(() =>
      Effect.gen(function*() {
        assert.strictEqual(yield* Command.make("cat").pipe(Command.feed("grüß\n"), Command.string), "grüß\n")
        const megabyte = bytes.pattern(1024 * 1024)
        const command = Command.make("cat").pipe(Command.stdin(bytes.inPieces(megabyte, 65_536)))
        bytes.assertEqual(yield* bytes.collect(Command.stream(command)), megabyte)
      })
    )
  )

  test(
    "Command.pipeTo connects processes inside the container",
    inside(() =>
      Effect.gen(function*() {
        const output = yield* Command.make("printf", "b\\na\\nc\\n").pipe(
          Command.pipeTo(Command.make("sort")),
          Command.pipeTo(Command.make("head", "-n", "2")),
          Command.string
        )
        assert.strictEqual(output, "a\nb\n")
      })
    )
  )

  test(
    "Command.runInShell uses the shell of the container",
    inside(() =>
      Effect.gen(function*() {
        const output = yield* Command.make("echo $((1 + 1)) && readlink /proc/$$/exe").pipe(
          Command.runInShell(true),
          Command.string
        )
        assert.strictEqual(output, "2\n/bin/busybox\n")
      })
    )
  )
}

const platformProcesses = ({ test, uniqueName }: Suite): void => {
  const { shell, inside } = helpers()

  test(
    "standard output and standard error of a started Command arrive separately while it runs",
    inside((container) =>
      Effect.gen(function*() {
        const path = `/tmp/${yield* uniqueName}`
        const waiting = shell("echo err >&2; echo first; while ! [ -e \"$1\" ]; do usleep 10000; done; echo last", path)
        const process = yield* Command.start(waiting)
        const stderr = yield* Effect.fork(bytes.collect(process.stderr))
        const lines = yield* Subprocess.splitLines(process.stdout).pipe(
          Stream.tap((line) =>
            line === "first" ? Effect.asVoid(container.exec(Exec.make("touch", path))) : Effect.void
          ),
          Stream.runCollect
        )
        assert.deepStrictEqual(Array.from(lines), ["first", "last"])
        assert.strictEqual((yield* Fiber.join(stderr)).length, 4)
        assert.strictEqual(yield* process.exitCode, 0)
        assert.isFalse(yield* process.isRunning)
      })
    )
  )

  test(
    "Process.kill sends a signal to the process inside the container",
    inside(() =>
      Effect.gen(function*() {
        const trapping = shell("trap 'echo caught; exit 5' HUP; echo ready; while :; do usleep 10000; done")
        const process = yield* Command.start(trapping)
        const lines: Array<string> = []
        yield* Subprocess.splitLines(process.stdout).pipe(Stream.runForEach((line) => {
          lines.push(line)
          return line === "ready" ? process.kill("SIGHUP") : Effect.void
        }))
        assert.deepStrictEqual(lines, ["ready", "caught"])
        assert.strictEqual(yield* process.exitCode, 5)
      })
    )
  )

  test(
    "closing the scope ends the process of a started Command",
    inside((container) =>
      Effect.gen(function*() {
        const mark = yield* uniqueName
        const isThere = Effect.map(
          container.exec(sh("cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' '")),
          ({ stdout }) => stdout.includes(mark)
        )
        yield* Effect.scoped(Effect.gen(function*() {
          yield* Command.start(shell("trap '' TERM; while :; do sleep 1; done", mark))
          yield* eventually(isThere, (isThere) => isThere)
        }))
        assert.isFalse(yield* isThere)
      })
    )
  )

  const endless = (mark: string) => Command.make("sh", "-c", "while :; do echo \"$1\" || exit; done", "sh", mark)

  for (
    const [event, use] of [
      ["its output is no longer read", (mark: string) => Stream.runHead(Command.stream(endless(mark)))],
      [
        "the pipe that it writes to closes",
        (mark: string) => Command.string(Command.pipeTo(endless(mark), Command.make("head", "-n", "1")))
      ],
      [
        "its consumer is interrupted",
        (mark: string) => Effect.timeoutOption(Stream.runDrain(Command.stream(endless(mark))), "300 millis")
      ]
    ] as const
  ) {
    test(
      `a process ends inside the container when ${event}`,
      inside((container) =>
        Effect.gen(function*() {
          const mark = yield* uniqueName
          yield* use(mark)
          const { stdout } = yield* container.exec(sh("cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' '"))
          assert.notInclude(stdout, mark)
        })
      )
    )
  }
}

const subprocesses = ({ test }: Suite): void => {
  const { shell, inside } = helpers()

  test(
    "Subprocess runs commands inside the container and reports their errors",
    inside(() =>
      Effect.gen(function*() {
        const { stderr, stdout } = yield* Subprocess.run(shell("cat; echo err >&2"), { stdin: "in\n" })
        assert.deepStrictEqual([stdout.text, stderr.text], ["in\n", "err\n"])
        const error = yield* failsWith(Subprocess.run(shell("echo no >&2; exit 3")), "CommandFailed")
        assert.deepStrictEqual([error.reason, error.exitCode, error.stderr], ["ExitCode", 3, "no\n"])
        const timedOut = yield* failsWith(
          Subprocess.run(shell("sleep 1000"), { timeout: "1 second", killAfter: "5 seconds" }),
          "CommandFailed"
        )
        assert.strictEqual(timedOut.reason, "TimedOut")
        const lines = yield* Stream.runCollect(Subprocess.streamLines(shell("echo a; echo b")))
        assert.deepStrictEqual(Array.from(lines), ["a", "b"])
      })
    )
  )

  test(
    "a Command that does not exist fails with an exit code or NotFound",
    inside(() =>
      Effect.gen(function*() {
        const error = yield* failsWith(Subprocess.run(Command.make("no-such-command")), "CommandFailed")
        assert.include(["ExitCode", "NotFound"], error.reason)
      })
    )
  )

  test(
    "fifteen concurrent Commands each return their own output",
    inside(() =>
      Effect.gen(function*() {
        const numbers = Array.from({ length: 15 }, (_, index) => `${index}`)
        const answers = yield* Effect.forEach(numbers, (number) => Command.string(Command.make("echo", number)), {
          concurrency: "unbounded"
        })
        assert.deepStrictEqual(answers.map((answer) => answer.trim()), numbers)
      })
    )
  )
}

/** @internal */
export const themes = [
  { name: "platform commands", tests: platformCommands },
  { name: "platform processes", tests: platformProcesses },
  { name: "subprocesses", tests: subprocesses }
] as const
