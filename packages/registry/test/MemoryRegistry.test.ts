import { Headers } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import { NodeHasher } from "@ociman/node"
import { Descriptor, Digest, ImageIndex, ImageManifest, MediaType } from "@ociman/oci"
import * as MemoryRegistry from "@ociman/registry/author/MemoryRegistry"
import { Effect, Either, Stream } from "effect"
import { createHash } from "node:crypto"

const digestOf = (bytes: Uint8Array | string) => `sha256:${createHash("sha256").update(bytes).digest("hex")}`

interface Sent {
  readonly headers?: Record<string, string>
  readonly body?: Uint8Array | string
}

const hello = "hello, registry\n"
const helloDigest = digestOf(hello)

const uploads = "/v2/team/app/blobs/uploads/"

/** A registry, and what it answers to a request. */
const start = (options?: MemoryRegistry.Options) =>
  Effect.map(MemoryRegistry.make(options), (registry) => {
    const send = (method: string, url: string, { body, headers = {} }: Sent = {}) =>
      Effect.map(
        registry.respond({
          method,
          url,
          headers: Headers.fromInput(headers),
          body: body === undefined ? Stream.empty : Stream.make(Buffer.from(body))
        }),
        (response) => ({ ...response, text: new TextDecoder().decode(response.body) })
      )
    const open = Effect.map(send("POST", uploads), ({ headers }) => headers["location"] ?? "")
    const push = (bytes: Uint8Array | string) =>
      send("POST", `${uploads}?digest=${encodeURIComponent(digestOf(bytes))}`, { body: bytes })
    const put = (reference: string, text: string, type: string = MediaType.ImageManifest) =>
      send("PUT", `/v2/team/app/manifests/${reference}`, { headers: { "content-type": type }, body: text })
    return { registry, send, open, push, put }
  })

const encoded = (manifest: ImageManifest.ImageManifest) =>
  new TextDecoder().decode(Either.getOrThrow(ImageManifest.codec.encode(manifest)))

const artifact = (subject?: Descriptor.Descriptor, type = "application/vnd.example") =>
  encoded(ImageManifest.artifact(MediaType.MediaType.make(type), { subject, annotations: { a: "b" } }))

const codes = (text: string): ReadonlyArray<string> =>
  JSON.parse(text).errors.map(({ code }: { readonly code: string }) => code)

const test = (name: string, effect: Effect.Effect<void, unknown, Effect.Effect.Context<ReturnType<typeof start>>>) =>
  it.effect(name, () => Effect.provide(effect, NodeHasher.layer))

