/** Adds many names to a new manifest in a layout: `tagger.ts ROOT PREFIX COUNT`. */
import { NodeContext, NodeRuntime } from "@effect/platform-node"
import { NodeHasher } from "@ociman/node"
import { Content, Descriptor, ImageManifest, ImageStore, MediaType, OciDirectory } from "@ociman/oci"
import { Effect, Layer, Stream } from "effect"

const [, , root = "", prefix = "", count = "0"] = process.argv

const program = Effect.gen(function*() {
  const store = yield* OciDirectory.openOrCreate(root)
  yield* store.push(Descriptor.empty, Stream.make(new TextEncoder().encode("{}")))
  const type = MediaType.MediaType.make(`application/vnd.example.${prefix}`)
  const manifest = yield* Content.make(ImageManifest.codec, ImageManifest.artifact(type))
  yield* ImageStore.pushDocument(store, manifest)
  for (let i = 0; i < Number(count); i++) yield* store.tag(manifest.descriptor, `${prefix}-${i}`)
})

program.pipe(Effect.provide(Layer.merge(NodeContext.layer, NodeHasher.layer)), NodeRuntime.runMain)
