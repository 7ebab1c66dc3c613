import { assert } from "@effect/vitest"
import { assertNone, assertSome } from "@effect/vitest/utils"
import * as Content from "@ociman/oci/Content"
import * as Registry from "@ociman/registry/Registry"
import * as Repository from "@ociman/registry/Repository"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { absent, at, bytesOf, collect, cut, digestOf, failure, octets, pushBlob, type Test } from "./support.js"

const blobs = (test: Test): void => {
  test("a registry answers ping", (host) => Registry.ping(Repository.registryKey(host)))

  for (const algorithm of ["sha256", "sha512"] as const) {
    test(`a pushed blob is fetched unchanged by its ${algorithm} digest`, (host, path) =>
      Effect.gen(function*() {
        const repository = at(host, path)
        for (const size of [0, 1, 100_000]) {
          const bytes = bytesOf(size)
          const descriptor = yield* Content.describe(octets, bytes, algorithm)
          assertNone(yield* Registry.statBlob(repository, digestOf(descriptor)))
          assert.strictEqual(yield* Registry.pushBlob(repository, descriptor, cut(bytes, 7000)), "Pushed")
          const stat = Option.getOrThrow(yield* Registry.statBlob(repository, digestOf(descriptor)))
          assert.strictEqual(stat.digest, descriptor.digest)
          assertSome(stat.size, size)
          assert.deepStrictEqual(yield* collect(Registry.fetchBlob(repository, descriptor)), [...bytes])
        }
      }))
  }

  test("a small blob is pushed and fetched in one piece", (host, path) =>
    Effect.gen(function*() {
      const repository = at(host, path)
      const descriptor = yield* Content.describe(octets, bytesOf(10))
      const push = <E>(bytes: Effect.Effect<Uint8Array, E>) => Registry.pushBlobBytes(repository, descriptor, bytes)
      assert.strictEqual(yield* failure(push(Effect.succeed(bytesOf(9)))), "SizeMismatch")
      assert.strictEqual(yield* failure(push(Effect.succeed(bytesOf(10, 2)))), "DigestMismatch")
      assert.strictEqual(yield* failure(push(Effect.fail({ _tag: "Broken" as const }))), "Broken")
      assertNone(yield* Registry.statBlob(repository, digestOf(descriptor)))
      const missing = Registry.fetchBlobBytes(repository, descriptor)
      assert.include(["RegistryFailed BLOB_UNKNOWN", "RegistryFailed NAME_UNKNOWN"], yield* failure(missing))

      assert.strictEqual(yield* push(Effect.succeed(bytesOf(10))), "Pushed")
      assert.strictEqual(yield* push(Effect.dieMessage("was read")), "Present")
      const bytes = yield* Registry.fetchBlobBytes(repository, descriptor)
      assert.deepStrictEqual([...bytes], [...bytesOf(10)])
      const wrong = Registry.fetchBlobBytes(repository, { ...descriptor, size: 9 })
      assert.strictEqual(yield* failure(wrong), "SizeMismatch")
      const other = at(host, `${path}-other`)
      const from = { from: [repository] }
      const mounted = yield* Registry.pushBlobBytes(other, descriptor, Effect.dieMessage("was read"), from)
      assert.strictEqual(mounted, "Mounted")
    }))

  test("push does not read the source of a blob that is present", (host, path) =>
    Effect.gen(function*() {
      const repository = at(host, path)
      const descriptor = yield* pushBlob(repository, bytesOf(10))
      const pushed = yield* Registry.pushBlob(repository, descriptor, Stream.dieMessage("was read"))
      assert.strictEqual(pushed, "Present")
    }))

  test("a range of a blob is fetched", (host, path) =>
    Effect.gen(function*() {
      const repository = at(host, path)
      const bytes = bytesOf(1000)
      const digest = digestOf(yield* pushBlob(repository, bytes))
      const part = (offset: number, length?: number) =>
        collect(Registry.fetchBlobRange(repository, digest, { offset, length }))
      assert.deepStrictEqual(yield* part(0, 10), [...bytes.subarray(0, 10)])
      assert.deepStrictEqual(yield* part(500, 250), [...bytes.subarray(500, 750)])
      assert.deepStrictEqual(yield* part(990), [...bytes.subarray(990)])
      assert.deepStrictEqual(yield* part(990, 100), [...bytes.subarray(990)])
    }))

  test("concurrent pushes of the same blob succeed", (host, path) =>
    Effect.gen(function*() {
      const repository = at(host, path)
      const bytes = bytesOf(50_000)
      const descriptor = yield* Content.describe(octets, bytes)
      yield* Effect.replicateEffect(Registry.pushBlob(repository, descriptor, cut(bytes, 1000)), 8, {
        concurrency: "unbounded"
      })
      assert.strictEqual((yield* collect(Registry.fetchBlob(repository, descriptor))).length, 50_000)
    }))
}

