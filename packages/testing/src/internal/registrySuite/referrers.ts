import { assert } from "@effect/vitest"
import type * as Descriptor from "@ociman/oci/Descriptor"
import * as Digest from "@ociman/oci/Digest"
import * as MediaType from "@ociman/oci/MediaType"
import * as Registry from "@ociman/registry/Registry"
import type * as Repository from "@ociman/registry/Repository"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { absent, at, digestOf, pushImage, pushReferrer, type Test } from "./support.js"

const signature = "application/vnd.example.signature"
const sbom = "application/vnd.example.sbom"

const listed = (repository: Repository.Repository, subject: Descriptor.Descriptor, type?: string) =>
  Effect.map(
    Stream.runCollect(Registry.referrers(repository, Digest.Digest.make(subject.digest), {
      artifactType: type === undefined ? undefined : MediaType.MediaType.make(type)
    })),
    (found) => [...found]
  )

const digests = (descriptors: ReadonlyArray<Descriptor.Descriptor>) => descriptors.map(({ digest }) => digest).sort()

const referrers = (test: Test): void => {
  test(
    "referrers lists all manifests of a subject, or those of one artifact type",
    (host, path) =>
      Effect.gen(function*() {
        const repository = at(host, path)
        const { descriptor } = (yield* pushImage(repository, 1, "v1")).manifest
        assert.deepStrictEqual(yield* listed(repository, descriptor), [])
        const first = (yield* pushReferrer(repository, descriptor, signature, 1)).descriptor
        const second = (yield* pushReferrer(repository, descriptor, sbom, 2)).descriptor
        assert.deepStrictEqual(digests(yield* listed(repository, descriptor)), digests([first, second]))
        const [found, ...more] = yield* listed(repository, descriptor, sbom)
        assert.deepStrictEqual(more, [])
        assert.deepStrictEqual(
          [found?.digest, found?.size, found?.artifactType, found?.annotations],
          [second.digest, second.size, sbom, { "com.example.n": "2" }]
        )
      })
  )

  test("a referrer may be pushed before its subject", (host, path) =>
    Effect.gen(function*() {
      const repository = at(host, path)
      const subject = { mediaType: MediaType.ImageManifest, digest: absent, size: 100 }
      const { descriptor } = yield* pushReferrer(repository, subject, signature)
      assert.deepStrictEqual(digests(yield* listed(repository, subject)), [descriptor.digest])
    }))

  test("referrers pushed concurrently are all listed", (host, path) =>
    Effect.gen(function*() {
      const repository = at(host, path)
      const { descriptor } = (yield* pushImage(repository, 1, "v1")).manifest
      const pushed = yield* Effect.forEach(
        [1, 2, 3, 4, 5],
        (n) => pushReferrer(repository, descriptor, signature, n),
        { concurrency: "unbounded" }
      )
      const all = digests(pushed.map(({ descriptor }) => descriptor))
      assert.deepStrictEqual(digests(yield* listed(repository, descriptor)), all)
    }))

  test("a deleted referrer is not listed", (host, path) =>
    Effect.gen(function*() {
      const repository = at(host, path)
      const { descriptor } = (yield* pushImage(repository, 1, "v1")).manifest
      const first = (yield* pushReferrer(repository, descriptor, signature, 1)).descriptor
      const second = (yield* pushReferrer(repository, descriptor, signature, 2)).descriptor
      yield* Registry.deleteManifest(repository, digestOf(first))
      assert.deepStrictEqual(digests(yield* listed(repository, descriptor)), [second.digest])
    }))
}

/** @internal */
export const themes = [
  { name: "referrers", tests: referrers }
] as const
