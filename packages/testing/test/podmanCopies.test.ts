import { NodeContext } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Container, EngineBackend } from "@ociman/containers"
import { FakeEngine } from "@ociman/testing"
import { Effect, Layer } from "effect"

const complaints = [
  "Error: \"/\\\\d\\\\ata\" could not be found on container f: no such file or directory",
  "Error: 1 error occurred:\n\t* copying from container: copier: get: copied no items: no such file or directory\n\n",
  "Error: 1 error occurred:\n\t* no such file or directory\n\n"
]

const on = (engine: FakeEngine.Script) =>
  Effect.provide(Layer.provideMerge(EngineBackend.layer, FakeEngine.layer(engine)))

describe("a copy out of a container by Podman", () => {
  it.scopedLive.each(complaints)(
    "fails with PathNotFound if the client prints %j",
    (complaint) =>
      Effect.gen(function*() {
        const container = yield* Container.attach("fake")
        const error = yield* Effect.flip(container.readFile("/data/file"))
        assert.strictEqual(error._tag, "PathNotFound", error.message)
      }).pipe(
        on(FakeEngine.on(FakeEngine.podman, "container cp", [FakeEngine.stderr(complaint), FakeEngine.exit(125)])),
        Effect.provide(NodeContext.layer)
      )
  )

  it.scopedLive.each([
    ["/w/a?", "/\\w/\\a\\?"],
    ["/[slug].tsx", "/\\[slug].tsx"],
    ["/a*b", "/\\a[^\u0001-)+-\u{10FFFF}]b"],
    ["/a\\b/ü", "/\\a\\\\b/\\ü"]
  ])("reads %j with a pattern that matches only this path: %j", ([path, pattern]) =>
    Effect.gen(function*() {
      const container = yield* Container.attach("fake")
      yield* Effect.exit(container.readFile(path))
      const calls = (yield* FakeEngine.calls).map(({ arguments: args }) => args.join(" "))
      assert.include(calls, `container cp -- ${"f".repeat(64)}:${pattern} -`)
    }).pipe(on(FakeEngine.podman), Effect.provide(NodeContext.layer)))
})
