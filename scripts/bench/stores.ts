import { FileSystem } from "@effect/platform"
import { NodeContext, NodeRuntime } from "@effect/platform-node"
import { NodeImages } from "@ociman/node"
import { ImageLayer, OciDirectory, Platform, RunnableImage, Tar } from "@ociman/oci"
import { Effect, Layer as Services, Stream } from "effect"
import { randomFillSync } from "node:crypto"
import { rmSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { ours, race, sh } from "./processes.js"

const mebibyte = 1024 ** 2

const services = Services.mergeAll(NodeImages.layer, NodeContext.layer)

/** An image of a few layers with 1 GiB in total. */
const write = (root: string, layers: number) =>
  Effect.gen(function*() {
    const store = yield* OciDirectory.openOrCreate(root)
    const content = randomFillSync(new Uint8Array(mebibyte))
    const size = 1024 * mebibyte / layers
    const bytes = Stream.repeatValue(content).pipe(Stream.take(size / mebibyte))
    const layer = (name: string) => ImageLayer.fromEntries([Tar.fileStream(name, size, bytes)])
    let image = RunnableImage.addLayer(RunnableImage.scratch(Platform.make("linux/amd64")), layer("0"))
    for (let i = 1; i < layers; i++) image = RunnableImage.addLayer(image, layer(`${i}`))
    yield* RunnableImage.push(image, store, "v1")
  })

/** Compares the time and memory of copies between layouts with skopeo. */
export const stores = Effect.scoped(Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const directory = yield* fs.makeTempDirectoryScoped({ prefix: "ociman-bench-" })
  for (const layers of [1, 4]) {
    const [from, copy, theirs] = [`${directory}/${layers}`, `${directory}/ours`, `${directory}/theirs`]
    yield* write(from, layers)
    const prepare = Effect.sync(() => {
      for (const path of [copy, theirs]) rmSync(path, { recursive: true, force: true })
    })
    yield* race(
      `copy an image of 1 GiB in ${layers} layers from layout to layout`,
      { rounds: 5, expected: 1 },
      { name: "Copy.image", prepare, run: ours("copy", from, copy) },
      {
        name: "skopeo copy oci: oci:",
        prepare,
        run: sh("skopeo --insecure-policy copy --preserve-digests \"oci:$1:v1\" \"oci:$2:v1\" >/dev/null", from, theirs)
      }
    )
    if (layers === 4) {
      // The archive format that engines load.
      yield* race("the same as an archive", { rounds: 3 }, {
        name: "OciArchive.stream",
        prepare,
        run: ours("stream", from)
      }, {
        name: "tar | sha256sum",
        prepare,
        run: sh("tar -cf - -C \"$1\" . | sha256sum >/dev/null", from)
      })
    }
    rmSync(from, { recursive: true })
  }
})).pipe(Effect.provide(services))

if (process.argv[1] === fileURLToPath(import.meta.url)) NodeRuntime.runMain(stores)
