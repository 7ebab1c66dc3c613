import { describe } from "@effect/vitest"
import { assertInclude, assertTrue, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import {
  Content,
  Copy,
  DockerArchive,
  Hasher,
  ImageConfig,
  ImageIndex,
  ImageManifest,
  ImageStore,
  MediaType,
  OciArchive,
  Platform,
  Tar
} from "@ociman/oci"
import { Effect, Stream } from "effect"
import { writeFileSync } from "node:fs"
import { gzipSync } from "node:zlib"
import { archiveOf, failure, pushImage, temporary } from "./archives.js"
import { live } from "./live.js"

/** An archive in the form of Docker 20.10: one directory for each layer, and links to shared layers. */
const legacy = (path: string, options: { readonly compressed?: boolean; readonly manifest?: unknown } = {}) =>
  Effect.gen(function*() {
    const layer = yield* archiveOf([Tar.file("one", "1")])
    const diffId = yield* Hasher.bytes(layer)
    const config = yield* Content.make(
      ImageConfig.codec,
      ImageConfig.make(Platform.make("linux/amd64"), [diffId, diffId])
    )
    const name = `${config.descriptor.digest.slice(7)}.json`
    const stored = options.compressed === true ? gzipSync(layer) : layer
    const manifest = [
      { Config: name, RepoTags: ["example.com/a:1", "b:2"], Layers: ["aa/layer.tar", "bb/layer.tar"] },
      { Config: name, RepoTags: null, Layers: ["aa/layer.tar", "aa/layer.tar"] }
    ]
    writeFileSync(
      path,
      yield* archiveOf([
        Tar.directory("aa"),
        Tar.file("aa/VERSION", "1.0"),
        Tar.file("aa/layer.tar", new Uint8Array(stored)),
        Tar.symlink("bb/layer.tar", "../aa/layer.tar"),
        Tar.file(name, config.bytes),
        Tar.file("manifest.json", JSON.stringify(options.manifest ?? manifest)),
        Tar.file("repositories", "{}")
      ])
    )
    return { config: config.descriptor, layer, diffId }
  })

describe("A DockerArchive", () => {
  for (const compressed of [false, true]) {
    live(
      `reads the images that Docker saved${compressed ? " with compressed layers" : ""}`,
      Effect.gen(function*() {
        const path = `${yield* temporary}/a.tar`
        const { config, diffId } = yield* legacy(path, { compressed })
        const archive = yield* DockerArchive.open(path)
        deepStrictEqual([...(yield* Stream.runCollect(archive.names))], ["example.com/a:1", "b:2"])
        strictEqual(archive.images.length, 3)
        const manifest = yield* ImageStore.fetchDocument(
          archive,
          ImageManifest.codec,
          yield* archive.resolve("b:2")
        )
        strictEqual(manifest.value.config.digest, config.digest)
        const [layer] = manifest.value.layers
        strictEqual(layer.mediaType, compressed ? MediaType.DockerLayerGzip : MediaType.DockerLayer)
        strictEqual(layer.digest === diffId, !compressed)
        const memory = yield* ImageStore.makeMemory
        yield* Copy.image({ store: archive, name: "b:2" }, { store: memory, name: "b" })
        strictEqual((yield* memory.resolve("b")).digest, manifest.descriptor.digest)
      })
    )
  }

  live(
    "copied to an OciArchive becomes an archive of both formats",
    Effect.gen(function*() {
      const root = yield* temporary
      const { config } = yield* legacy(`${root}/a.tar`)
      const from = yield* DockerArchive.open(`${root}/a.tar`)
      yield* OciArchive.edit(
        `${root}/b.tar`,
        (to) => Copy.image({ store: from, name: "b:2" }, { store: to, name: "b:2" })
      )
      const again = yield* DockerArchive.open(`${root}/b.tar`)
      const [image] = again.images
      assertTrue(image !== undefined)
      const { value } = yield* ImageStore.fetchDocument(again, ImageManifest.codec, image)
      strictEqual(value.config.digest, config.digest)
    })
  )

  live(
    "with a missing part is refused, and the error names the part",
    Effect.gen(function*() {
      const root = yield* temporary
      const path = `${root}/a.tar`
      const image = (changed: object) => [{ Config: "x.json", RepoTags: null, Layers: [], ...changed }]
      yield* legacy(path, { manifest: image({}) })
      assertInclude((yield* Effect.flip(DockerArchive.open(path))).message, "x.json")
      const { config } = yield* legacy(path)
      const Config = `${config.digest.slice(7)}.json`
      yield* legacy(path, { manifest: image({ Config }) })
      strictEqual(yield* failure(DockerArchive.open(path)), "LayoutError Damaged")
      yield* legacy(path, { manifest: image({ Config, Layers: ["aa/layer.tar", "cc/layer.tar"] }) })
      assertInclude((yield* Effect.flip(DockerArchive.open(path))).message, "cc/layer.tar")
      yield* legacy(path, { manifest: { not: "a list" } })
      strictEqual(yield* failure(DockerArchive.open(path)), "InvalidDocument InvalidField")
      yield* OciArchive.edit(`${root}/b.tar`, () => Effect.void)
      strictEqual(yield* failure(DockerArchive.open(`${root}/b.tar`)), "LayoutError NotALayout")
      assertInclude((yield* Effect.flip(DockerArchive.open(`${root}/b.tar`))).message, "OciArchive")
    })
  )

  live(
    "does not read a layer whose digest is not in the configuration",
    Effect.gen(function*() {
      const path = `${yield* temporary}/a.tar`
      const { config } = yield* legacy(path)
      const Config = `${config.digest.slice(7)}.json`
      yield* legacy(path, { manifest: [{ Config, RepoTags: ["a:1"], Layers: ["aa/layer.tar", "aa/VERSION"] }] })
      const archive = yield* DockerArchive.open(path)
      const memory = yield* ImageStore.makeMemory
      const copy = Copy.image({ store: archive, name: "a:1" }, { store: memory, name: "a" })
      assertTrue(["SizeMismatch", "DigestMismatch"].includes((yield* failure(copy)).split(" ")[0] ?? ""))
    })
  )

  live(
    "copies only the selected platform",
    Effect.gen(function*() {
      const path = `${yield* temporary}/a.tar`

      const store = yield* ImageStore.makeMemory
      const images = yield* Effect.forEach(
        ["amd64", "arm64"],
        (architecture) =>
          Effect.map(pushImage(store, [architecture], architecture), ({ manifest }) => ({
            ...manifest,
            platform: Platform.make(`linux/${architecture}`)
          }))
      )
      const index = yield* Content.make(ImageIndex.codec, ImageIndex.make(images))
      yield* ImageStore.pushDocument(store, index)
      yield* store.tag(index.descriptor, "example.com/a:1")
      for (const [platform, expected] of [[undefined, "amd64"], [Platform.make("linux/arm64"), "arm64"]] as const) {
        const chunks = yield* Stream.runCollect(OciArchive.stream(store, ["example.com/a:1"], { platform }))
        writeFileSync(path, Buffer.concat([...chunks]))
        const archive = yield* DockerArchive.open(path)
        const [image] = archive.images
        assertTrue(image !== undefined)
        const { value } = yield* ImageStore.fetchDocument(archive, ImageManifest.codec, image)
        const config = yield* ImageStore.fetchDocument(archive, ImageConfig.codec, value.config)
        strictEqual(config.value.architecture, expected)
        // A reader of indexes finds both.
        const both = yield* OciArchive.open(path)
        strictEqual((yield* both.resolve("example.com/a:1")).digest, index.descriptor.digest)
        yield* Copy.image({ store: both, name: "example.com/a:1" }, { store: yield* ImageStore.makeMemory, name: "a" })
      }
    })
  )
})
