import { Command } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert, describe, layer } from "@effect/vitest"
import { deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { Container, Definition, Exec, Output } from "@ociman/containers"
import { Effect, Layer, Stream } from "effect"
import { busyboxImage } from "../support/busybox.js"
import * as CuttableDocker from "../support/CuttableDocker.js"

const backend = CuttableDocker.layer.pipe(Layer.provideMerge(NodeContext.layer))

const shell = (script: string, ...args: ReadonlyArray<string>) =>
  ["/bin/busybox", "sh", "-c", script, "sh", ...args] as const

const idle = Definition.command(
  "/bin/busybox --install -s /bin; trap 'exit 0' TERM; while :; do /bin/busybox sleep 0.05; done"
)

const countOf = (container: Container.Container, argument: string) =>
  container.exec(Exec.make(
    ...shell("for f in /proc/[0-9]*/cmdline; do /bin/busybox tr '\\0' ' ' <$f; echo; done 2>/dev/null")
  )).pipe(Effect.map(({ stdout }) => stdout.split("\n").filter((line) => line.includes(argument)).length))

layer(backend, { excludeTestServices: true, timeout: "1 minute" })("a connection to Docker", (it) => {
  describe.each(["end", "reset"] as const)("that is cut by %s", (how) => {
    it.scoped("fails the command of exec with any exit code, and ends it in the container", () =>
      Effect.gen(function*() {
        const { cut } = yield* CuttableDocker.CuttableDocker
        const container = yield* Container.start(idle(yield* busyboxImage))
        const seconds = `${100000 + Math.floor(Math.random() * 100000)}`
        const lines: Array<string> = []
        const command = Exec.make(...shell("echo one; /bin/busybox sleep \"$1\"; echo two", seconds))
        const error = yield* container.execStream(Exec.allowNonZeroExit(command)).pipe(
          (outputs) => Output.lines(outputs, "stdout"),
          Stream.runForEach((line) => Effect.zipRight(Effect.sync(() => lines.push(line)), cut(how))),
          Effect.flip
        )
        deepStrictEqual(lines, ["one"])
        strictEqual(error._tag, "EngineFailed", error.message)
        if (error._tag === "EngineFailed") strictEqual(error.reason, "UnexpectedAnswer")
        assert.match(error.message, /ended before the process did/)
        strictEqual(yield* countOf(container, `sleep ${seconds}`), 0)
      }))

    it.scoped("fails a command of the executor", () =>
      Effect.gen(function*() {
        const { cut } = yield* CuttableDocker.CuttableDocker
        const container = yield* Container.start(idle(yield* busyboxImage))
        const [program, ...args] = shell("echo one; /bin/busybox sleep 98765; echo two")
        const error = yield* Effect.gen(function*() {
          const process = yield* Command.start(Command.make(program, ...args))
          yield* Stream.runForEach(process.stdout, () => cut(how))
          return yield* Effect.flip(process.exitCode)
        }).pipe(Effect.scoped, Effect.provide(container.executor))
        assert.match(error.message, /ended before the process did/)
        strictEqual(yield* countOf(container, "sleep 98765"), 0)
      }))

    it.scoped("fails a run and removes its container", () =>
      Effect.gen(function*() {
        const { cut } = yield* CuttableDocker.CuttableDocker
        const definition = (yield* busyboxImage).pipe(
          Definition.command("echo one; while :; do /bin/busybox sleep 0.05; done"),
          Definition.label("com.example.cut", how)
        )
        const error = yield* Container.runStream(definition, { allowNonZeroExit: true }).pipe(
          Stream.runForEach(() => cut(how)),
          Effect.flip
        )
        strictEqual(error._tag, "EngineFailed", error.message)
        assert.match(error.message, /ended before the process did/)
      }))
  })
})
