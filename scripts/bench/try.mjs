import { NodeOciman } from "@ociman/node"
import { Content, MediaType, OciDirectory } from "@ociman/oci"
import { Effect, Stream } from "effect"
import { randomFillSync } from "node:crypto"
const time = (name, effect) => Effect.gen(function*() { const t = performance.now(); const c = process.cpuUsage(); const r = yield* effect; const d = process.cpuUsage(c); console.log(name, (performance.now() - t).toFixed(0), "ms cpu", ((d.user + d.system) / 1000).toFixed(0)); return r })
const program = Effect.gen(function*() {
  const blobs = yield* Effect.forEach(Array.from({ length: 500 }), () => { const bytes = randomFillSync(new Uint8Array(65536)); return Effect.map(Content.describe(MediaType.ImageLayer, bytes), (descriptor) => ({ bytes, descriptor })) })
  for (const c of [1, 3, 6]) {
  const s = yield* OciDirectory.openOrCreate("/tmp/try-layout" + c)
  yield* time("write", Effect.forEach(blobs, ({ bytes, descriptor }) => s.push(descriptor, Stream.make(bytes)), { concurrency: c, discard: true }))
  }
})
Effect.runPromise(program.pipe(Effect.scoped, Effect.provide(NodeOciman.layerImages)))
