import { Headers } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import { NodeHasher } from "@ociman/node"
import { Content, type Descriptor, Digest, ImageManifest, MediaType } from "@ociman/oci"
import { Credentials, Registry, RegistryError, Repository } from "@ociman/registry"
import * as MemoryRegistry from "@ociman/registry/author/MemoryRegistry"
import { FaultyRegistry } from "@ociman/testing"
import { Effect, Layer, Stream } from "effect"
import type { Behaviours } from "./behaviours.js"
import { areOptional, load } from "./vectors.js"

const vectors = load<Behaviours>("server-behaviours")

const content = new TextEncoder().encode("{}")
const digest = Digest.Digest.make("sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a")
const absent = Digest.Digest.make(`sha256:${"0".repeat(64)}`)
const blob: Descriptor.Descriptor = { mediaType: MediaType.OctetStream, digest, size: 2 }

const manifest = Content.make(ImageManifest.codec, ImageManifest.artifact(MediaType.MediaType.make("text/x")))

const uploads = "/v2/team/app/blobs/uploads/"

/** A registry that has a manifest with a blob, and an upload that is open. */
const prepared = Effect.gen(function*() {
  const registry = yield* MemoryRegistry.make()
  const send = (
    method: string,
    url: string,
    body: Uint8Array = new Uint8Array(),
    headers: Record<string, string> = {}
  ) => registry.respond({ method, url, headers: Headers.fromInput(headers), body: Stream.make(body) })
  yield* send("POST", `${uploads}?digest=${digest}`, content)
  const document = yield* manifest
  const typed = { "content-type": MediaType.ImageManifest }
  yield* send("PUT", "/v2/team/app/manifests/v1", document.bytes, typed)
  const { headers } = yield* send("POST", uploads)
  const location = headers["location"] ?? ""
  const statusOf = (method: string, path: string, found: boolean) => {
    const reference = path.includes("/blobs/") || path.startsWith("<location>")
      ? digest
      : path.includes("/manifests/") || path.includes("/referrers/")
      ? document.descriptor.digest
      : ""
    const lost = location.replace("upload-", "no-upload-")
    const target = path
      .replace("<location>?", `${found ? location : lost}&`)
      .replace("<location>", found ? location : lost)
      .replace("<name>", found ? "team/app" : "Team")
      .replace("from=<name>", "from=team/app")
      .replace("<alg>", "sha512")
      .replace("<ref>", found ? "v1" : "nothing")
      .replaceAll("<digest>", found || method === "POST" ? reference : absent)
    const isManifest = path.includes("/manifests/") && method === "PUT"
    return Effect.map(
      send(method, target, isManifest ? document.bytes : content, isManifest ? typed : {}),
      ({ status }) => status
    )
  }
  return statusOf
})

describe.skipIf(vectors === undefined && areOptional)("the protocol", () => {
  it("is available", () => {
    assert.isAbove(vectors?.endpoints.cases.length ?? 0, 10)
  })

  for (const { failure, id, method: methods, path, success } of vectors?.endpoints.cases ?? []) {
    for (const method of methods.split("/")) {
      it.effect(`${id}: an in-memory registry answers ${method} ${path}`, () =>
        Effect.gen(function*() {
          const statusOf = yield* prepared
          assert.include(success.split("/").map(Number), yield* statusOf(method, path, true))
          if (path === "/v2/") return
          const refused = yield* Effect.flatMap(prepared, (statusOf) => statusOf(method, path, false))
          assert.include([...failure.split("/").map(Number), 400], refused)
        }).pipe(Effect.provide(NodeHasher.layer)))
    }
  }

  /** Fetches a blob of a registry with the given response, and counts the requests. */
  const asked = (answer: FaultyRegistry.Answer) =>
    Effect.gen(function*() {
      const client = yield* Registry.Registry
      const error = yield* Effect.flip(
        Stream.runDrain(client.fetchBlob(Repository.make("registry.example.com/team/app"), blob))
      )
      return { error, times: (yield* FaultyRegistry.requests).length }
    }).pipe(
      Effect.provide(Registry.layer({ retryDelay: "1 millis", retries: 2 })),
      Effect.provide(Layer.mergeAll(
        Layer.provide(
          FaultyRegistry.layer(FaultyRegistry.otherwise(FaultyRegistry.healthy, answer)),
          NodeHasher.layer
        ),
        Credentials.layerMemory(),
        NodeHasher.layer
      ))
    )

  for (const { code, usualStatus } of vectors?.errorCodes ?? []) {
    it.live(`has an error with the code ${code}`, () =>
      Effect.gen(function*() {
        const { error } = yield* asked(FaultyRegistry.error(usualStatus ?? 400, code, "a reason"))
        if (usualStatus === 401) return assert.strictEqual(error._tag, "AuthenticationError")
        if (!(error instanceof RegistryError.RegistryFailed)) return assert.fail(String(error))
        assert.strictEqual(error.reason, code)
        assert.strictEqual(error.status, usualStatus ?? 400)
        assert.deepStrictEqual(error.errors.map(({ code, message }) => [code, message]), [[code, "a reason"]])
      }))
  }

  const tries: Readonly<Record<number, number>> = {
    400: 1,
    403: 1,
    404: 1,
    405: 1,
    408: 3,
    413: 1,
    429: 3,
    500: 3,
    501: 1,
    502: 3,
    503: 3,
    504: 3
  }
  for (const [status, times] of Object.entries(tries)) {
    it.live(`makes ${times} requests if the status is ${status}`, () =>
      Effect.gen(function*() {
        const found = yield* asked(FaultyRegistry.respond(Number(status)))
        assert.strictEqual(found.times, times)
        assert.isTrue(RegistryError.isRegistryError(found.error))
      }))
  }

  it.live("retries after a lost connection", () =>
    Effect.map(asked(FaultyRegistry.drop), ({ error, times }) => {
      assert.strictEqual(times, 3)
      assert.isTrue(error instanceof RegistryError.RegistryFailed && error.reason === "Unreachable")
    }))
})
