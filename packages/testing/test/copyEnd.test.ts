import { NodeContext } from "@effect/platform-node"
import { describe, it } from "@effect/vitest"
import { strictEqual } from "@effect/vitest/utils"
import { Backend, Container, EngineBackend } from "@ociman/containers"
import { Tar } from "@ociman/oci"
import { FakeEngine } from "@ociman/testing"
import { type Chunk, Effect, Layer, Stream } from "effect"

const concat = (chunks: Chunk.Chunk<Uint8Array>) => new Uint8Array(Buffer.concat(Array.from(chunks)))

/** An engine that stops when a copy ends by itself, some time after its last bytes. */
const engineOf = (script: FakeEngine.Script) =>
  Layer.unwrapEffect(Effect.gen(function*() {
    const archive = concat(yield* Stream.runCollect(Tar.write(Stream.make(Tar.file("file", "x".repeat(512))))))
    const steps = [
      FakeEngine.stdout(archive.subarray(0, 1024)),
      FakeEngine.trickle(archive.subarray(1024), { piece: 512, every: "50 millis" }),
      FakeEngine.stopEngine
    ]
    return EngineBackend.layer.pipe(
      Layer.provideMerge(FakeEngine.layer(FakeEngine.on(script, "container cp", steps))),
      Layer.provide(NodeContext.layer)
    )
  }))

const engineAfter = Effect.flatMap(Backend.Backend, ({ volumes }) => Effect.flip(volumes.list([])))

describe("a copy that is not read to its end", () => {
  it.live.each([FakeEngine.docker, FakeEngine.podman])(
    "ends by itself after a file was read on $engine",
    (script) =>
      Effect.gen(function*() {
        const container = yield* Container.attach("fake")
        strictEqual((yield* container.readFileString("/file")).length, 512)
        strictEqual((yield* engineAfter)._tag, "BackendUnavailable")
      }).pipe(Effect.provide(engineOf(script)))
  )

  it.live("ends by itself on a Podman whose processes hide mounts from each other", () =>
    Effect.gen(function*() {
      const container = yield* Container.attach("fake")
      yield* Stream.runDrain(Stream.take(container.copyOutTar("/file"), 1))
      strictEqual((yield* engineAfter)._tag, "BackendUnavailable")
    }).pipe(Effect.provide(engineOf(FakeEngine.podman))))
})
