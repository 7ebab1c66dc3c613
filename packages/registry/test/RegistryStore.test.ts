import { NodeContext } from "@effect/platform-node"
import { describe, it } from "@effect/vitest"
import { assertInclude, assertInstanceOf, assertTrue, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { NodeHasher } from "@ociman/node"
import {
  Content,
  ContentError,
  Copy,
  type Descriptor,
  ImageConfig,
  ImageIndex,
  ImageManifest,
  ImageStore,
  MediaType,
  Platform
} from "@ociman/oci"
import * as FastPath from "@ociman/oci/author/FastPath"
import { Credentials, Registry, RegistryError, RegistryStore, Repository } from "@ociman/registry"
import { FaultyRegistry } from "@ociman/testing"
import * as ImageStoreSuite from "@ociman/testing/ImageStoreSuite"
import { Effect, Fiber, Layer, Stream, TestClock } from "effect"

const repository = (path: string) => Repository.make(`registry.example.com/${path}`)

const platform = Layer.merge(NodeContext.layer, NodeHasher.layer)

const registryOf = (script: FaultyRegistry.Script, options: Registry.Options = {}) =>
  Registry.layer({ retries: 1, retryDelay: 0, ...options }).pipe(
    Layer.provide(Credentials.layerMemory()),
    Layer.provideMerge(FaultyRegistry.layer(script)),
    Layer.provideMerge(platform)
  )

const registry = registryOf(FaultyRegistry.healthy)

ImageStoreSuite.suite(
  "a store in a repository",
  Layer.provideMerge(RegistryStore.layer(repository("team/app")), registry),
  { names: "tags" }
)

const pushed = (store: ImageStore.Store, size = 2000) =>
  Effect.gen(function*() {
    const bytes = new Uint8Array(size).fill(5)
    const layer = yield* Content.describe(MediaType.ImageLayer, bytes)
    yield* store.push(layer, Stream.make(bytes))
    const config = yield* Content.make(
      ImageConfig.codec,
      ImageConfig.make(Platform.make("linux/amd64"), [layer.digest])
    )
    yield* ImageStore.pushDocument(store, config)
    const manifest = yield* Content.make(
      ImageManifest.codec,
      ImageManifest.make({ config: config.descriptor, layers: [layer] })
    )
    yield* ImageStore.pushDocument(store, manifest)
    yield* store.tag(manifest.descriptor, "v1")
    return { layer, config: config.descriptor, manifest: manifest.descriptor }
  })

const manifestThere = ({ digest, mediaType, size }: Descriptor.Descriptor) =>
  FaultyRegistry.respond(200, {
    headers: { "content-type": mediaType, "docker-content-digest": digest, "content-length": String(size) }
  })

const asked = Effect.map(
  FaultyRegistry.requests,
  (requests) => requests.map(({ method, url }) => `${method} ${url.replace(/\?.*/, "")}`)
)

describe("a store in a repository", () => {
  it.effect("mounts blobs from another repository of its registry without transferring them", () =>
    Effect.gen(function*() {
      const from = yield* RegistryStore.make(repository("team/app"))
      const to = yield* RegistryStore.make(repository("team/copy"))
      const { layer, manifest } = yield* pushed(from)
      const before = (yield* asked).length
      const events = yield* Stream.runCollect(Copy.watch({ store: from, name: "v1" }, { store: to, name: "v2" }))
      const skipped = Array.from(events).flatMap((event) => event._tag === "Skipped" ? [event.reason] : [])
      deepStrictEqual(skipped, ["Mounted", "Mounted"])
      deepStrictEqual((yield* asked).slice(before).filter((line) => /^(GET|PUT|PATCH) .*\/blobs\//.test(line)), [])
      strictEqual((yield* to.resolve("v2")).digest, manifest.digest)
      assertTrue(yield* to.exists(layer))
    }).pipe(Effect.provide(registry)))

  it.effect("does not mount from another registry or another store", () =>
    Effect.gen(function*() {
      const to = yield* RegistryStore.make(repository("team/copy"))
      const memory = yield* ImageStore.makeMemory
      const elsewhere = { ...memory, repository: Repository.make("other.example.com/team/app") }
      yield* pushed(memory)
      for (const from of [memory, elsewhere]) {
        yield* Copy.image({ store: from, name: "v1" }, { store: to, name: "v1" })
        yield* to.delete(yield* to.resolve("v1"))
      }
      const queries = (yield* FaultyRegistry.requests).filter(({ url }) => url.includes("mount="))
      deepStrictEqual(queries, [])
    }).pipe(Effect.provide(registry)))

  it.effect("tags a copied image with cached bytes, without fetching them", () =>
    Effect.gen(function*() {
      const to = yield* RegistryStore.make(repository("team/copy"))
      yield* pushed(to)
      deepStrictEqual((yield* asked).filter((line) => line.startsWith("GET")), [])
      strictEqual((yield* asked).filter((line) => /^PUT .*\/manifests\//.test(line)).length, 2)
    }).pipe(Effect.provide(registry)))

  it.effect("fetches parts of a large blob concurrently if configured", () =>
    Effect.gen(function*() {
      const store = yield* RegistryStore.make(repository("team/app"))
      const { layer } = yield* pushed(store)
      yield* FaultyRegistry.play(
        FaultyRegistry.healthy.pipe(
          FaultyRegistry.on("GET /v2/team/app/blobs/*", FaultyRegistry.delay(FaultyRegistry.pass, "1 seconds"))
        )
      )
      const parts = Effect.map(FaultyRegistry.requests, (requests) =>
        requests.filter(({ headers }) => "range" in headers))
      const asked = (count: number) =>
        Effect.repeat(Effect.zipLeft(parts, Effect.yieldNow()), {
          until: ({ length }) =>
            length === count
        })
      const fiber = yield* Effect.fork(Stream.runCollect(FastPath.ofFetch(store).from?.(layer, 0) ?? Stream.empty))
      yield* asked(1)
      yield* TestClock.adjust("1 seconds")
      yield* asked(4)
      yield* TestClock.adjust("2 seconds")
      const pieces = Array.from(yield* Fiber.join(fiber))
      strictEqual(pieces.reduce((sum, { length }) => sum + length, 0), layer.size)
    }).pipe(Effect.provide(registryOf(FaultyRegistry.healthy, { parallelParts: 3, partSize: 500 }))))

  const lies: ReadonlyArray<readonly [what: string, lie: (script: FaultyRegistry.Script) => FaultyRegistry.Script]> = [
    [
      "says that it has it",
      FaultyRegistry.on("HEAD /v2/team/copy/*", FaultyRegistry.withoutLength(FaultyRegistry.respond(200)))
    ],
    [
      "says that it took it over",
      FaultyRegistry.on(
        "POST /v2/team/copy/blobs/uploads/*",
        FaultyRegistry.respondWith(({ query }) => "mount" in query ? FaultyRegistry.respond(201) : FaultyRegistry.pass)
      )
    ]
  ]

  for (const [what, lie] of lies) {
    it.effect(`uploads contents that the registry reports as missing, if its error ${what}`, () =>
      Effect.gen(function*() {
        const from = yield* RegistryStore.make(repository("team/app"))
        const to = yield* RegistryStore.make(repository("team/copy"))
        const { layer, manifest } = yield* pushed(from)
        yield* FaultyRegistry.play(lie(FaultyRegistry.healthy))
        const copied = yield* Copy.image({ store: from, name: "v1" }, { store: to, name: "v2" })
        strictEqual(copied.digest, manifest.digest)
        const refused = (yield* FaultyRegistry.requests).filter(({ status }) => status === 404).map(({ method }) =>
          method
        )
        assertTrue(refused.includes("PUT"))
        yield* FaultyRegistry.play(FaultyRegistry.healthy)
        strictEqual((yield* to.resolve("v2")).digest, manifest.digest)
        assertTrue(yield* to.exists(layer))
      }).pipe(Effect.provide(registry)))
  }

  it.effect("pushes the manifest of an index that the registry reports as missing", () =>
    Effect.gen(function*() {
      const from = yield* RegistryStore.make(repository("team/app"))
      const to = yield* RegistryStore.make(repository("team/copy"))
      const { manifest } = yield* pushed(from)
      const index = yield* Content.make(ImageIndex.codec, ImageIndex.make([manifest]))
      yield* ImageStore.pushDocument(from, index)
      yield* from.tag(index.descriptor, "all")
      yield* FaultyRegistry.play(FaultyRegistry.healthy.pipe(
        FaultyRegistry.on(`HEAD /v2/team/copy/manifests/${manifest.digest}`, manifestThere(manifest)),
        FaultyRegistry.on(
          `PUT /v2/team/copy/manifests/${index.descriptor.digest}`,
          FaultyRegistry.error(400, "MANIFEST_UNKNOWN", "without a name"),
          { times: 1 }
        )
      ))
      yield* Copy.image({ store: from, name: "all" }, { store: to, name: "all" })
      yield* FaultyRegistry.play(FaultyRegistry.healthy)
      assertTrue(yield* to.exists(manifest))
      strictEqual((yield* to.resolve("all")).digest, index.descriptor.digest)
    }).pipe(Effect.provide(registry)))

  it.effect("repeats such an upload once, then fails with the error of the registry", () =>
    Effect.gen(function*() {
      const from = yield* ImageStore.makeMemory
      const to = yield* RegistryStore.make(repository("team/copy"))
      yield* pushed(from)
      yield* FaultyRegistry.play(FaultyRegistry.healthy.pipe(
        FaultyRegistry.on("PUT /v2/team/copy/manifests/*", FaultyRegistry.error(404, "MANIFEST_BLOB_UNKNOWN", "gone"))
      ))
      const error = yield* Effect.flip(Copy.image({ store: from, name: "v1" }, { store: to, name: "v1" }))
      assertInstanceOf(error, ContentError.StoreFailed)
      strictEqual(error.reason, "Incomplete")
      assertInclude(error.message, "MANIFEST_BLOB_UNKNOWN: gone")
      const puts = (yield* asked).filter((line) => line.startsWith("PUT")).map((line) => line.split("/")[4])
      deepStrictEqual(puts, ["blobs", "blobs", "manifests", "blobs", "blobs", "manifests"])
    }).pipe(Effect.provide(registry)))

  it.effect("does not upload existing contents", () =>
    Effect.gen(function*() {
      const to = yield* RegistryStore.make(repository("team/app"))
      yield* pushed(to)
      const before = (yield* asked).length
      yield* pushed(to)
      deepStrictEqual((yield* asked).slice(before).map((line) => line.split(" ")[0]), ["HEAD", "HEAD", "HEAD", "PUT"])
    }).pipe(Effect.provide(registry)))

  it.effect.each([
    { answer: FaultyRegistry.respond(403), reason: "Denied" },
    { answer: FaultyRegistry.respond(503), reason: "Unavailable" },
    { answer: FaultyRegistry.tooManyRequests("600"), reason: "Unavailable" },
    { answer: FaultyRegistry.drop, reason: "Unavailable" },
    { answer: FaultyRegistry.error(405, "UNSUPPORTED"), reason: "Unsupported" },
    { answer: FaultyRegistry.error(400, "NAME_INVALID"), reason: "Unknown" }
  ])("fails with the error of the registry as the cause (%#: $reason)", ({ answer, reason }) =>
    Effect.gen(function*() {
      const store = yield* RegistryStore.make(repository("team/app"))
      const error = yield* Effect.flip(store.resolve("v1"))
      assertInstanceOf(error, ContentError.StoreFailed)
      strictEqual(error.reason, reason)
      assertTrue(RegistryError.isRegistryError(error.cause))
      assertInclude(error.message, "registry.example.com/team/app could not look for v1")
      assertInclude(error.message, "https://registry.example.com/v2/")
    }).pipe(Effect.provide(registryOf(FaultyRegistry.otherwise(FaultyRegistry.healthy, answer)))))
})