const blobFailures = (test: Test): void => {
  test("a blob that does not match its descriptor is not stored", (host, path) =>
    Effect.gen(function*() {
      const repository = at(host, path)
      const descriptor = yield* Content.describe(octets, bytesOf(10))
      const refused = (bytes: Uint8Array) => failure(Registry.pushBlob(repository, descriptor, Stream.make(bytes)))
      assert.strictEqual(yield* refused(bytesOf(9)), "SizeMismatch")
      assert.strictEqual(yield* refused(bytesOf(11)), "SizeMismatch")
      assert.strictEqual(yield* refused(bytesOf(10, 2)), "DigestMismatch")
      assertNone(yield* Registry.statBlob(repository, digestOf(descriptor)))
    }))

  test(
    "a blob whose source fails is not stored and push fails with the source's error",
    (host, path) =>
      Effect.gen(function*() {
        const repository = at(host, path)
        const descriptor = yield* Content.describe(octets, bytesOf(10))
        const source = Stream.concat(Stream.make(bytesOf(5)), Stream.fail({ _tag: "SourceFailed" as const }))
        assert.strictEqual(yield* failure(Registry.pushBlob(repository, descriptor, source)), "SourceFailed")
        assertNone(yield* Registry.statBlob(repository, digestOf(descriptor)))
      })
  )

  test("a missing blob is not found", (host, path) =>
    Effect.gen(function*() {
      const repository = at(host, path)
      yield* pushBlob(repository, bytesOf(10))
      const missing = { mediaType: octets, digest: absent, size: 10 }
      assertNone(yield* Registry.statBlob(repository, absent))
      const fetched = Stream.runDrain(Registry.fetchBlob(repository, missing))
      assert.strictEqual(yield* failure(fetched), "RegistryFailed BLOB_UNKNOWN")
      assertNone(yield* Registry.statBlob(at(host, `${path}-other`), absent))
    }))
}

const mountingBlobs = (test: Test): void => {
  test("a blob is mounted from another repository", (host, path) =>
    Effect.gen(function*() {
      const [from, to] = [at(host, `${path}-from`), at(host, path)]
      const bytes = bytesOf(100)
      const descriptor = yield* pushBlob(from, bytes)
      assert.isFalse(yield* Registry.mountBlob(to, absent, from))
      assert.isTrue(yield* Registry.mountBlob(to, digestOf(descriptor), from))
      assert.deepStrictEqual(yield* collect(Registry.fetchBlob(to, descriptor)), [...bytes])
      const third = at(host, `${path}-third`)
      const mounted = yield* Registry.pushBlob(third, descriptor, Stream.dieMessage("was read"), { from: [from] })
      assert.strictEqual(mounted, "Mounted")
      const other = yield* Content.describe(octets, bytesOf(50))
      const pushed = yield* Registry.pushBlob(to, other, Stream.make(bytesOf(50)), { from: [from] })
      assert.strictEqual(pushed, "Pushed")
      assert.deepStrictEqual(yield* collect(Registry.fetchBlob(to, other)), [...bytesOf(50)])
    }))
}

/** @internal */
export const themes = [
  { name: "blobs", tests: blobs },
  { name: "blob failures", tests: blobFailures },
  { name: "mounting blobs", tests: mountingBlobs }
] as const
