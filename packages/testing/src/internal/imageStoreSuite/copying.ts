import { assert } from "@effect/vitest"
import * as Content from "@ociman/oci/Content"
import * as Copy from "@ociman/oci/Copy"
import * as ImageIndex from "@ociman/oci/ImageIndex"
import * as ImageManifest from "@ociman/oci/ImageManifest"
import * as ImageStore from "@ociman/oci/ImageStore"
import * as MediaType from "@ociman/oci/MediaType"
import * as Platform from "@ociman/oci/Platform"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { bytesOf, failure, octets, pushBlob, pushImage, pushIndex, pushReferrer, read, type Test } from "./support.js"

const platforms = ["linux/amd64", "linux/arm64"].map(Platform.make)

const copyingImages = (test: Test): void => {
  test(
    "copying an image there and back keeps all digests",
    Effect.gen(function*() {
      const store = yield* ImageStore.ImageStore
      const before = yield* ImageStore.makeMemory
      const after = yield* ImageStore.makeMemory
      const { images, index } = yield* pushIndex(before, platforms)
      yield* before.tag(index.descriptor, "v1")
      yield* Copy.image({ store: before, name: "v1" }, { store, name: "v2" })
      const root = yield* Copy.image({ store, name: "v2" }, { store: after, name: "v3" })
      assert.deepStrictEqual(root, index.descriptor)
      assert.strictEqual((yield* after.resolve("v3")).digest, index.descriptor.digest)
      assert.deepStrictEqual(yield* read(after, index.descriptor), [...index.bytes])
      for (const { config, layer, manifest } of images) {
        assert.deepStrictEqual(yield* read(after, manifest.descriptor), [...manifest.bytes])
        assert.isTrue(yield* after.exists(config.descriptor))
        assert.isTrue(yield* after.exists(layer))
      }
    })
  )

  test(
    "a copy transfers no content that is present",
    Effect.gen(function*() {
      const store = yield* ImageStore.ImageStore
      const source = yield* ImageStore.makeMemory
      const { manifest } = yield* pushImage(source, 1)
      yield* source.tag(manifest.descriptor, "v1")
      const first = yield* Copy.plan(source, manifest.descriptor, store)
      assert.deepStrictEqual(first.groups.flat().map(({ action }) => action), ["Copy", "Copy", "Copy"])
      yield* Copy.image({ store: source, name: "v1" }, { store, name: "v1" })
      const second = yield* Copy.plan(source, manifest.descriptor, store)
      assert.deepStrictEqual(second.groups.flat().map(({ action }) => action), ["Present", "Present", "Present"])
      assert.strictEqual(second.bytes, 0)
      const events = yield* Stream.runCollect(Copy.watch({ store: source, name: "v1" }, { store, name: "v1" }))
      assert.notInclude([...events].map(({ _tag }) => _tag), "Started")
    })
  )

  test(
    "a copy of one platform copies the manifest of that platform",
    Effect.gen(function*() {
      const store = yield* ImageStore.ImageStore
      const source = yield* ImageStore.makeMemory
      const { images: [amd64, arm64], index } = yield* pushIndex(source, platforms)
      yield* source.tag(index.descriptor, "v1")
      const platform = Platform.make("linux/aarch64")
      const root = yield* Copy.image({ store: source, name: "v1" }, { store, name: "v1" }, { platform })
      assert.deepStrictEqual(root, arm64?.manifest.descriptor)
      assert.isFalse(amd64 !== undefined && (yield* store.exists(amd64.manifest.descriptor)))
      const absent = Copy.image({ store: source, name: "v1" }, { store, name: "v1" }, {
        platform: Platform.make("linux/riscv64")
      })
      assert.strictEqual(yield* failure(absent), "ContentNotFound")
    })
  )

  test(
    "a copy includes referrers only if requested",
    Effect.gen(function*() {
      const store = yield* ImageStore.ImageStore
      const source = yield* ImageStore.makeMemory
      const { manifest } = yield* pushImage(source, 1)
      yield* source.tag(manifest.descriptor, "v1")
      const signature = yield* pushReferrer(source, manifest.descriptor, "application/vnd.example.signature")
      const aboutIt = yield* pushReferrer(source, signature.descriptor, "application/vnd.example.time")
      yield* Copy.image({ store: source, name: "v1" }, { store, name: "v1" })
      assert.isFalse(yield* store.exists(signature.descriptor))
      yield* Copy.image({ store: source, name: "v1" }, { store, name: "v1" }, { referrers: true })
      assert.isTrue(yield* store.exists(aboutIt.descriptor))
      const found = yield* Stream.runCollect(store.referrers(manifest.descriptor))
      assert.deepStrictEqual(Chunk.toReadonlyArray(found).map(({ digest }) => digest), [signature.descriptor.digest])
    })
  )
}

