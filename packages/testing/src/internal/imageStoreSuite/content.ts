import { assert } from "@effect/vitest"
import * as FastPath from "@ociman/oci/author/FastPath"
import * as Content from "@ociman/oci/Content"
import type * as ContentError from "@ociman/oci/ContentError"
import * as Descriptor from "@ociman/oci/Descriptor"
import * as Digest from "@ociman/oci/Digest"
import type * as Hasher from "@ociman/oci/Hasher"
import * as ImageManifest from "@ociman/oci/ImageManifest"
import * as ImageStore from "@ociman/oci/ImageStore"
import * as MediaType from "@ociman/oci/MediaType"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { bytesOf, cut, failure, octets, pushBlob, pushImage, read, type Test } from "./support.js"

const pushingContent = (test: Test): void => {
  for (const algorithm of ["sha256", "sha512"] as const) {
    test(
      `pushed content is fetched unchanged by its ${algorithm} digest`,
      Effect.gen(function*() {
        const store = yield* ImageStore.ImageStore
        for (const size of [0, 1, 100_000]) {
          const bytes = bytesOf(size)
          const descriptor = yield* Content.describe(octets, bytes, algorithm)
          assert.isFalse(yield* store.exists(descriptor))
          assert.strictEqual(yield* store.push(descriptor, cut(bytes, 7000)), "Pushed")
          assert.isTrue(yield* store.exists(descriptor))
          assert.deepStrictEqual(yield* read(store, descriptor), [...bytes])
        }
      })
    )
  }

  test(
    "push does not read the source of content that is present",
    Effect.gen(function*() {
      const store = yield* ImageStore.ImageStore
      const descriptor = yield* pushBlob(store, bytesOf(10))
      assert.strictEqual(yield* store.push(descriptor, Stream.dieMessage("was read")), "Present")
    })
  )

  test(
    "receive stores content while it is produced",
    Effect.gen(function*() {
      const store = yield* ImageStore.ImageStore
      const bytes = bytesOf(50_000)
      const descriptor = yield* Content.describe(octets, bytes)
      const made = (size: number) =>
        store.receive((sink) =>
          Effect.as(Stream.run(cut(bytes, 999), sink), [{ ...descriptor, size }, "made"] as const)
        )
      assert.strictEqual(yield* failure(made(49_999)), "SizeMismatch")
      const broken = store.receive((sink) =>
        Effect.zipRight(Stream.run(cut(bytes, 999), sink), Effect.fail({ _tag: "Broken" as const }))
      )
      assert.strictEqual(yield* failure(broken), "Broken")
      assert.isFalse(yield* store.exists(descriptor))
      assert.strictEqual(yield* made(50_000), "made")
      assert.strictEqual(yield* made(50_000), "made")
      assert.deepStrictEqual(yield* read(store, descriptor), [...bytes])
    })
  )

  test(
    "concurrent pushes of the same content succeed",
    Effect.gen(function*() {
      const store = yield* ImageStore.ImageStore
      const bytes = bytesOf(50_000)
      const descriptor = yield* Content.describe(octets, bytes)
      yield* Effect.replicateEffect(store.push(descriptor, cut(bytes, 1000)), 8, { concurrency: "unbounded" })
      assert.strictEqual((yield* read(store, descriptor)).length, 50_000)
    })
  )

  test(
    "deleted content is absent",
    Effect.gen(function*() {
      const store = yield* ImageStore.ImageStore
      const descriptor = yield* pushBlob(store, bytesOf(10))
      yield* store.delete(descriptor)
      assert.isFalse(yield* store.exists(descriptor))
      assert.strictEqual(yield* failure(store.delete(descriptor)), "ContentNotFound")
    })
  )
}

