/** Prints `ready` while it pushes content without an end: `pusher.ts ROOT DIGEST`. */
import { NodeContext, NodeRuntime } from "@effect/platform-node"
import { NodeHasher } from "@ociman/node"
import { Digest, MediaType, OciDirectory } from "@ociman/oci"
import { Console, Effect, Layer, Stream } from "effect"

const [, , root = "", digest = ""] = process.argv

const program = Effect.gen(function*() {
  const store = yield* OciDirectory.openOrCreate(root)
  const descriptor = {
    mediaType: MediaType.ImageLayer,
    digest: Digest.Digest.make(digest),
    size: Number.MAX_SAFE_INTEGER
  }
  const content = Stream.make(new Uint8Array(100_000)).pipe(
    Stream.concat(Stream.execute(Console.log("ready"))),
    Stream.concat(Stream.never)
  )
  yield* store.push(descriptor, content)
})

program.pipe(Effect.provide(Layer.merge(NodeContext.layer, NodeHasher.layer)), NodeRuntime.runMain)
