import { assert } from "@effect/vitest"
import { assertNone, assertSome } from "@effect/vitest/utils"
import * as Registry from "@ociman/registry/Registry"
import * as Effect from "effect/Effect"
import { at, bytesOf, digestOf, failure, type Features, pushBlob, pushImage, tag, type Test } from "./support.js"

const deleting = (test: Test, features: Features): void => {
  test("deleting a manifest removes its tags", (host, path) =>
    Effect.gen(function*() {
      const repository = at(host, path)
      const { manifest } = yield* pushImage(repository, 1, "v1", "latest")
      const digest = digestOf(manifest.descriptor)
      yield* Registry.deleteManifest(repository, digest)
      for (const name of [tag("v1"), tag("latest"), digest]) {
        assertNone(yield* Registry.statManifest(repository, name))
      }
      const again = yield* failure(Registry.deleteManifest(repository, digest))
      assert.strictEqual(again, "RegistryFailed MANIFEST_UNKNOWN")
    }))

  test("deleting a blob removes it from one repository only", (host, path) =>
    Effect.gen(function*() {
      const [repository, other] = [at(host, path), at(host, `${path}-other`)]
      const digest = digestOf(yield* pushBlob(repository, bytesOf(10)))
      yield* pushBlob(other, bytesOf(10))
      yield* Registry.deleteBlob(repository, digest)
      assertNone(yield* Registry.statBlob(repository, digest))
      assert.strictEqual((yield* Registry.statBlob(other, digest))._tag, "Some")
      assert.strictEqual(yield* failure(Registry.deleteBlob(repository, digest)), "RegistryFailed BLOB_UNKNOWN")
    }))

  test("untag removes one tag, or fails and changes nothing", (host, path) =>
    Effect.gen(function*() {
      const repository = at(host, path)
      const { manifest } = yield* pushImage(repository, 1, "v1", "latest")
      const failed = yield* failure(Registry.untag(repository, tag("v1")))
      assert.strictEqual(failed === "no failure", features.untag, failed)
      const found = yield* Registry.statManifest(repository, tag("v1"))
      if (features.untag) assertNone(found)
      else assertSome(found, manifest.descriptor)
      assertSome(yield* Registry.statManifest(repository, tag("latest")), manifest.descriptor)
    }))
}

/** @internal */
export const themes = [
  { name: "deleting", tests: deleting }
] as const
