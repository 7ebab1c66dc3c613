import { assert } from "@effect/vitest"
import * as Backend from "@ociman/containers/Backend"
import * as Exec from "@ociman/containers/Exec"
import * as Output from "@ociman/containers/Output"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import * as bytes from "./bytes.js"
import { failsWith, sh, Shared, type Suite } from "./support.js"

/** @internal */
export const values: Readonly<Record<string, string>> = {
  PLAIN: "value",
  EMPTY: "",
  SPACES: "  a  b ",
  QUOTES: "'a' \"b\" `c`",
  DOLLAR: "$HOME ${HOME} $(id)",
  EQUALS: "a=b==c",
  HASH: "# no comment",
  BACKSLASH: "a\\nb\\",
  MANY_LINES: "first\nsecond\r\n\nlast\n",
  UNICODE: "grüß ☃ 𝄞",
  COMMA: "a,b:c;d",
  LONG: "x".repeat(100_000),
  lower_case: "kept"
}

/**
 * Variables with a meaning for the clients of engines.
 *
 * @internal
 */
export const clientVariables: Readonly<Record<string, string>> = {
  PATH: "/bin:/somewhere else",
  HOME: "/no/home",
  TMPDIR: "/no/tmp",
  DOCKER_HOST: "tcp://nowhere.invalid:1",
  DOCKER_CONFIG: "/no/config",
  DOCKER_CONTEXT: "no-context",
  CONTAINER_HOST: "tcp://nowhere.invalid:2",
  CONTAINERS_CONF: "/no/containers.conf",
  XDG_RUNTIME_DIR: "/no/run",
  HTTP_PROXY: "http://proxy.invalid:3128/?a=b#c",
  https_proxy: " \"spaces\" ",
  NO_PROXY: "",
  LC_ALL: "de_DE.UTF-8",
  GODEBUG: "no=1",
  TERM: "dumb",
  LD_PRELOAD: ""
}

const environmentOfCommands = ({ test }: Suite): void => {
  const environmentOf = (variables: Readonly<Record<string, string>>) =>
    Effect.gen(function*() {
      const container = yield* Shared
      const exec = Object.entries(variables).reduce(
        (exec, [name, value]) => Exec.env(exec, name, value),
        Exec.make("/bin/cat", "/proc/self/environ")
      )
      const { stdout } = yield* container.exec(exec)
      return parseEnvironment(stdout)
    })

  test(
    "environment variables of a command have exactly their values",
    Effect.map(environmentOf(values), (environment) => assert.deepInclude(environment, values))
  )

  test(
    "variables with a meaning for the client reach the command and not the client",
    Effect.map(environmentOf(clientVariables), (environment) => assert.deepInclude(environment, clientVariables))
  )

  test(
    "a too long value of a variable with a meaning for the client is refused before the command runs",
    Effect.gen(function*() {
      const { engine } = yield* Backend.Backend
      const value = `http://proxy.invalid/?${"é".repeat(40_000)}`
      const outcome = yield* Effect.either(environmentOf({ HTTP_PROXY: value }))
      if (engine.name === "memory") assert.deepInclude(Either.getOrThrow(outcome), { HTTP_PROXY: value })
      else {
        const error = yield* failsWith(outcome, "EngineFailed")
        assert.strictEqual(error.reason, "InvalidDefinition")
        assert.include(error.message, "HTTP_PROXY")
      }
      const longest = "x".repeat(65_000)
      assert.deepInclude(yield* environmentOf({ HTTP_PROXY: longest }), { HTTP_PROXY: longest })
    })
  )

  test(
    "a secret environment variable reaches the command",
    Effect.gen(function*() {
      const container = yield* Shared
      const exec = sh("printf %s \"$PASSWORD\"").pipe(Exec.env("PASSWORD", Redacted.make("s3cret\nline")))
      assert.strictEqual((yield* container.exec(exec)).stdout, "s3cret\nline")
    })
  )
}

