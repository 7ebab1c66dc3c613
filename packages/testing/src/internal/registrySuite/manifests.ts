import { assert } from "@effect/vitest"
import { assertNone, assertSome } from "@effect/vitest/utils"
import * as Content from "@ociman/oci/Content"
import * as ImageManifest from "@ociman/oci/ImageManifest"
import * as MediaType from "@ociman/oci/MediaType"
import * as Platform from "@ociman/oci/Platform"
import * as Registry from "@ociman/registry/Registry"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { absent, at, digestOf, failure, image, indexOf, pushImage, tag, type Test } from "./support.js"

const manifests = (test: Test): void => {
  test("a manifest is found by its tags and by its digest", (host, path) =>
    Effect.gen(function*() {
      const repository = at(host, path)
      const { manifest } = yield* pushImage(repository, 1, "v1", "v1.0", "latest")
      for (const name of [tag("v1"), tag("v1.0"), tag("latest"), digestOf(manifest.descriptor)]) {
        const found = yield* Registry.fetchManifest(repository, name)
        assert.deepStrictEqual([...found.bytes], [...manifest.bytes])
        assert.deepStrictEqual(found.descriptor, manifest.descriptor)
        assert.strictEqual(Option.getOrThrow(found.value)._tag, "Manifest")
        assertSome(yield* Registry.statManifest(repository, name), manifest.descriptor)
      }
    }))

  test("a pushed manifest keeps its bytes unchanged", (host, path) =>
    Effect.gen(function*() {
      const repository = at(host, path)
      const { manifest } = yield* image(repository, 1)
      const text = `${JSON.stringify({ "com.example.unknown": 1, ...manifest.value }, undefined, 3)}\n`
      const bytes = new TextEncoder().encode(text)
      const descriptor = yield* Content.describe(MediaType.ImageManifest, bytes)
      yield* Registry.pushManifest(repository, { bytes, descriptor, value: undefined }, { tags: [tag("v1")] })
      const found = yield* Registry.fetchManifest(repository, tag("v1"))
      assert.strictEqual(new TextDecoder().decode(found.bytes), text)
      assert.strictEqual(found.descriptor.digest, descriptor.digest)
    }))

  test("a missing manifest is not found", (host, path) =>
    Effect.gen(function*() {
      const repository = at(host, path)
      yield* pushImage(repository, 1, "v1")
      for (const name of [tag("v2"), absent]) {
        assertNone(yield* Registry.statManifest(repository, name))
        const fetched = yield* failure(Registry.fetchManifest(repository, name))
        assert.strictEqual(fetched, "RegistryFailed MANIFEST_UNKNOWN")
      }
      const elsewhere = at(host, `${path}-other`)
      assertNone(yield* Registry.statManifest(elsewhere, tag("v1")))
      assert.include(
        ["RegistryFailed MANIFEST_UNKNOWN", "RegistryFailed NAME_UNKNOWN"],
        yield* failure(Registry.fetchManifest(elsewhere, tag("v1")))
      )
    }))

  test("pushing a manifest moves its tags from the earlier one", (host, path) =>
    Effect.gen(function*() {
      const repository = at(host, path)
      const first = yield* pushImage(repository, 1, "v1")
      const second = yield* pushImage(repository, 2, "v1")
      const tagged = yield* Registry.fetchManifest(repository, tag("v1"))
      assert.deepStrictEqual(tagged.descriptor, second.manifest.descriptor)
      const digest = digestOf(first.manifest.descriptor)
      assertSome(yield* Registry.statManifest(repository, digest), first.manifest.descriptor)
    }))

  test("a manifest whose blobs or manifests are missing is refused", (host, path) =>
    Effect.gen(function*() {
      const repository = at(host, path)
      const { config, manifest } = yield* image(repository, 1)
      const layer = { mediaType: MediaType.ImageLayer, digest: absent, size: 10 }
      const broken = yield* Content.make(
        ImageManifest.codec,
        ImageManifest.make({ config: config.descriptor, layers: [layer] })
      )
      const options = { tags: [tag("broken")] }
      const refused = yield* failure(Registry.pushManifest(repository, broken, options))
      assert.strictEqual(refused, "RegistryFailed MANIFEST_BLOB_UNKNOWN")
      const index = yield* indexOf([manifest.descriptor])
      assert.include(
        ["RegistryFailed MANIFEST_BLOB_UNKNOWN", "RegistryFailed MANIFEST_UNKNOWN"],
        yield* failure(Registry.pushManifest(repository, index, options))
      )
      assertNone(yield* Registry.statManifest(repository, tag("broken")))
    }))

  test("an index of manifests is pushed and fetched", (host, path) =>
    Effect.gen(function*() {
      const repository = at(host, path)
      const platform = Platform.make("linux/arm64")
      const { manifest } = yield* image(repository, 1, platform)
      yield* Registry.pushManifest(repository, manifest)
      const index = yield* indexOf([{ ...manifest.descriptor, platform }])
      yield* Registry.pushManifest(repository, index, { tags: [tag("all")] })
      const found = yield* Registry.fetchManifest(repository, tag("all"))
      assert.deepStrictEqual(found.descriptor, index.descriptor)
      const { value } = found
      if (Option.isNone(value) || value.value._tag === "Manifest") return assert.fail("it is no index")
      assert.deepStrictEqual(value.value.index.manifests, index.value.manifests)
    }))
}

/** @internal */
export const themes = [
  { name: "manifests", tests: manifests }
] as const
