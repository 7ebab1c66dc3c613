/** Packs a file into an image compressed by zstd, or unpacks one: `zstd.ts pack|unpack LAYOUT NAME DIRECTORY`. */
import { NodeContext, NodeRuntime } from "@effect/platform-node"
import { NodeImages } from "@ociman/node"
import { ImageLayer, OciDirectory, Platform, RunnableImage, Unpack } from "@ociman/oci"
import { Effect, Layer } from "effect"

const [, , operation, root = "", name = "", directory = ""] = process.argv

const program = Effect.gen(function*() {
  const store = yield* OciDirectory.openOrCreate(root)
  if (operation === "unpack") return yield* Unpack.image({ store, name }, directory)
  yield* RunnableImage.scratch(Platform.make("linux/amd64")).pipe(
    RunnableImage.addLayer(ImageLayer.compress(ImageLayer.fromDirectory(directory), "zstd")),
    RunnableImage.push(store, name)
  )
})

const services = Layer.mergeAll(NodeContext.layer, NodeImages.layer)

program.pipe(Effect.provide(services), NodeRuntime.runMain)
