import { assert, describe, it } from "@effect/vitest"
import { NodeHasher } from "@ociman/node"
import { Content, Descriptor, Digest, ImageManifest, MediaType, Reference } from "@ociman/oci"
import { Credentials, Registry, Repository } from "@ociman/registry"
import { FaultyRegistry } from "@ociman/testing"
import { Duration, Effect, Fiber, Layer, Option, Stream, TestClock } from "effect"

const repository = Repository.make("registry.example.com/team/app")
const tag = Reference.Tag.make("v1")

const services = Registry.layer().pipe(
  Layer.provideMerge(FaultyRegistry.layer(FaultyRegistry.healthy)),
  Layer.provide(Credentials.layerMemory()),
  Layer.provideMerge(NodeHasher.layer)
)

/** A registry of several machines, not all of which have heard of what was just pushed. */
const late = (method: string, times: number) =>
  FaultyRegistry.play(
    FaultyRegistry.on(FaultyRegistry.healthy, `${method} /v2/team/app/*`, FaultyRegistry.respond(404), { times })
  )

const pushed = Effect.gen(function*() {
  const client = yield* Registry.Registry
  yield* client.pushBlob(repository, Descriptor.empty, Stream.make(Buffer.from("{}")))
  const manifest = yield* Content.make(
    ImageManifest.codec,
    ImageManifest.artifact(MediaType.MediaType.make("application/vnd.example"))
  )
  yield* client.pushManifest(repository, manifest, { tags: [tag] })
  const { digest } = manifest.descriptor
  return Digest.isDigest(digest) ? { client, digest } : yield* Effect.dieMessage(digest)
})

/** Runs something whose waits pass at once, and tells how long they were in all. */
const waiting = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function*() {
    const fiber = yield* Effect.fork(Effect.timed(effect))
    while (Option.isNone(yield* Fiber.poll(fiber))) yield* TestClock.adjust("50 millis")
    return yield* Fiber.join(fiber)
  })

const asked = (method: string) =>
  Effect.map(FaultyRegistry.requests, (requests) => requests.filter((_) => _.method === method).length)

describe("content that was just pushed and is not yet found", () => {
  it.effect("is requested again as a blob, as a manifest and by its tag", () =>
    Effect.gen(function*() {
      const { client, digest } = yield* pushed
      yield* late("GET", 2)
      yield* waiting(Stream.runDrain(client.fetchBlob(repository, Descriptor.empty)))
      yield* late("GET", 2)
      yield* waiting(client.fetchManifest(repository, digest))
      yield* late("HEAD", 2)
      const [, found] = yield* waiting(client.statManifest(repository, tag))
      assert.isTrue(Option.isSome(found))
    }).pipe(Effect.provide(services)))

  it.effect("is not requested again forever", () =>
    Effect.gen(function*() {
      const { client } = yield* pushed
      yield* late("GET", 100)
      const [time] = yield* waiting(Effect.flip(client.fetchManifest(repository, tag)))
      assert.strictEqual(yield* asked("GET"), 5)
      assert.isTrue(Duration.lessThan(time, "5 seconds"))
    }).pipe(Effect.provide(services)))

  it.effect("is not requested again 10 seconds after the push", () =>
    Effect.gen(function*() {
      const { client } = yield* pushed
      yield* TestClock.adjust("11 seconds")
      yield* late("GET", 100)
      yield* Effect.flip(client.fetchManifest(repository, tag))
      assert.strictEqual(yield* asked("GET"), 1)
    }).pipe(Effect.provide(services)))

  it.effect("is not requested again after a deletion, nor is any other content", () =>
    Effect.gen(function*() {
      const { client, digest } = yield* pushed
      yield* Effect.flip(client.fetchManifest(repository, Reference.Tag.make("other")))
      assert.strictEqual(yield* asked("GET"), 1)
      yield* client.deleteManifest(repository, digest)
      const before = yield* asked("GET")
      yield* Effect.flip(client.fetchManifest(repository, tag))
      assert.strictEqual((yield* asked("GET")) - before, 1)
    }).pipe(Effect.provide(services)))
})
