import { SystemError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import { assert } from "@effect/vitest"
import * as Backend from "@ociman/containers/Backend"
import * as Container from "@ociman/containers/Container"
import * as Definition from "@ociman/containers/Definition"
import * as Output from "@ociman/containers/Output"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import * as bytes from "./bytes.js"
import { assertGone, failsWith, type Suite } from "./support.js"

const runningContainers = ({ script, test, uniqueName }: Suite): void => {
  test(
    "run returns both outputs and the exit code and removes the container",
    Effect.gen(function*() {
      const name = yield* uniqueName
      const definition = Definition.name(script("echo out; echo err >&2"), name)
      const { exitCode, stderr, stdout } = yield* Container.run(definition)
      assert.deepStrictEqual({ exitCode, stdout, stderr }, { exitCode: 0, stdout: "out\n", stderr: "err\n" })
      yield* assertGone(name)
    })
  )

  test(
    "run gives the process an empty standard input by default",
    Effect.gen(function*() {
      const { stdout } = yield* Container.run(script("wc -c"))
      assert.strictEqual(stdout.trim(), "0")
    })
  )

  const everyByte = bytes.concat([bytes.allByteValues, bytes.allByteValues])

  const inputs = {
    text: { stdin: "grüß\n\"Gott\" ", expected: undefined },
    bytes: { stdin: everyByte, expected: everyByte },
    "a stream": { stdin: bytes.inPieces(everyByte, 7), expected: everyByte }
  }

  for (const [kind, { expected, stdin }] of Object.entries(inputs)) {
    test(
      `run passes ${kind} to the standard input of the process`,
      Effect.gen(function*() {
        const result = yield* Container.run(script("cat"), { stdin })
        if (expected === undefined) assert.strictEqual(result.stdout, stdin)
        else bytes.assertEqual(result.stdoutBytes, expected)
      })
    )
  }

  test(
    "run refuses input for a container with a terminal",
    Effect.gen(function*() {
      const definition = Definition.tty(script("cat"))
      const error = yield* failsWith(Container.run(definition, { stdin: "text" }), "EngineFailed")
      assert.strictEqual(error.reason, "InvalidDefinition")
      assert.strictEqual((yield* Container.run(Definition.tty(script("echo out")))).stdout, "out\r\n")
    })
  )

  test(
    "run keeps both ends of an output over the limit",
    Effect.gen(function*() {
      const { omittedBytes, stdoutBytes } = yield* Container.run(script("head -c 100000 /dev/zero; echo end"), {
        outputLimit: 1000
      })
      assert.strictEqual(omittedBytes, 100004 - 1000)
      assert.strictEqual(stdoutBytes.length, 1000)
    })
  )
}

const runFailures = ({ options, script, test, uniqueName }: Suite): void => {
  test(
    "run fails with InputFailed when its input stream fails",
    Effect.gen(function*() {
      const name = yield* uniqueName
      const error = yield* failsWith(
        Container.run(Definition.name(script("cat"), name), { stdin: Stream.fail(lost) }),
        "EngineFailed"
      )
      assert.strictEqual(error.reason, "InputFailed")
      assert.strictEqual(error.cause, lost)
      yield* assertGone(name)
    })
  )

  test(
    "run fails with the output of the process if its exit code is not zero",
    Effect.gen(function*() {
      const name = yield* uniqueName
      const definition = Definition.name(script("echo some; echo wrong >&2; exit 7"), name)
      const error = yield* failsWith(Container.run(definition), "RunFailed")
      assert.deepStrictEqual([error.exitCode, error.stdout, error.stderr], [7, "some\n", "wrong\n"])
      assert.include(error.message, "exit code 7")
      yield* assertGone(name)
    })
  )

  test(
    "run with allowNonZeroExit returns every exit code, including those that clients use themselves",
    Effect.forEach(
      [1, 125, 126, 127, 137, 255],
      (code) =>
        Effect.map(Container.run(script("exit $1", `${code}`), { allowNonZeroExit: true }), ({ exitCode }) => {
          assert.strictEqual(exitCode, code)
        }),
      { discard: true, concurrency: 2 }
    )
  )

  for (
    const [words, reason] of [
      [["no-such-command"], "CommandNotFound"],
      [["/no/such/command", "x"], "CommandNotFound"],
      [["/etc/passwd"], "NotExecutable"],
      [["/etc"], "NotExecutable"]
    ] as const
  ) {
    test(
      `starting a container with command ${words.join(" ")} fails with ${reason}`,
      Effect.gen(function*() {
        const name = yield* uniqueName
        const definition = script("").pipe(Definition.command(...words), Definition.name(name))
        for (
          const start of [
            Effect.asVoid(Container.run(definition)),
            Effect.asVoid(Effect.scoped(Container.start(definition))),
            Effect.asVoid(Container.launch(definition)),
            Stream.runDrain(Container.runStream(definition))
          ]
        ) {
          const error = yield* failsWith(start, "StartFailed")
          assert.strictEqual(error.reason, reason, error.message)
          assert.include(error.message, `Container "${name}" (image "${definition.image}", id `)
          yield* assertGone(name)
        }
      })
    )
  }

  if (options.resources) {
    test(
      "a run that exceeds its memory limit fails with a message that mentions memory",
      Effect.gen(function*() {
        const { engine } = yield* Backend.Backend
        const fs = yield* FileSystem.FileSystem
        // The monitor of Podman 4.3 leaves an empty file of this name in the working directory.
        yield* Effect.addFinalizer(() => Effect.ignore(fs.remove("oom")))
        const greedy = script("dd if=/dev/zero of=/dev/null bs=256M count=1").pipe(Definition.memory("32m"))
        for (const run of [Effect.asVoid(Container.run(greedy)), Stream.runDrain(Container.runStream(greedy))]) {
          const error = yield* failsWith(run, "RunFailed")
          // Podman cannot detect it with version 1 of control groups.
          if (engine.name === "docker") assert.isTrue(error.outOfMemory, error.message)
          assert.match(error.message, /ended with exit code 137 \(signal 9\), .* memory/)
        }
        const error = yield* failsWith(Container.run(script("exit 3")), "RunFailed")
        assert.strictEqual(error.outOfMemory, false)
      })
    )
  }
}

const runStreams = ({ script, test, uniqueName }: Suite): void => {
  test(
    "runStream emits each output in order and fails at the end",
    Effect.gen(function*() {
      const definition = script("for i in 1 2 3; do echo out $i; echo err $i >&2; done; exit 5")
      const pieces: Array<Output.Output> = []
      const error = yield* failsWith(
        Stream.runForEach(Container.runStream(definition), (piece) => Effect.sync(() => pieces.push(piece))),
        "RunFailed"
      )
      assert.strictEqual(error.exitCode, 5)
      const text = (source: Output.Output["source"]) =>
        Stream.mkString(Stream.decodeText(Output.bytes(Stream.fromIterable(pieces), source)))
      assert.strictEqual(yield* text("stdout"), "out 1\nout 2\nout 3\n")
      assert.strictEqual(yield* text("stderr"), "err 1\nerr 2\nerr 3\n")
    })
  )

  test(
    "runStream emits output while the process waits for input",
    Effect.gen(function*() {
      const asked = yield* Deferred.make<void>()
      const answer = Stream.fromEffect(Effect.as(Deferred.await(asked), bytes.allByteValues.subarray(10, 11)))
      const lines = yield* Container.runStream(script("echo ready; read answer; echo done"), { stdin: answer }).pipe(
        Output.lines,
        Stream.tap(() => Deferred.succeed(asked, undefined)),
        Stream.runCollect
      )
      assert.deepStrictEqual(Array.from(lines), ["ready", "done"])
    })
  )

  test(
    "interrupting run or leaving runStream removes the container",
    Effect.gen(function*() {
      const [interrupted, left] = yield* Effect.all([uniqueName, uniqueName])
      const definition = script("echo ready; sleep 1000")
      const ready = yield* Deferred.make<void>()
      const fiber = yield* Container.runStream(Definition.name(definition, interrupted)).pipe(
        Stream.runForEach(() => Deferred.succeed(ready, undefined)),
        Effect.fork
      )
      yield* Deferred.await(ready)
      yield* Fiber.interrupt(fiber)
      yield* assertGone(interrupted)
      yield* Stream.runHead(Container.runStream(Definition.name(definition, left)))
      yield* assertGone(left)
    })
  )
}

const lost = new SystemError({ module: "Stream", method: "test", reason: "Unknown", description: "lost" })

/** @internal */
export const themes = [
  { name: "running containers", tests: runningContainers },
  { name: "run failures", tests: runFailures },
  { name: "run streams", tests: runStreams }
] as const
