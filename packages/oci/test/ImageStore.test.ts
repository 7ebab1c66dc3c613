import { FileSystem } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { NodeHasher } from "@ociman/node"
import { ImageStore, OciDirectory } from "@ociman/oci"
import { ImageStoreSuite } from "@ociman/testing"
import { Effect, Layer } from "effect"

ImageStoreSuite.suite("a store in memory", Layer.provideMerge(ImageStore.layerMemory, NodeHasher.layer))

const directory = Layer.unwrapScoped(Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  return OciDirectory.layer(yield* fs.makeTempDirectoryScoped({ prefix: "ociman-" }))
}))

ImageStoreSuite.suite(
  "a store in a directory",
  directory.pipe(Layer.provide(NodeContext.layer), Layer.provideMerge(NodeHasher.layer))
)