const consistencyOfCopies = (test: Test): void => {
  test(
    "a copy is complete if an artifact lists the manifest of an image as a blob",
    Effect.gen(function*() {
      const store = yield* ImageStore.ImageStore
      const source = yield* ImageStore.makeMemory
      const { config, layer, manifest } = yield* pushImage(source, 1)
      yield* pushBlob(source, new TextEncoder().encode("{}"), MediaType.Empty)
      const artifact = yield* Content.make(
        ImageManifest.codec,
        ImageManifest.artifact(MediaType.MediaType.make("application/vnd.example"), {
          layers: [{ ...manifest.descriptor, mediaType: octets }]
        })
      )
      yield* ImageStore.pushDocument(source, artifact)
      for (const manifests of [[manifest, artifact], [artifact, manifest]]) {
        const index = yield* Content.make(
          ImageIndex.codec,
          ImageIndex.make(manifests.map(({ descriptor }) => descriptor))
        )
        yield* ImageStore.pushDocument(source, index)
        yield* source.tag(index.descriptor, "v1")
        yield* Copy.image({ store: source, name: "v1" }, { store, name: "v1" })
        for (const descriptor of [layer, config.descriptor, manifest.descriptor, artifact.descriptor]) {
          assert.isTrue(yield* store.exists(descriptor))
        }
      }
    })
  )

  test(
    "a copy that fails assigns no name",
    Effect.gen(function*() {
      const store = yield* ImageStore.ImageStore
      const source = yield* ImageStore.makeMemory
      const { layer, manifest } = yield* pushImage(source, 1)
      yield* source.tag(manifest.descriptor, "v1")
      yield* source.delete(layer)
      const copy = Copy.image({ store: source, name: "v1" }, { store, name: "v1" })
      assert.strictEqual(yield* failure(copy), "ContentNotFound")
      assert.isFalse(yield* store.exists(manifest.descriptor))
      assert.strictEqual(yield* failure(store.resolve("v1")), "ContentNotFound")
    })
  )

  test(
    "a copy does not store content that was damaged in transfer",
    Effect.gen(function*() {
      const store = yield* ImageStore.ImageStore
      const source = yield* ImageStore.makeMemory
      const { layer, manifest } = yield* pushImage(source, 1)
      yield* source.tag(manifest.descriptor, "v1")
      const damaged: ImageStore.Readable = {
        ...source,
        fetch: (descriptor) =>
          descriptor.digest === layer.digest ? Stream.make(bytesOf(layer.size, 9)) : source.fetch(descriptor)
      }
      const copy = Copy.image({ store: damaged, name: "v1" }, { store, name: "v1" })
      assert.strictEqual(yield* failure(copy), "DigestMismatch")
      assert.isFalse(yield* store.exists(layer))
      assert.isFalse(yield* store.exists(manifest.descriptor))
      yield* Copy.image({ store: source, name: "v1" }, { store, name: "v1" })
      assert.isTrue(yield* store.exists(layer))
    })
  )
}

/** @internal */
export const themes = [
  { name: "copying images", tests: copyingImages },
  { name: "consistency of copies", tests: consistencyOfCopies }
] as const
