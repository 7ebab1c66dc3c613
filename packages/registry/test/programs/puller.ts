/** Copies a blob to a layout: `puller.ts REPOSITORY DIGEST SIZE LAYOUT`. */
import { NodeRuntime } from "@effect/platform-node"
import { NodeOciman } from "@ociman/node"
import { Copy, Digest, MediaType, OciDirectory } from "@ociman/oci"
import { RegistryStore, Repository } from "@ociman/registry"
import { Effect } from "effect"

const [, , repository = "", digest = "", size = "", root = ""] = process.argv

const program = Effect.gen(function*() {
  const from = yield* RegistryStore.make(Repository.make(repository))
  const to = yield* OciDirectory.openOrCreate(root)
  const blob = { mediaType: MediaType.ImageLayer, digest: Digest.Digest.make(digest), size: Number(size) }
  yield* Copy.graph(from, blob, to)
})

program.pipe(Effect.provide(NodeOciman.layerImages), NodeRuntime.runMain)