describe("an in-memory registry", () => {
  test(
    "responds with 404 or 405 outside of the protocol",
    Effect.gen(function*() {
      const { send } = yield* start()
      assert.strictEqual((yield* send("GET", "/v2/")).status, 200)
      assert.strictEqual((yield* send("GET", "/")).status, 404)
      assert.strictEqual((yield* send("POST", "/v2/_catalog")).status, 405)
      const upper = yield* send("GET", "/v2/Team/tags/list")
      assert.deepStrictEqual([upper.status, ...codes(upper.text)], [400, "NAME_INVALID"])
      assert.strictEqual((yield* send("GET", "/v2/%zz/tags/list")).status, 400)
    })
  )

  test(
    "stores a blob that is sent in one request",
    Effect.gen(function*() {
      const { push, send } = yield* start()
      const url = `/v2/team/app/blobs/${helloDigest}`
      assert.strictEqual((yield* send("HEAD", url)).status, 404)
      const pushed = yield* push(hello)
      assert.strictEqual(pushed.status, 201)
      assert.strictEqual(pushed.headers["location"], url)
      const head = yield* send("HEAD", url)
      assert.deepStrictEqual([head.status, head.headers["content-length"], head.text], [200, "16", ""])
      const got = yield* send("GET", url)
      assert.deepStrictEqual([got.status, got.text, got.headers["docker-content-digest"]], [200, hello, helloDigest])
      assert.strictEqual((yield* send("DELETE", url)).status, 202)
      assert.strictEqual((yield* send("DELETE", url)).status, 404)
      assert.deepStrictEqual(codes((yield* send("GET", url)).text), ["BLOB_UNKNOWN"])
    })
  )

  test(
    "serves a range of a blob",
    Effect.gen(function*() {
      const { push, send } = yield* start()
      yield* push(hello)
      const part = (range: string) =>
        Effect.map(
          send("GET", `/v2/team/app/blobs/${helloDigest}`, { headers: { range } }),
          ({ headers, status, text }) => [status, text, headers["content-range"]]
        )
      assert.deepStrictEqual(yield* part("bytes=7-"), [206, "registry\n", "bytes 7-15/16"])
      assert.deepStrictEqual(yield* part("bytes=0-4"), [206, "hello", "bytes 0-4/16"])
      assert.deepStrictEqual(yield* part("bytes=10-99"), [206, "istry\n", "bytes 10-15/16"])
      assert.deepStrictEqual(yield* part("bytes=-6"), [206, "istry\n", "bytes 10-15/16"])
      assert.deepStrictEqual((yield* part("bytes=16-")).slice(0, 1), [416])
      assert.deepStrictEqual(yield* part("lines=1-2"), [200, hello, undefined])
    })
  )

  test(
    "accepts a blob in chunks, each at the latest location",
    Effect.gen(function*() {
      const { open, send } = yield* start()
      const first = yield* open
      const one = yield* send("PATCH", first, { body: "hello, ", headers: { "content-range": "0-6" } })
      assert.deepStrictEqual([one.status, one.headers["range"]], [202, "0-6"])
      const second = one.headers["location"] ?? ""
      assert.notStrictEqual(second, first)
      assert.strictEqual((yield* send("PATCH", first, { body: "x" })).status, 404)
      const gap = yield* send("PATCH", second, { body: "x", headers: { "content-range": "8-8" } })
      assert.deepStrictEqual([gap.status, gap.headers["range"]], [416, "0-6"])
      const status = yield* send("GET", first)
      assert.deepStrictEqual([status.status, status.headers["range"], status.headers["location"]], [204, "0-6", second])
      const last = yield* send("PATCH", second, { body: "registry\n", headers: { "content-range": "7-15" } })
      assert.strictEqual((yield* send("PUT", last.headers["location"] ?? "")).status, 400)
      const done = yield* send("PUT", `${last.headers["location"]}&digest=${helloDigest}`)
      assert.strictEqual(done.status, 201)
      assert.strictEqual((yield* send("GET", `/v2/team/app/blobs/${helloDigest}`)).text, hello)
      assert.strictEqual((yield* send("GET", first)).status, 404)
    })
  )

  test(
    "keeps bytes that arrived before a lost connection",
    Effect.gen(function*() {
      const { open, registry, send } = yield* start()
      const location = yield* open
      const lost = yield* Effect.flip(registry.respond({
        method: "PATCH",
        url: location,
        headers: Headers.empty,
        body: Stream.concat(Stream.make(Buffer.from("hello")), Stream.fail("lost"))
      }))
      assert.strictEqual(lost, "lost")
      const status = yield* send("GET", location)
      assert.strictEqual(status.headers["range"], "0-4")
      const rest = { body: hello.slice(5), headers: { "content-range": "5-15" } }
      assert.strictEqual((yield* send("PUT", `${location}&digest=${helloDigest}`, rest)).status, 404)
      const put = yield* send("PUT", `${status.headers["location"]}&digest=${helloDigest}`, rest)
      assert.strictEqual(put.status, 201)
    })
  )

  test(
    "rejects a blob with another digest, and forgets a cancelled one",
    Effect.gen(function*() {
      const { open, send } = yield* start()
      const wrong = yield* send("PUT", `${yield* open}&digest=${helloDigest}`, { body: "hello" })
      assert.deepStrictEqual([wrong.status, ...codes(wrong.text)], [400, "DIGEST_INVALID"])
      const location = yield* open
      assert.strictEqual((yield* send("DELETE", location)).status, 204)
      assert.strictEqual((yield* send("PUT", `${location}&digest=${helloDigest}`, { body: hello })).status, 404)
      assert.strictEqual((yield* send("HEAD", `/v2/team/app/blobs/${helloDigest}`)).status, 404)
    })
  )

  test(
    "mounts a blob of another repository, or opens an upload",
    Effect.gen(function*() {
      const { push, send } = yield* start()
      yield* push(hello)
      const mount = (from: string) => send("POST", `/v2/other/blobs/uploads/?mount=${helloDigest}&from=${from}`)
      assert.strictEqual((yield* mount("nowhere")).status, 202)
      assert.strictEqual((yield* send("HEAD", `/v2/other/blobs/${helloDigest}`)).status, 404)
      assert.strictEqual((yield* mount("team%2Fapp")).status, 201)
      assert.strictEqual((yield* send("GET", `/v2/other/blobs/${helloDigest}`)).text, hello)
    })
  )

  test(
    "stores the exact bytes of a manifest whose contents exist",
    Effect.gen(function*() {
      const { push, put, send } = yield* start()
      const text = `${artifact()} \n`
      const early = yield* put("v1", text)
      assert.deepStrictEqual([early.status, ...codes(early.text)], [404, "MANIFEST_BLOB_UNKNOWN"])
      yield* push("{}")
      const pushed = yield* put("v1", text)
      assert.deepStrictEqual([pushed.status, pushed.headers["docker-content-digest"]], [201, digestOf(text)])
      for (const reference of ["v1", digestOf(text)]) {
        const got = yield* send("GET", `/v2/team/app/manifests/${reference}`)
        assert.deepStrictEqual([got.text, got.headers["content-type"]], [text, MediaType.ImageManifest])
      }
      const unaccepted = yield* send("GET", "/v2/team/app/manifests/v1", { headers: { accept: MediaType.ImageIndex } })
      assert.strictEqual(unaccepted.status, 404)
      assert.strictEqual((yield* put(digestOf("x"), text)).status, 400)
    })
  )

  test(
    "rejects a document that is not a manifest",
    Effect.gen(function*() {
      const { push, put } = yield* start()
      yield* push("{}")
      assert.strictEqual((yield* put("v1", "{}")).status, 400)
      assert.strictEqual((yield* put("v1", "nonsense")).status, 400)
      assert.strictEqual((yield* put("v1", artifact(), MediaType.DockerManifest)).status, 400)
      assert.strictEqual((yield* put("v1", artifact(), "text/plain")).status, 400)
      assert.strictEqual((yield* put("-v1", artifact())).status, 400)
      assert.strictEqual((yield* put("v1", artifact().padEnd(4 * 1024 * 1024 + 1))).status, 413)
    })
  )

  test(
    "stores an index whose manifests exist",
    Effect.gen(function*() {
      const { push, put } = yield* start()
      const text = artifact()
      const child = {
        mediaType: MediaType.ImageManifest,
        digest: Descriptor.Descriptor.fields.digest.make(digestOf(text)),
        size: text.length
      }
      const index = new TextDecoder().decode(Either.getOrThrow(ImageIndex.codec.encode(ImageIndex.make([child]))))
      yield* push("{}")
      assert.strictEqual((yield* put("all", index, MediaType.ImageIndex)).status, 404)
      assert.strictEqual((yield* put(digestOf(text), text)).status, 201)
      assert.strictEqual((yield* put("all", index, MediaType.ImageIndex)).status, 201)
    })
  )

  test(
    "sets several tags at once, and removes them",
    Effect.gen(function*() {
      const { push, put, send } = yield* start()
      yield* push("{}")
      const text = artifact()
      const pushed = yield* put(`${digestOf(text)}?tag=a&tag=b`, text)
      assert.strictEqual(pushed.headers["oci-tag"], "a, b")
      assert.strictEqual((yield* put("c", text)).headers["oci-tag"], undefined)
      const tags = Effect.map(send("GET", "/v2/team/app/tags/list"), (_) => JSON.parse(_.text))
      assert.deepStrictEqual(yield* tags, { name: "team/app", tags: ["a", "b", "c"] })
      assert.strictEqual((yield* send("DELETE", "/v2/team/app/manifests/a")).status, 202)
      assert.deepStrictEqual((yield* tags).tags, ["b", "c"])
      assert.strictEqual((yield* send("DELETE", `/v2/team/app/manifests/${digestOf(text)}`)).status, 202)
      assert.deepStrictEqual((yield* tags).tags, [])
      const many = Array.from({ length: 11 }, (_, i) => `tag=t${i}`).join("&")
      assert.strictEqual((yield* put(`${digestOf(text)}?${many}`, text)).status, 414)
    })
  )

  test(
    "lists referrers in pages of at most the requested size and its own limit",
    Effect.gen(function*() {
      const { push, put, send } = yield* start({ largestPage: 2 })
      yield* push("{}")
      const subject = { mediaType: MediaType.ImageManifest, digest: Digest.Digest.make(helloDigest), size: 7 }
      const texts = ["a", "b", "c"].map((name) => artifact(subject, `application/vnd.${name === "a" ? "other" : name}`))
      for (const text of texts) yield* put(digestOf(text), text)
      const url = `/v2/team/app/referrers/${helloDigest}`
      const list = (path: string) =>
        Effect.map(send("GET", path), ({ headers, text }) => {
          const digests: ReadonlyArray<string> = JSON.parse(text).manifests.map((_: { digest: string }) => _.digest)
          return [digests, /^<(.*)>; rel="next"$/.exec(headers["link"] ?? "")?.[1]] as const
        })
      const all = texts.map(digestOf).sort()
      const [first, second] = yield* list(url)
      assert.deepStrictEqual(first, all.slice(0, 2))
      assert.deepStrictEqual(yield* list(second ?? ""), [all.slice(2), undefined])
      const [one, rest] = yield* list(`${url}?n=1&artifactType=application%2Fvnd.b`)
      assert.deepStrictEqual([one, rest], [[digestOf(texts[1] ?? "")], undefined])
      const [, next = ""] = yield* list(`${url}?n=1`)
      assert.deepStrictEqual((yield* list(next))[0], all.slice(1, 2))
    })
  )

  test(
    "lists tags and repositories in pages",
    Effect.gen(function*() {
      const { push, put, send } = yield* start()
      yield* push("{}")
      for (const tag of ["c", "a", "b"]) yield* put(tag, artifact())
      const list = (url: string) =>
        Effect.map(send("GET", url), ({ headers, text }) => [JSON.parse(text), headers["link"]])
      const first = yield* list("/v2/team/app/tags/list?n=2")
      assert.deepStrictEqual(first, [
        { name: "team/app", tags: ["a", "b"] },
        "</v2/team/app/tags/list?last=b&n=2>; rel=\"next\""
      ])
      assert.deepStrictEqual(yield* list("/v2/team/app/tags/list?last=b&n=2"), [
        { name: "team/app", tags: ["c"] },
        undefined
      ])
      assert.deepStrictEqual(yield* list("/v2/team/app/tags/list?n=0"), [{ name: "team/app", tags: [] }, undefined])
      assert.deepStrictEqual(yield* list("/v2/_catalog?n=5"), [{ repositories: ["team/app"] }, undefined])
      assert.deepStrictEqual(codes((yield* send("GET", "/v2/nobody/tags/list")).text), ["NAME_UNKNOWN"])
    })
  )

  const subject = Descriptor.empty

  test(
    "lists referrers of a subject that need not exist",
    Effect.gen(function*() {
      const { push, put, send } = yield* start()
      yield* push("{}")
      const sbom = artifact(subject, "application/vnd.example.sbom")
      const pushed = yield* put(digestOf(sbom), sbom)
      assert.strictEqual(pushed.headers["oci-subject"], subject.digest)
      const signature = artifact(subject, "application/vnd.example.signature")
      yield* put(digestOf(signature), signature)
      const url = `/v2/team/app/referrers/${subject.digest}`
      const all = yield* send("GET", url)
      assert.strictEqual(all.headers["content-type"], MediaType.ImageIndex)
      assert.isTrue(Either.isRight(ImageIndex.codec.decode(all.body)))
      assert.strictEqual(JSON.parse(all.text).manifests.length, 2)
      const some = yield* send("GET", `${url}?artifactType=application%2Fvnd.example.sbom`)
      assert.strictEqual(some.headers["oci-filters-applied"], "artifactType")
      assert.deepStrictEqual(JSON.parse(some.text).manifests, [{
        mediaType: MediaType.ImageManifest,
        digest: digestOf(sbom),
        size: sbom.length,
        artifactType: "application/vnd.example.sbom",
        annotations: { a: "b" }
      }])
      const none = yield* send("GET", `/v2/team/app/referrers/${helloDigest}`)
      assert.deepStrictEqual([none.status, JSON.parse(none.text).manifests], [200, []])
    })
  )

  test(
    "can disable the referrers API and deletion",
    Effect.gen(function*() {
      const { push, put, send } = yield* start({ referrers: false, deletes: false })
      yield* push("{}")
      const text = artifact(subject)
      assert.strictEqual((yield* put("v1", text)).headers["oci-subject"], undefined)
      assert.strictEqual((yield* send("GET", `/v2/team/app/referrers/${subject.digest}`)).status, 404)
      assert.strictEqual((yield* send("DELETE", `/v2/team/app/manifests/${digestOf(text)}`)).status, 405)
      assert.strictEqual((yield* send("DELETE", `/v2/team/app/blobs/${subject.digest}`)).status, 405)
    })
  )

  test(
    "overwrites a tag under If-Match only if it is unchanged",
    Effect.gen(function*() {
      const { push, put, send } = yield* start()
      yield* push("{}")
      yield* put("v1", artifact())
      const etag = (yield* send("GET", "/v2/team/app/manifests/v1")).headers["etag"] ?? ""
      const next = artifact(subject)
      const replace = (match: string) =>
        send("PUT", "/v2/team/app/manifests/v1", {
          headers: { "content-type": MediaType.ImageManifest, "if-match": match },
          body: next
        })
      assert.strictEqual((yield* replace(etag)).status, 201)
      assert.strictEqual((yield* replace(etag)).status, 412)
    })
  )
})
