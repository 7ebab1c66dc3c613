import { FileSystem } from "@effect/platform"
import { NodeOciman } from "@ociman/node"
import { Copy, type ImageStore, Layer, OciDirectory, Platform, RunnableImage, Tar } from "@ociman/oci"
import { RegistryStore, Repository } from "@ociman/registry"
import * as LocalRegistry from "@ociman/testing/LocalRegistry"
import { Effect, Exit, Scope, Stream } from "effect"
import { execFile } from "node:child_process"
import { randomFillSync } from "node:crypto"
import { rmSync } from "node:fs"
import { compare } from "./compare.js"

const mebibyte = 1024 ** 2

interface Load {
  readonly title: string
  readonly layers: number
  /** Of each layer, in bytes. */
  readonly size: number
  readonly expected: number
}

const loads: ReadonlyArray<Load> = [
  { title: "a blob of 300 MB", layers: 1, size: 300 * mebibyte, expected: 1 },
  { title: "500 blobs of 64 KB", layers: 500, size: 65_536, expected: 0.5 }
]

const write = (root: string, { layers, size }: Omit<Load, "expected" | "title">) =>
  Effect.gen(function*() {
    const store = yield* OciDirectory.openOrCreate(root)
    const layer = () => {
      const piece = randomFillSync(new Uint8Array(Math.min(size, mebibyte)))
      return Layer.fromEntries([
        Tar.fileStream("file", size, Stream.take(Stream.repeatValue(piece), size / piece.length))
      ])
    }
    const scratch = RunnableImage.scratch(Platform.make("linux/amd64"))
    let image = RunnableImage.addLayer(scratch, layer())
    for (let i = 1; i < layers; i++) image = RunnableImage.addLayer(image, layer())
    yield* RunnableImage.push(image, store, "v1")
    return store
  })

const skopeo = (from: string, to: string) =>
  Effect.async<void, Error>((resume) => {
    const args = [
      "--insecure-policy",
      "copy",
      "--src-tls-verify=false",
      "--dest-tls-verify=false",
      "--preserve-digests"
    ]
    execFile("skopeo", [...args, from, to], (error) => resume(error === null ? Effect.void : Effect.fail(error)))
  })

const copy = (from: ImageStore.Readable, to: ImageStore.Writable) =>
  Copy.image({ store: from, name: "v1" }, { store: to, name: "v1" })

const repositoryOf = (host: string) => Repository.make(`${host}/bench/image`)

const storeOf = (host: string) => RegistryStore.make(repositoryOf(host))

const imageOf = (host: string) => `docker://${repositoryOf(host)}:v1`

/** A new registry each time: skopeo remembers what it has pushed, and to where. */
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

const measure = (load: Load) =>
  Effect.scoped(Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const directory = yield* fs.makeTempDirectoryScoped({ prefix: "ociman-bench-" })
    const root = `${directory}/layout`
    const local = yield* write(root, load)
    const target = yield* renewed
    const options = { rounds: 5, expected: load.expected }

    yield* compare(`push ${load.title}`, options, {
      name: "Copy.image",
      prepare: target.renew,
      run: Effect.flatMap(Effect.flatMap(target.host, storeOf), (to) => copy(local, to))
    }, {
      name: "skopeo copy oci: docker:",
      prepare: target.renew,
      run: Effect.flatMap(target.host, (host) => skopeo(`oci:${root}:v1`, imageOf(host)))
    })

    const source = yield* LocalRegistry.make()
    const remote = yield* storeOf(source.host)
    yield* copy(local, remote)
    const pulled = `${directory}/pulled`
    const clean = Effect.sync(() => rmSync(pulled, { recursive: true, force: true }))
    yield* compare(`pull ${load.title}`, options, {
      name: "Copy.image",
      prepare: clean,
      run: Effect.flatMap(OciDirectory.openOrCreate(pulled), (to) => copy(remote, to))
    }, {
      name: "skopeo copy docker: oci:",
      prepare: clean,
      run: skopeo(imageOf(source.host), `oci:${pulled}:v1`)
    })

    yield* compare(`copy ${load.title} from registry to registry`, options, {
      name: "Copy.image",
      prepare: target.renew,
      run: Effect.flatMap(Effect.flatMap(target.host, storeOf), (to) => copy(remote, to))
    }, {
      name: "skopeo copy docker: docker:",
      prepare: target.renew,
      run: Effect.flatMap(target.host, (host) => skopeo(imageOf(source.host), imageOf(host)))
    })
  }))

/** Pushes, pulls and copies by registries against skopeo. */
export const registries = Effect.forEach(loads, measure, { discard: true }).pipe(
  Effect.provide(NodeOciman.layerImages)
)
