import { Command, CommandExecutor } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { MemoryBackend } from "@ociman/containers"
import { NodeImages } from "@ociman/node"
import { LocalRegistry, TestImage } from "@ociman/testing"
import { ConfigProvider, Effect, Layer, Redacted } from "effect"

/** A platform with an empty PATH. */
const bare = Layer.provideMerge(
  Layer.effect(
    CommandExecutor.CommandExecutor,
    Effect.map(
      CommandExecutor.CommandExecutor,
      (executor) =>
        CommandExecutor.makeExecutor((command) => executor.start(Command.env(command, { PATH: "/nowhere" })))
    )
  ),
  NodeContext.layer
)

const making = Layer.mergeAll(MemoryBackend.layer(), NodeImages.layer)

describe("a fixture without its program", () => {
  it.scoped("TestImage reports how to install busybox", () =>
    Effect.gen(function*() {
      const { _tag, message } = yield* Effect.flip(TestImage.make())
      assert.strictEqual(_tag, "ToolMissing")
      assert.include(message, "TestImage needs a statically linked busybox (/nowhere/busybox)")
      assert.match(message, /apt-get install busybox-static.*set BUSYBOX/)
    }).pipe(
      Effect.withConfigProvider(ConfigProvider.fromMap(new Map([["BUSYBOX", "/nowhere/busybox"]]))),
      Effect.provide(Layer.provideMerge(making, NodeContext.layer))
    ))

  it.scoped("LocalRegistry reports how to install the registry", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(LocalRegistry.make())
      assert.strictEqual(error._tag, "ToolMissing")
      assert.match(error.message, /^LocalRegistry needs .*docker-registry.*apt-get install docker-registry/)
    }).pipe(Effect.provide(bare)))

  it.scoped("LocalRegistry reports how to install the tools for passwords and encryption", () =>
    Effect.gen(function*() {
      const credentials = { username: "alice", password: Redacted.make("s3cret") }
      assert.match((yield* Effect.flip(LocalRegistry.make({ credentials }))).message, /htpasswd.*apache2-utils/)
      assert.match((yield* Effect.flip(LocalRegistry.make({ encrypted: true }))).message, /openssl/)
    }).pipe(Effect.provide(bare)))
})
