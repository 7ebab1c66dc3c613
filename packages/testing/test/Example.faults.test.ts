import { assert, it } from "@effect/vitest"
import { NodeHasher } from "@ociman/node"
import { Content, MediaType } from "@ociman/oci"
import { Credentials, Registry, Repository } from "@ociman/registry"
import { FaultyRegistry } from "@ociman/testing"
import { Effect, Layer, Stream } from "effect"

// The first upload request is refused, then an upload and a download lose their connections.
const faulty = FaultyRegistry.healthy.pipe(
  FaultyRegistry.on("POST /v2/team/app/blobs/uploads/", FaultyRegistry.tooManyRequests("0"), { times: 1 }),
  FaultyRegistry.on("PUT *", FaultyRegistry.pass.pipe(FaultyRegistry.loseUploadAfter(1_000_000)), { times: 1 }),
  FaultyRegistry.on("GET /v2/team/app/blobs/sha256:*", FaultyRegistry.pass.pipe(FaultyRegistry.cutAfter(1_000_000)), {
    times: 1
  })
)

const services = Registry.layer({ retryDelay: "1 millis" }).pipe(
  Layer.provideMerge(FaultyRegistry.layer(faulty)),
  Layer.provide(Credentials.layerMemory()),
  Layer.provideMerge(NodeHasher.layer)
)

it.live("a blob pushed through a failing registry is fetched complete", () =>
  Effect.gen(function*() {
    const repository = Repository.make("registry.example.com/team/app")
    const bytes = new Uint8Array(5_000_000).fill(7)
    const descriptor = yield* Content.describe(MediaType.OctetStream, bytes)
    yield* Registry.pushBlob(repository, descriptor, Stream.make(bytes))
    const size = yield* Stream.runFold(
      Registry.fetchBlob(repository, descriptor),
      0,
      (size, piece) => size + piece.length
    )
    assert.strictEqual(size, bytes.length)

    const requests = yield* FaultyRegistry.requests
    const downloads = requests.filter(({ method, path }) => method === "GET" && path.includes("/sha256:"))
    assert.deepStrictEqual(downloads.map(({ headers }) => headers["range"]), [undefined, "bytes=1000000-"])
  }).pipe(Effect.provide(services)))
