import { NodeContext } from "@effect/platform-node"
import { describe, it } from "@effect/vitest"
import { assertFalse, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { Backend, Image, Label } from "@ociman/containers"
import { Reference } from "@ociman/oci"
import { FakeEngine } from "@ociman/testing"
import { Effect, Layer, Stream } from "effect"

const on = (
  engine: FakeEngine.Script,
  command: string,
  complaint: string,
  before: ReadonlyArray<FakeEngine.Step> = []
) =>
  (engine.engine === "docker" ? Backend.layerDocker : Backend.layerPodman).pipe(
    Layer.provide(FakeEngine.layer(engine.pipe(
      FakeEngine.on(command, [...before, FakeEngine.stderr(complaint), FakeEngine.exit(1)]),
      FakeEngine.on(command, [...before, FakeEngine.stdout("")])
    ))),
    Layer.provide(NodeContext.layer)
  )

describe("what an engine is too busy for at the moment is asked for again", () => {
  it.live("by Docker, which prunes once at a time", () =>
    Effect.gen(function*() {
      deepStrictEqual(yield* Image.prune([Label.has("any")]), [])
    }).pipe(
      Effect.provide(
        on(
          FakeEngine.docker,
          "image prune",
          "Error response from daemon: a prune operation is already running\n"
        )
      )
    ))

  it.live("by Podman, which stumbles over images that go while it lists them", () =>
    Effect.gen(function*() {
      deepStrictEqual(yield* Image.list(), [])
    }).pipe(
      Effect.provide(
        on(
          FakeEngine.podman,
          "image ls",
          `Error: locating item named "manifest" for image with ID "${"a".repeat(64)}": file does not exist\n`
        )
      )
    ))

  it.live("by Podman, which hides from a start what it has mounted for it", () =>
    Effect.gen(function*() {
      yield* Effect.flatMap(Backend.Backend, (backend) => backend.startContainer("app"))
    }).pipe(
      Effect.provide(
        on(
          FakeEngine.podman,
          "container start",
          "Error: mounting storage for container app: lstat /graph/merged: no such file or directory\n"
        )
      )
    ))

  describe("by Podman, which hides from a copy what it has mounted for it", () => {
    const copying = (stream: Stream.Stream<Uint8Array>) =>
      Effect.flatMap(Backend.Backend, (backend) => backend.copyInto("app", "/", stream)).pipe(
        Effect.provide(
          on(
            FakeEngine.podman,
            "container cp",
            "Error: \"/\" could not be found on container app: no such file or directory\n",
            [FakeEngine.readStdin]
          )
        )
      )

    const bytes = new Uint8Array(10_000).fill(7)

    it.live("of what can be read again", () => copying(Stream.make(bytes, bytes)))

    it.live("but not of what is something else the second time", () =>
      Effect.gen(function*() {
        for (const second of [[], [bytes.subarray(1)], [bytes]]) {
          let runs = 0
          const once = Stream.suspend(() => Stream.fromIterable(runs++ === 0 ? [bytes, bytes] : second))
          const error = yield* Effect.flip(copying(once))
          deepStrictEqual([error._tag, runs], ["PathNotFound", 2])
        }
      }))

    it.live("but not of what is too much to compare", () =>
      Effect.gen(function*() {
        let runs = 0
        const large = Stream.suspend(() => {
          runs++
          return Stream.make(new Uint8Array(2 ** 21))
        })
        const error = yield* Effect.flip(copying(large))
        deepStrictEqual([error._tag, runs], ["PathNotFound", 1])
      }))
  })

  it.live("by Podman, which does not find an image that it has just found", () =>
    Effect.gen(function*() {
      assertFalse(yield* Image.exists(Reference.make("localhost/app:1")))
      const asked = (yield* FakeEngine.calls).filter(({ arguments: args }) => args.includes("inspect"))
      strictEqual(asked.length, 2)
    }).pipe(
      Effect.provide(
        Backend.layerPodman.pipe(
          Layer.provideMerge(FakeEngine.layer(FakeEngine.podman.pipe(
            FakeEngine.on("image inspect", [
              FakeEngine.stderr("Error: reading image \"app\": locating image with ID \"app\": image not known\n"),
              FakeEngine.exit(125)
            ]),
            FakeEngine.on("image inspect", [FakeEngine.stdout("[]")])
          ))),
          Layer.provide(NodeContext.layer)
        )
      )
    ))

  it.live("by Podman, which says nothing of the images of a list when one of them goes while it looks", () =>
    Effect.gen(function*() {
      deepStrictEqual(yield* Image.list(), [])
    }).pipe(
      Effect.provide(
        Backend.layerPodman.pipe(
          Layer.provide(FakeEngine.layer(FakeEngine.podman.pipe(
            FakeEngine.on("image ls", [FakeEngine.stdout(`${"a".repeat(64)}\n${"b".repeat(64)}\n`)]),
            FakeEngine.on("image inspect", [
              FakeEngine.stderr("Error: inspecting object: it: image not known\n"),
              FakeEngine.exit(125)
            ])
          ))),
          Layer.provide(NodeContext.layer)
        )
      )
    ))
})
