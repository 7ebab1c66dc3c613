import { Command } from "@effect/platform"
import { NodeContext, NodeRuntime } from "@effect/platform-node"
import { Subprocess } from "@ociman/process"
import { Console, Effect, Redacted, Stream } from "effect"

const token = Redacted.make("s3cr3t")

const program = Effect.gen(function*() {
  // Capture the output, with input from a stream that is pulled as fast as `sort` reads.
  const { stdout } = yield* Subprocess.run(Command.make("sort"), {
    stdin: Stream.make("b\n", "a\n").pipe(Stream.encodeText),
    timeout: "10 seconds"
  })
  yield* Console.log(stdout.text)

  // Stream the output, and terminate the process after three lines.
  yield* Command.make("yes").pipe(
    Subprocess.streamLines,
    Stream.take(3),
    Stream.runForEach(Console.log)
  )

  // Fail with an error that is safe to show.
  const command = Command.make("sh", "-c", "echo \"bad token $1\" >&2; exit 3", "sh", Redacted.value(token))
  const error = yield* Effect.flip(Subprocess.run(command, { redact: [token] }))
  yield* Console.log(error.message)
  // Command failed with exit code 3: sh -c 'echo "bad token $1" >&2; exit 3' sh '<redacted>'
  // bad token <redacted>
})

program.pipe(Effect.provide(NodeContext.layer), NodeRuntime.runMain)
