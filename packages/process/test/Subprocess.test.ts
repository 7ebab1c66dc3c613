import { Command } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Subprocess } from "@ociman/process"
import { Effect } from "effect"

describe("smoke", () => {
  it.live("run", () =>
    Effect.gen(function*() {
      const r = yield* Subprocess.run(Command.make("sort"), { stdin: "b\na\n" })
      assert.strictEqual(r.stdout.text, "a\nb\n")
      const e = yield* Effect.flip(Subprocess.run(Command.make("sh", "-c", "echo no >&2; exit 3")))
      assert.strictEqual(e.message, "Command failed with exit code 3: sh -c 'echo no >&2; exit 3'\nno")
      const p = yield* Subprocess.run(Command.make("echo", "hi").pipe(Command.pipeTo(Command.make("cat"))))
      assert.strictEqual(p.stdout.text, "hi\n")
    }).pipe(Effect.provide(NodeContext.layer)))
})
