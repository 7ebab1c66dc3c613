import { FileSystem } from "@effect/platform"
import { NodeContext, NodeRuntime } from "@effect/platform-node"
import { NodeImages } from "@ociman/node"
import { ImageLayer, OciDirectory, Platform, RunnableImage, Tar } from "@ociman/oci"
import * as LocalRegistry from "@ociman/testing/LocalRegistry"
import { Effect, Exit, Layer as Services, Scope, Stream } from "effect"
import { randomFillSync } from "node:crypto"
import { rmSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { ours, race, sh } from "./processes.js"

const services = Services.mergeAll(NodeImages.layer, NodeContext.layer)

const mebibyte = 1024 ** 2

interface Load {
  readonly title: string
  readonly layers: number
  /** Size of each layer in bytes. */
  readonly size: number
  readonly rounds: number
  readonly expected: number
}

const loads: ReadonlyArray<Load> = [
  { title: "a blob of 300 MB", layers: 1, size: 300 * mebibyte, rounds: 5, expected: 1 },
  { title: "500 blobs of 64 KB", layers: 500, size: 65_536, rounds: 5, expected: 0.5 },
  { title: "a blob of 2 GB", layers: 1, size: 2048 * mebibyte, rounds: 1, expected: 1 }
]

const write = (root: string, { layers, size }: Pick<Load, "layers" | "size">) =>
  Effect.gen(function*() {
    const store = yield* OciDirectory.openOrCreate(root)
    const layer = () => {
      const piece = randomFillSync(new Uint8Array(Math.min(size, mebibyte)))
      return ImageLayer.fromEntries([
        Tar.fileStream("file", size, Stream.take(Stream.repeatValue(piece), size / piece.length))
      ])
    }
    const scratch = RunnableImage.scratch(Platform.make("linux/amd64"))
    let image = RunnableImage.addLayer(scratch, layer())
    for (let i = 1; i < layers; i++) image = RunnableImage.addLayer(image, layer())
    yield* RunnableImage.push(image, store, "v1")
    return store
  })

const imageAt = (host: string) => `docker://${host}/bench/image`

const skopeo = (from: string, to: string) => {
  const flags = "--insecure-policy copy --src-tls-verify=false --dest-tls-verify=false --preserve-digests"
  return sh(`skopeo ${flags} "$1:v1" "$2:v1" >/dev/null`, from, to)
}

/** Starts a new registry for each run, since skopeo caches the locations of pushed blobs. */
const renewed = Effect.gen(function*() {
  const context = yield* Effect.context<Effect.Effect.Context<ReturnType<typeof LocalRegistry.make>>>()
  let current: { readonly host: string; readonly scope: Scope.CloseableScope } | undefined
  const close = Effect.suspend(() => current === undefined ? Effect.void : Scope.close(current.scope, Exit.void))
  yield* Effect.addFinalizer(() => close)
  const renew = Effect.gen(function*() {
    yield* close
    const scope = yield* Scope.make()
    const { host } = yield* Scope.extend(LocalRegistry.make(), scope)
    current = { host, scope }
  }).pipe(Effect.provide(context), Effect.orDie)
  return { renew, host: Effect.sync(() => current?.host ?? "") }
})

const measure = ({ expected, rounds, title, ...load }: Load) =>
  Effect.scoped(Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const directory = yield* fs.makeTempDirectoryScoped({ prefix: "ociman-bench-" })
    const [local, pulled] = [`${directory}/layout`, `${directory}/pulled`]
    yield* write(local, load)
    const source = imageAt((yield* LocalRegistry.make()).host)
    const target = yield* renewed
    const options = { rounds, expected }

    const push = (from: string, skopeoFrom: string) =>
      [
        {
          name: "Copy.image",
          prepare: target.renew,
          run: Effect.flatMap(target.host, (host) => ours("copy", from, imageAt(host)))
        },
        {
          name: "skopeo copy",
          prepare: target.renew,
          run: Effect.flatMap(target.host, (host) => skopeo(skopeoFrom, imageAt(host)))
        }
      ] as const
    yield* race(`push ${title}`, options, ...push(local, `oci:${local}`))

    yield* ours("copy", local, source)
    const prepare = Effect.sync(() => rmSync(pulled, { recursive: true, force: true }))
    yield* race(
      `pull ${title}`,
      options,
      { name: "Copy.image", prepare, run: ours("copy", source, pulled) },
      { name: "skopeo copy", prepare, run: skopeo(source, `oci:${pulled}`) }
    )

    yield* race(`copy ${title} from registry to registry`, options, ...push(source, source))
  }))

/** Compares the time and memory of pushes, pulls and copies with skopeo. */
export const registries = Effect.forEach(loads, measure, { discard: true }).pipe(Effect.provide(services))

if (process.argv[1] === fileURLToPath(import.meta.url)) NodeRuntime.runMain(registries)
