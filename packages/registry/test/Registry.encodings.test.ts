import { assert, describe, it } from "@effect/vitest"
import { deepStrictEqual } from "@effect/vitest/utils"
import { type Descriptor, Digest, MediaType, Reference } from "@ociman/oci"
import { Registry, RegistryError, Repository } from "@ociman/registry"
import { Effect, Option, Stream } from "effect"
import { createHash, randomBytes } from "node:crypto"
import { gzipSync } from "node:zlib"
import { network, type Script, services } from "./scripted.js"

const repository = Repository.make("registry.example.com/team/app")
const tag = Reference.Tag.make("v1")

const describeBytes = (mediaType: MediaType.MediaType, bytes: Uint8Array) => ({
  mediaType,
  digest: Digest.Digest.make(`sha256:${createHash("sha256").update(bytes).digest("hex")}`),
  size: bytes.length
})

const content = Buffer.from("hello, registry client\n".repeat(20))
const blob = describeBytes(MediaType.OctetStream, content)

const document = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: MediaType.ImageIndex, manifests: [] }))
const index = describeBytes(MediaType.ImageIndex, document)

const gzip = { "content-encoding": "gzip" }

/** A registry behind a proxy that compresses every response, even unrequested. */
const compressing = (bytes: Uint8Array, headers: Readonly<Record<string, string>> = {}): Script => () => {
  const body = gzipSync(bytes)
  return { status: 200, headers: { ...headers, ...gzip, "content-length": String(body.length) }, body }
}

const fetchBlob = (descriptor: Descriptor.Descriptor) =>
  Effect.flatMap(Registry.Registry, (_) => Stream.runCollect(_.fetchBlob(repository, descriptor)))

const explained = (error: unknown) => {
  if (!(error instanceof RegistryError.RegistryFailed)) return assert.fail(`an error of another kind: ${String(error)}`)
  assert.strictEqual(error.reason, "InvalidResponse")
  assert.include(error.message, "gzip")
  assert.include(error.message, "accept-encoding: identity")
}

describe("a response with a content encoding that was not requested", () => {
  it.effect("fails a blob and names the encoding", () =>
    Effect.gen(function*() {
      explained(yield* Effect.flip(fetchBlob(blob)))
    }).pipe(Effect.provide(services(network(compressing(content)).layer))))

  for (const size of [1, 23, 100_000]) {
    it.effect(`fails ${size} bytes of a blob at once and names the encoding`, () => {
      const content = randomBytes(size)
      const { layer } = network(compressing(content))
      return Effect.gen(function*() {
        const client = yield* Registry.Registry
        const descriptor = describeBytes(MediaType.OctetStream, content)
        explained(yield* Effect.flip(client.fetchBlobBytes(repository, descriptor)))
      }).pipe(Effect.provide(services(layer)))
    })
  }

  it.effect("fails parts of a blob and names the encoding", () =>
    Effect.gen(function*() {
      explained(yield* Effect.flip(fetchBlob(blob)))
    }).pipe(Effect.provide(
      services(network(compressing(content)).layer, [], { parallelParts: 2, partSize: 200 })
    )))

  for (const name of [index.digest, tag]) {
    it.effect(`fails a manifest by ${name === tag ? "tag" : "digest"} and names the encoding`, () =>
      Effect.gen(function*() {
        const client = yield* Registry.Registry
        explained(
          yield* Effect.flip(client.fetchManifest(repository, Digest.isDigest(name) ? name : tag))
        )
      }).pipe(Effect.provide(services(
        network(compressing(document, { "content-type": index.mediaType, "docker-content-digest": index.digest })).layer
      ))))
  }

  it.effect("succeeds if the content matches the digest", () => {
    const stored = gzipSync(content)
    const { layer } = network(() => ({ status: 200, headers: gzip, body: stored }))
    return Effect.gen(function*() {
      const bytes = yield* fetchBlob(describeBytes(MediaType.OctetStream, stored))
      deepStrictEqual(Buffer.concat([...bytes]), stored)
    }).pipe(Effect.provide(services(layer)))
  })

  it.effect("succeeds if the HTTP client has decompressed the content", () => {
    const { layer } = network(() => ({ status: 200, headers: { ...gzip, "content-length": "40" }, body: content }))
    return Effect.gen(function*() {
      deepStrictEqual(Buffer.concat([...yield* fetchBlob(blob)]), content)
    }).pipe(Effect.provide(services(layer)))
  })

  it.effect("does not determine the size of a blob", () => {
    const { layer } = network(() => ({ status: 200, headers: { ...gzip, "content-length": "40" } }))
    return Effect.gen(function*() {
      const there = yield* Effect.flatMap(Registry.Registry, (_) => _.statBlob(repository, blob.digest))
      deepStrictEqual(Option.map(there, ({ size }) => size), Option.some(Option.none()))
    }).pipe(Effect.provide(services(layer)))
  })

  it.effect("does not determine the size of a manifest, which is then fetched", () => {
    const headers = { "content-type": index.mediaType, "docker-content-digest": index.digest }
    const { layer } = network(({ method }) =>
      method === "HEAD"
        ? { status: 200, headers: { ...headers, ...gzip, "content-length": "40" } }
        : { status: 200, headers, body: document }
    )
    return Effect.gen(function*() {
      const there = yield* Effect.flatMap(Registry.Registry, (_) => _.statManifest(repository, tag))
      deepStrictEqual(Option.map(there, ({ size }) => size), Option.some(document.length))
    }).pipe(Effect.provide(services(layer)))
  })
})