const smallContent = (test: Test): void => {
  test(
    "small content is pushed and fetched in one piece",
    Effect.gen(function*() {
      const store = yield* ImageStore.ImageStore
      const pushAtOnce = (descriptor: Descriptor.Descriptor, bytes: Effect.Effect<Uint8Array, { _tag: "Broken" }>) =>
        FastPath.ofPush(store).bytes?.(descriptor, bytes) ?? store.push(descriptor, Stream.fromEffect(bytes))
      const descriptor = yield* Content.describe(octets, bytesOf(10))
      const refused = (bytes: Uint8Array) => failure(pushAtOnce(descriptor, Effect.succeed(bytes)))
      assert.strictEqual(yield* refused(bytesOf(9)), "SizeMismatch")
      assert.strictEqual(yield* refused(bytesOf(10, 2)), "DigestMismatch")
      assert.strictEqual(yield* failure(pushAtOnce(descriptor, Effect.fail({ _tag: "Broken" }))), "Broken")
      assert.isFalse(yield* store.exists(descriptor))
      assert.strictEqual(yield* pushAtOnce(descriptor, Effect.succeed(bytesOf(10))), "Pushed")
      assert.strictEqual(yield* pushAtOnce(descriptor, Effect.dieMessage("was read")), "Present")
      const fetchBytes = FastPath.ofFetch(store).bytes
      const bytes = yield* fetchBytes?.(descriptor) ?? read(store, descriptor)
      assert.deepStrictEqual([...bytes], [...bytesOf(10)])

      const shorter = { ...descriptor, size: 9 }
      const tooLarge: Effect.Effect<unknown, ContentError.ContentError, Hasher.Hasher> = fetchBytes?.(shorter) ??
        read(store, shorter)
      assert.strictEqual(yield* failure(tooLarge), "SizeMismatch")

      const missing = yield* Content.describe(octets, bytesOf(11))
      const fetched: Effect.Effect<unknown, ContentError.ContentError, Hasher.Hasher> = fetchBytes?.(missing) ??
        read(store, missing)
      assert.strictEqual(yield* failure(fetched), "ContentNotFound")
      const image = yield* pushImage(store, 3)
      assert.strictEqual(yield* pushAtOnce(image.manifest.descriptor, Effect.succeed(image.manifest.bytes)), "Present")
    })
  )

  test(
    "content embedded in a descriptor is read from the descriptor",
    Effect.gen(function*() {
      const store = yield* ImageStore.ImageStore
      assert.deepStrictEqual(yield* read(store, Descriptor.empty), [0x7B, 0x7D])
      const wrong = { ...Descriptor.empty, data: Uint8Array.of(0x5B, 0x5D) }
      assert.strictEqual(yield* failure(read(store, wrong)), "DigestMismatch")
    })
  )
}

const refusedContent = (test: Test): void => {
  test(
    "content that does not match its descriptor is not stored",
    Effect.gen(function*() {
      const store = yield* ImageStore.ImageStore
      const descriptor = yield* Content.describe(octets, bytesOf(10))
      const refused = (bytes: Uint8Array) => failure(store.push(descriptor, Stream.make(bytes)))
      assert.strictEqual(yield* refused(bytesOf(9)), "SizeMismatch")
      assert.strictEqual(yield* refused(bytesOf(11)), "SizeMismatch")
      assert.strictEqual(yield* refused(bytesOf(10, 2)), "DigestMismatch")
      assert.isFalse(yield* store.exists(descriptor))
      assert.strictEqual(yield* failure(read(store, descriptor)), "ContentNotFound")
    })
  )

  test(
    "content whose source fails is not stored and push fails with the source's error",
    Effect.gen(function*() {
      const store = yield* ImageStore.ImageStore
      const descriptor = yield* Content.describe(octets, bytesOf(10))
      const source = Stream.concat(Stream.make(bytesOf(5)), Stream.fail({ _tag: "SourceFailed" as const }))
      assert.strictEqual(yield* failure(store.push(descriptor, source)), "SourceFailed")
      assert.isFalse(yield* store.exists(descriptor))
    })
  )

  test(
    "content with another size than the descriptor is absent",
    Effect.gen(function*() {
      const store = yield* ImageStore.ImageStore
      const descriptor = yield* pushBlob(store, bytesOf(10))
      assert.isFalse(yield* store.exists({ ...descriptor, size: 11 }))
      assert.strictEqual(yield* failure(read(store, { ...descriptor, size: 9 })), "SizeMismatch")
    })
  )

  test(
    "content with an unsupported digest algorithm is refused",
    Effect.gen(function*() {
      const store = yield* ImageStore.ImageStore
      const descriptor = { mediaType: octets, digest: Digest.WellFormed.make("md5:abc"), size: 0 }
      assert.isFalse(yield* store.exists(descriptor))
      assert.strictEqual(yield* failure(read(store, descriptor)), "UnsupportedDigest")
      assert.strictEqual(yield* failure(store.push(descriptor, Stream.empty)), "UnsupportedDigest")
    })
  )
}

const storedManifests = (test: Test): void => {
  test(
    "a stored manifest keeps its bytes unchanged",
    Effect.gen(function*() {
      const store = yield* ImageStore.ImageStore
      const { manifest } = yield* pushImage(store, 1)
      const text = JSON.stringify({ "com.example.unknown": 1, ...manifest.value }, undefined, 3)
      const bytes = new TextEncoder().encode(`${text}\n`)
      const descriptor = yield* pushBlob(store, bytes, MediaType.ImageManifest)
      const document = yield* ImageStore.fetchDocument(store, ImageManifest.codec, descriptor)
      assert.deepStrictEqual([...document.bytes], [...bytes])
    })
  )

  test(
    "content with the media type of a manifest must be a valid manifest",
    Effect.gen(function*() {
      const store = yield* ImageStore.ImageStore
      const bytes = bytesOf(10)
      const descriptor = yield* Content.describe(MediaType.ImageManifest, bytes)
      assert.strictEqual(yield* failure(store.push(descriptor, Stream.make(bytes))), "InvalidDocument")
      assert.isFalse(yield* store.exists(descriptor))
    })
  )
}

/** @internal */
export const themes = [
  { name: "pushing content", tests: pushingContent },
  { name: "small content", tests: smallContent },
  { name: "refused content", tests: refusedContent },
  { name: "stored manifests", tests: storedManifests }
] as const
