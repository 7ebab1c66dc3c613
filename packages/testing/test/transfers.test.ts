import { NodeContext } from "@effect/platform-node"
import { describe, it } from "@effect/vitest"
import { assertInclude, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { EngineBackend, Image, Transfer } from "@ociman/containers"
import { Digest, Reference } from "@ociman/oci"
import { FakeEngine } from "@ociman/testing"
import { Chunk, Effect, Layer, Schema, Stream } from "effect"

const image = Reference.make("localhost/fake:1")

const on = (script: FakeEngine.Script) =>
  (script.engine === "docker" ? EngineBackend.layerDocker : EngineBackend.layerPodman).pipe(
    Layer.provide(FakeEngine.layer(script)),
    Layer.provide(NodeContext.layer)
  )

const digest = Schema.decodeSync(Digest.Digest)(`sha256:${"d".repeat(64)}`)

for (const engine of [FakeEngine.docker, FakeEngine.podman]) {
  describe(`transfers with ${engine.engine}`, () => {
    const failing = (command: string, line: string) =>
      on(FakeEngine.on(engine, command, [FakeEngine.stdout("1: Pulling from fake\n"), FakeEngine.stderr(`${line}\n`)]))

    it.live("a transfer fails with TransferFailed if the client prints a registry error and exits with 0", () =>
      Effect.gen(function*() {
        const error = yield* Effect.flip(Image.pull(image))
        strictEqual(error._tag === "TransferFailed" && error.reason, "TooManyRequests")
        assertInclude(error.message, "slow down")
      }).pipe(
        Effect.provide(failing("image pull", "Error response from daemon: toomanyrequests: slow down"))
      ))

    it.live("a transfer fails with Refused if the client prints another error and exits with 0", () =>
      Effect.gen(function*() {
        const error = yield* Effect.flip(Image.push(image))
        strictEqual(error._tag === "EngineFailed" && error.reason, "Refused")
        assertInclude(error.message, "the disk is full")
      }).pipe(Effect.provide(failing("image push", "Error: the disk is full"))))

    it.live("a pull fails if the client exits with 0 and the image is missing", () =>
      Effect.gen(function*() {
        const error = yield* Effect.flip(Image.pull(image))
        strictEqual(error._tag === "EngineFailed" && error.reason, "UnexpectedAnswer")
        assertInclude(error.message, "the image does not exist")
      }).pipe(
        Effect.provide(on(FakeEngine.on(engine, "image inspect", [
          FakeEngine.stderr("Error: No such image: localhost/fake:1\n"),
          FakeEngine.exit(1)
        ])))
      ))

    it.live("a load parses old and new messages and fails if no image was loaded", () =>
      Effect.gen(function*() {
        const load = (text: string) =>
          Image.load(Stream.empty).pipe(
            Effect.map(({ ids, references }) => [...references.map(String), ...ids]),
            Effect.provide(on(FakeEngine.on(engine, "image load", [FakeEngine.stdout(text)])))
          )
        strictEqual((yield* Effect.flip(load("nothing to see\n")))._tag, "EngineFailed")
        deepStrictEqual(yield* load("Loaded image(s): a:1,localhost/b:2\n"), ["a:1", "localhost/b:2"])
        deepStrictEqual(yield* load(`Loaded image: a:1\nLoaded image ID: ${digest}\n`), ["a:1", digest])
      }))
  })
}

it.live("a pull on Docker reports the progress of its layers", () =>
  Effect.gen(function*() {
    const events = yield* Stream.runCollect(Image.pullStream(image))
    deepStrictEqual(Chunk.toReadonlyArray(events), [
      Transfer.message("1: Pulling from fake"),
      Transfer.layer("3cff3bb8848c", "Waiting"),
      Transfer.layer("3cff3bb8848c", "Transferred"),
      Transfer.layer("3cff3bb8848c", "Done"),
      Transfer.digest(digest)
    ])
  }).pipe(Effect.provide(on(FakeEngine.on(FakeEngine.docker, "image pull", [
    FakeEngine.trickle(
      "1: Pulling from fake\n3cff3bb8848c: Pulling fs layer\n3cff3bb8848c: Download complete\n" +
        `3cff3bb8848c: Pull complete\nDigest: ${digest}\n`,
      { piece: 30, every: "1 millis" }
    )
  ])))))