const inputAndOutputOfCommands = ({ test }: Suite): void => {
  test(
    "a command without input reads an empty standard input, also if it is interactive",
    Effect.gen(function*() {
      const container = yield* Shared
      for (const exec of [Exec.make("cat"), Exec.interactive(Exec.make("cat"))]) {
        assert.strictEqual((yield* container.exec(exec)).stdout, "")
      }
    })
  )

  test(
    "the output of a command keeps byte order marks, as text and in lines",
    Effect.gen(function*() {
      const container = yield* Shared
      const cat = Exec.make("cat").pipe(Exec.stdin("\uFEFFa\n\uFEFFb\n"))
      assert.strictEqual((yield* container.exec(cat)).stdout, "\uFEFFa\n\uFEFFb\n")
      const lines = yield* Stream.runCollect(Output.lines(container.execStream(cat)))
      assert.deepStrictEqual(Array.from(lines), ["\uFEFFa", "\uFEFFb"])
      yield* container.writeFile("/tmp/marked", "\uFEFFa")
      assert.strictEqual(yield* container.readFileString("/tmp/marked"), "\uFEFFa")
    })
  )

  test(
    "the output of a command is decoded as UTF-8",
    Effect.gen(function*() {
      const container = yield* Shared
      const text = "grüß ☃ 𝄞\r\n\0\n"
      assert.strictEqual((yield* container.exec(Exec.make("cat").pipe(Exec.stdin(text)))).stdout, text)
    })
  )

  const megabyte = bytes.pattern(1024 * 1024)

  for (
    const [what, stdin, expected] of [
      ["every byte value", bytes.allByteValues, bytes.allByteValues],
      ["a megabyte", megabyte, megabyte],
      ["a stream of a megabyte", bytes.inPieces(megabyte, 10_007), megabyte],
      ["an empty stream", Stream.empty, bytes.allByteValues.subarray(0, 0)]
    ] as const
  ) {
    test(
      `a command receives ${what} as input unchanged`,
      Effect.gen(function*() {
        const container = yield* Shared
        const { stdoutBytes } = yield* container.exec(Exec.make("cat").pipe(Exec.stdin(stdin)))
        bytes.assertEqual(stdoutBytes, expected)
      })
    )
  }

  test(
    "a command that does not read its input succeeds",
    Effect.gen(function*() {
      const container = yield* Shared
      const { engine } = yield* Backend.Backend
      const { stdout } = yield* container.exec(Exec.make("echo", "done").pipe(Exec.stdin(megabyte)))
      // Podman may lose the output of such a command.
      assert.include(engine.name === "podman" ? ["done\n", ""] : ["done\n"], stdout)
    })
  )

  test(
    "a failure of the input stream ends the command and fails exec",
    Effect.gen(function*() {
      const container = yield* Shared
      const lost = { _tag: "Lost", page: 3 }
      const stdin = Stream.concat(Stream.make(bytes.allByteValues), Stream.fail(lost))
      const error = yield* failsWith(
        container.exec(sh("cat; exec sleep 98765").pipe(Exec.stdin(stdin))),
        "EngineFailed"
      )
      assert.strictEqual(error.reason, "InputFailed", error.message)
      assert.strictEqual(error.cause, lost)
      const { stdout } = yield* container.exec(sh("cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' '"))
      assert.notInclude(stdout, "sleep 98765 ")
    })
  )
}

/**
 * Parses the content of `/proc/self/environ`.
 *
 * @internal
 */
export const parseEnvironment = (text: string): Readonly<Record<string, string>> =>
  Object.fromEntries(
    text.split("\0").filter((variable) => variable !== "").map((variable) => {
      const end = variable.indexOf("=")
      return [variable.slice(0, end), variable.slice(end + 1)]
    })
  )

/** @internal */
export const themes = [
  { name: "environment of commands", tests: environmentOfCommands },
  { name: "input and output of commands", tests: inputAndOutputOfCommands }
] as const
