import { assert } from "@effect/vitest"
import * as ImageStore from "@ociman/oci/ImageStore"
import * as MediaType from "@ociman/oci/MediaType"
import * as Platform from "@ociman/oci/Platform"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { failure, pushImage, pushIndex, pushReferrer, type Test } from "./support.js"

const namesOf = (store: ImageStore.Lister) => Effect.map(Stream.runCollect(store.names), (names) => [...names].sort())

const imageNames = (test: Test, options: { readonly names: "text" | "tags"; readonly untags: boolean }): void => {
  const isText = options.names === "text"

  test(
    `any ${isText ? "text" : "tag"} resolves to the manifest that it names`,
    Effect.gen(function*() {
      const store = yield* ImageStore.ImageStore
      const { manifest } = yield* pushImage(store, 1)
      const names = [
        "latest",
        "__proto__",
        ...(isText ? ["docker.io/library/a:1", "mit Leerzeichen – ü"] : ["V1.0-rc_1"])
      ]
      for (const name of names) yield* store.tag(manifest.descriptor, name)
      for (const name of names) {
        const { digest, mediaType, size } = yield* store.resolve(name)
        assert.deepStrictEqual({ mediaType, digest, size }, manifest.descriptor)
      }
      assert.deepStrictEqual(yield* namesOf(store), names.sort())
    })
  )

  test(
    "moving a name keeps the manifest that had it",
    Effect.gen(function*() {
      const store = yield* ImageStore.ImageStore
      const one = (yield* pushImage(store, 1)).manifest.descriptor
      const two = (yield* pushImage(store, 2)).manifest.descriptor
      yield* store.tag(one, "a")
      yield* store.tag(one, "b")
      yield* store.tag(two, "a")
      assert.strictEqual((yield* store.resolve("a")).digest, two.digest)
      assert.strictEqual((yield* store.resolve("b")).digest, one.digest)
      assert.strictEqual((yield* store.resolve(one.digest)).digest, one.digest)
    })
  )

  if (!isText) {
    test(
      "a name that is not a tag is refused",
      Effect.gen(function*() {
        const store = yield* ImageStore.ImageStore
        const { manifest } = yield* pushImage(store, 1)
        for (const name of ["docker.io/library/a:1", "", ".a", "a".repeat(129), "../a"]) {
          assert.strictEqual(yield* failure(store.tag(manifest.descriptor, name)), "StoreFailed")
          assert.strictEqual(yield* failure(store.resolve(name)), "ContentNotFound")
        }
      })
    )
  }

  if (options.untags) {
    test(
      "untag removes a name and keeps its manifest",
      Effect.gen(function*() {
        const store = yield* ImageStore.ImageStore
        const { descriptor } = (yield* pushImage(store, 1)).manifest
        yield* store.tag(descriptor, "a")
        yield* store.tag(descriptor, "b")
        yield* store.untag("b")
        assert.strictEqual((yield* store.resolve(descriptor.digest)).digest, descriptor.digest)
        assert.deepStrictEqual(yield* namesOf(store), ["a"])
        assert.strictEqual(yield* failure(store.untag("b")), "ContentNotFound")
      })
    )
  }

  test(
    "a name that is not assigned does not resolve",
    Effect.gen(function*() {
      const store = yield* ImageStore.ImageStore
      const { layer, manifest } = yield* pushImage(store, 1)
      assert.strictEqual(yield* failure(store.resolve("latest")), "ContentNotFound")
      assert.strictEqual(yield* failure(store.resolve(`sha256:${"0".repeat(64)}`)), "ContentNotFound")
      // A blob is not a manifest.
      assert.strictEqual(yield* failure(store.resolve(layer.digest)), "ContentNotFound")
      const absent = { ...manifest.descriptor, size: manifest.descriptor.size + 1 }
      assert.strictEqual(yield* failure(store.tag(absent, "a")), "ContentNotFound")
      assert.deepStrictEqual(yield* namesOf(store), [])
    })
  )

  test(
    "concurrent tag calls lose no name",
    Effect.gen(function*() {
      const store = yield* ImageStore.ImageStore
      const { manifest } = yield* pushImage(store, 1)
      const names = Array.from({ length: 30 }, (_, i) => `v${100 + i}`)
      yield* Effect.forEach(names, (name) => store.tag(manifest.descriptor, name), { concurrency: "unbounded" })
      assert.deepStrictEqual(yield* namesOf(store), names)
    })
  )
}

const namesAndManifests = (test: Test): void => {
  test(
    "deleting a manifest removes all its names",
    Effect.gen(function*() {
      const store = yield* ImageStore.ImageStore
      const one = (yield* pushImage(store, 1)).manifest.descriptor
      const two = (yield* pushImage(store, 2)).manifest.descriptor
      for (const name of ["a", "b"]) yield* store.tag(one, name)
      yield* store.tag(two, "c")
      yield* store.delete(one)
      assert.deepStrictEqual(yield* namesOf(store), ["c"])
      assert.strictEqual(yield* failure(store.resolve(one.digest)), "ContentNotFound")
    })
  )

  test(
    "a manifest listed by an index needs no name",
    Effect.gen(function*() {
      const store = yield* ImageStore.ImageStore
      const { images, index } = yield* pushIndex(store, ["linux/amd64", "linux/arm64"].map(Platform.make))
      assert.strictEqual((yield* store.resolve(index.descriptor.digest)).mediaType, MediaType.ImageIndex)
      for (const { manifest } of images) {
        assert.strictEqual((yield* store.resolve(manifest.descriptor.digest)).mediaType, MediaType.ImageManifest)
      }
    })
  )

  test(
    "a referrer needs no name",
    Effect.gen(function*() {
      const store = yield* ImageStore.ImageStore
      const { images } = yield* pushIndex(store, [Platform.make("linux/amd64")])
      const subjects = images.map(({ manifest }) => manifest.descriptor)
      for (const subject of subjects) {
        const signature = yield* pushReferrer(store, subject, "application/vnd.example.signature")
        yield* pushReferrer(store, subject, "application/vnd.example.list")
        assert.strictEqual(Chunk.size(yield* Stream.runCollect(store.referrers(subject))), 2)
        const type = MediaType.MediaType.make("application/vnd.example.signature")
        assert.deepStrictEqual([...(yield* Stream.runCollect(store.referrers(subject, { artifactType: type })))], [
          { ...signature.descriptor, artifactType: type, annotations: { "com.example": type } }
        ])
      }
    })
  )
}

/** @internal */
export const themes = [
  { name: "image names", tests: imageNames },
  { name: "names and manifests", tests: namesAndManifests }
] as const
