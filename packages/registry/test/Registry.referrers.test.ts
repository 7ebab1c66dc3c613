import { assert, describe, it } from "@effect/vitest"
import { deepStrictEqual } from "@effect/vitest/utils"
import { NodeHasher } from "@ociman/node"
import { Content, Descriptor, Digest, ImageIndex, ImageManifest, MediaType } from "@ociman/oci"
import { Credentials, Registry, RegistryError, Repository } from "@ociman/registry"
import { FaultyRegistry } from "@ociman/testing"
import { Chunk, Effect, Layer, Stream } from "effect"
import { createHash } from "node:crypto"
import { tagOf } from "../src/internal/client/referrers.js"
import { network, type Received, type Reply, type Script, services } from "./scripted.js"

const host = "registry.example.com"
const repository = Repository.make(`${host}/team/app`)
const base = `https://${host}/v2/team/app`

const hash = (bytes: Uint8Array | string) => `sha256:${createHash("sha256").update(bytes).digest("hex")}`

const subject = Digest.Digest.make(hash("subject"))
const fallback = tagOf(subject)

const sbom = MediaType.MediaType.make("application/vnd.example.sbom")
const signature = MediaType.MediaType.make("application/vnd.example.signature")

const entry = (name: string, artifactType?: MediaType.MediaType): Descriptor.Descriptor => ({
  mediaType: MediaType.ImageManifest,
  digest: Digest.Digest.make(hash(name)),
  size: name.length,
  ...(artifactType === undefined ? {} : { artifactType })
})

const index = (...entries: ReadonlyArray<Descriptor.Descriptor>): Reply => ({
  status: 200,
  headers: { "content-type": MediaType.ImageIndex },
  body: JSON.stringify(ImageIndex.make(entries))
})

/** An artifact that refers to the subject. */
const artifact = (name: string) =>
  Effect.provide(
    Content.make(
      ImageManifest.codec,
      ImageManifest.artifact(sbom, {
        subject: { mediaType: MediaType.ImageManifest, digest: subject, size: 7 },
        annotations: { "com.example.name": name }
      })
    ),
    NodeHasher.layer
  )

const list = (options?: Registry.ReferrersOptions) =>
  Effect.map(
    Effect.flatMap(Registry.Registry, (_) => Stream.runCollect(_.referrers(repository, subject, options))),
    (found) => Chunk.toReadonlyArray(found).map(({ digest }) => digest)
  )

/** A registry that stores manifests, and lists no referrers. */
const storing = (options: {
  readonly subjects?: boolean
  readonly etags?: boolean
  readonly before?: (request: Received, stored: Map<string, string>) => void
} = {}) => {
  const stored = new Map<string, string>()
  const script: Script = (request) => {
    options.before?.(request, stored)
    const { body, headers, method, url } = request
    const name = url.slice(`${base}/manifests/`.length)
    const known = stored.get(name)
    if (!url.startsWith(`${base}/manifests/`)) return { status: 404 }
    if (method === "PUT") {
      const condition = headers["if-match"]
      if (condition !== undefined && (known === undefined || condition !== `"${hash(known)}"`)) return { status: 412 }
      stored.set(name, body)
      stored.set(hash(body), body)
      return { status: 201, headers: options.subjects === true ? { "oci-subject": subject } : {} }
    }
    if (method === "DELETE") return { status: stored.delete(name) ? 202 : 404 }
    return known === undefined ? { status: 404 } : {
      status: 200,
      headers: {
        "content-type": known.includes("\"manifests\"") ? MediaType.ImageIndex : MediaType.ImageManifest,
        ...(options.etags === true ? { etag: `"${hash(known)}"` } : {})
      },
      body: known
    }
  }
  return { stored, script, ...network(script) }
}

const kept = (stored: ReadonlyMap<string, string>): ReadonlyArray<Record<string, unknown>> =>
  JSON.parse(stored.get(fallback) ?? "{\"manifests\": []}").manifests

describe("the referrers of a manifest", () => {
  it.effect("are listed from all pages of the referrers API without duplicates", () => {
    const [a, b, c] = [entry("a"), entry("b"), entry("c")]
    const { layer } = network(({ url }) =>
      url.endsWith("?page=2")
        ? index(b, c)
        : { ...index(a, b), headers: { "content-type": MediaType.ImageIndex, link: "<?page=2>; rel=\"next\"" } }
    )
    return Effect.gen(function*() {
      deepStrictEqual(yield* list(), [a.digest, b.digest, c.digest])
    }).pipe(Effect.provide(services(layer)))
  })

  it.effect("are empty if the registry lists null, as Go encodes an empty list", () => {
    const { layer } = network(() => ({
      status: 200,
      headers: { "content-type": MediaType.ImageIndex },
      body: JSON.stringify({ schemaVersion: 2, mediaType: MediaType.ImageIndex, manifests: null })
    }))
    return Effect.gen(function*() {
      deepStrictEqual(yield* list(), [])
    }).pipe(Effect.provide(services(layer)))
  })

  it.effect("are complete if the registry returns pages of two", () =>
    Effect.gen(function*() {
      const client = yield* Registry.Registry
      yield* client.pushBlob(repository, Descriptor.empty, Stream.make(Buffer.from("{}")))
      const artifacts = yield* Effect.forEach(["a", "b", "c", "d", "e"], artifact)
      for (const manifest of artifacts) yield* client.pushManifest(repository, manifest)
      const digests = artifacts.map(({ descriptor }) => descriptor.digest).sort()
      deepStrictEqual(yield* list(), digests)
      deepStrictEqual(yield* list({ artifactType: sbom }), digests)
      const pages = (yield* FaultyRegistry.requests).filter(({ path, query }) =>
        path.endsWith(`/referrers/${subject}`) && "last" in query
      )
      assert.strictEqual(pages.length, 4)
    }).pipe(Effect.provide(
      Registry.layer().pipe(
        Layer.provideMerge(
          FaultyRegistry.layer(FaultyRegistry.withOptions(FaultyRegistry.healthy, { largestPage: 2 }))
        ),
        Layer.provide([Credentials.layerMemory(), NodeHasher.layer]),
        Layer.provide(NodeHasher.layer)
      )
    )))

  it.effect("are filtered by the client unless the registry declares that it did", () => {
    const [a, b, c] = [entry("a", sbom), entry("b", signature), entry("c")]
    const all = network(() => index(a, b, c))
    const some = network(() => ({
      ...index(a, c),
      headers: { "content-type": MediaType.ImageIndex, "oci-filters-applied": "artifactType" }
    }))
    return Effect.gen(function*() {
      deepStrictEqual(yield* Effect.provide(list({ artifactType: sbom }), services(all.layer)), [a.digest])
      deepStrictEqual(yield* Effect.provide(list({ artifactType: sbom }), services(some.layer)), [a.digest, c.digest])
      assert.strictEqual(
        all.requests[0]?.url,
        `${base}/referrers/${subject}?artifactType=${encodeURIComponent(sbom)}`
      )
    })
  })

  for (const status of [400, 404, 405, 406]) {
    it.effect(`are those under the referrers tag if the API responds ${status}`, () => {
      const a = entry("a")
      const { layer } = network(({ url }) =>
        url.includes("/referrers/") ? { status } : url.endsWith(fallback) ? index(a) : { status: 404 }
      )
      return Effect.gen(function*() {
        deepStrictEqual(yield* list(), [a.digest])
      }).pipe(Effect.provide(services(layer)))
    })
  }

  it.effect("are those under the referrers tag if the response is not a list", () => {
    const a = entry("a")
    const { layer } = network(({ url }) =>
      url.includes("/referrers/") ? { status: 200, headers: { "content-type": "text/html" }, body: "<html>" } : index(a)
    )
    return Effect.gen(function*() {
      deepStrictEqual(yield* list(), [a.digest])
    }).pipe(Effect.provide(services(layer)))
  })

  it.effect("are empty if the referrers tag does not exist or is not an index", () => {
    const manifest = artifact("x")
    return Effect.gen(function*() {
      const { bytes } = yield* manifest
      const absent = network(() => ({ status: 404 }))
      const other = network(({ url }) => url.includes("/referrers/") ? { status: 404 } : { status: 200, body: bytes })
      deepStrictEqual(yield* Effect.provide(list(), services(absent.layer)), [])
      deepStrictEqual(yield* Effect.provide(list(), services(other.layer)), [])
    })
  })

  it.live("fail if the registry fails", () => {
    const { layer } = network(() => ({ status: 500 }))
    return Effect.gen(function*() {
      const error = yield* Effect.flip(list())
      assert.instanceOf(error, RegistryError.RegistryFailed)
    }).pipe(Effect.provide(services(layer, [], { retries: 1 })))
  })
})

describe("the tag of referrers", () => {
  it("is the digest, truncated to the length of a tag", () => {
    assert.strictEqual(fallback, subject.replace(":", "-"))
    const long = Digest.Digest.make(`sha512:${"ab".repeat(64)}`)
    assert.strictEqual(tagOf(long), `sha512-${"ab".repeat(32)}`)
  })
})

describe("a manifest with a subject", () => {
  const push = (name: string) =>
    Effect.flatMap(
      Effect.zip(Registry.Registry, artifact(name)),
      ([_, content]) => Effect.as(_.pushManifest(repository, content), content)
    )

  it.effect("is added to the referrers tag if the registry does not process its subject", () => {
    const { layer, stored } = storing()
    return Effect.gen(function*() {
      const { descriptor } = yield* push("a")
      deepStrictEqual(kept(stored), [{
        mediaType: MediaType.ImageManifest,
        digest: descriptor.digest,
        size: descriptor.size,
        artifactType: sbom,
        annotations: { "com.example.name": "a" }
      }])
      yield* push("a")
      assert.strictEqual(kept(stored).length, 1)
      deepStrictEqual(yield* list(), [descriptor.digest])
    }).pipe(Effect.provide(services(layer)))
  })

  it.effect("is added to the referrers tag if the registry processes its subject without having the API", () => {
    const { layer, stored } = storing({ subjects: true })
    return Effect.gen(function*() {
      yield* push("a")
      assert.strictEqual(kept(stored).length, 1)
    }).pipe(Effect.provide(services(layer)))
  })

  it.effect("is not added to the referrers tag if the registry has the API", () => {
    const { layer, requests } = network(({ method }) =>
      method === "PUT" ? { status: 201, headers: { "oci-subject": subject } } : index()
    )
    return Effect.gen(function*() {
      yield* push("a")
      yield* push("b")
      deepStrictEqual(requests.map(({ method }) => method), ["PUT", "GET", "PUT"])
    }).pipe(Effect.provide(services(layer)))
  })

  it.live("is not lost among concurrent pushes", () => {
    const { layer, stored } = storing()
    return Effect.gen(function*() {
      yield* Effect.forEach(Array.from({ length: 20 }, (_, i) => String(i)), push, { concurrency: "unbounded" })
      assert.strictEqual(kept(stored).length, 20)
    }).pipe(Effect.provide(services(layer)))
  })

  for (const etags of [true, false]) {
    it.live(`is not lost if another program writes the tag, ${etags ? "with" : "without"} conditions`, () => {
      const others = [entry("other 1"), entry("other 2")]
      let reads = 0
      const { layer, stored } = storing({
        etags,
        // Another client writes between our reading and our writing, or over what we wrote.
        before: ({ method, url }, stored) => {
          const other = others[0]
          if (method === "GET" && url.endsWith(fallback)) reads++
          if (method !== (etags ? "PUT" : "GET") || !url.endsWith(fallback) || reads !== (etags ? 1 : 2)) return
          if (other === undefined) return
          others.shift()
          const before = etags ? kept(stored) : []
          stored.set(fallback, JSON.stringify({ ...ImageIndex.make([]), manifests: [...before, other] }))
        }
      })
      return Effect.gen(function*() {
        stored.set(fallback, JSON.stringify(ImageIndex.make([entry("first")])))
        const { descriptor } = yield* push("a")
        const digests = kept(stored).map(({ digest }) => digest)
        assert.include(digests, descriptor.digest)
        assert.include(digests, entry("other 1").digest)
      }).pipe(Effect.provide(services(layer)))
    })
  }

  for (const etags of [true, false]) {
    it.live(`fails to be pushed while others overwrite its list, ${etags ? "with" : "without"} conditions`, () => {
      let count = 0
      const { layer, requests, stored } = storing({
        etags,
        before: ({ method, url }, stored) => {
          if (method !== (etags ? "PUT" : "GET") || !url.endsWith(fallback)) return
          stored.set(fallback, JSON.stringify(ImageIndex.make([entry(`other ${++count}`)])))
        }
      })
      return Effect.gen(function*() {
        stored.set(fallback, JSON.stringify(ImageIndex.make([entry("first")])))
        const error = yield* Effect.flip(Effect.asVoid(push("a")))
        assert.strictEqual(error._tag === "RegistryFailed" ? error.reason : error._tag, "Unavailable")
        assert.include(error.message, `PUT ${base}/manifests/${fallback}`)
        assert.include(error.message, "push or delete the manifest again")
        assert.isAtMost(requests.length, 30)
      }).pipe(Effect.provide(services(layer)))
    })
  }

  for (const status of [403, 429, 503]) {
    it.live(`is listed by the registry after an inconclusive probe of its API (${status})`, () => {
      const own = storing({ subjects: true })
      let isBusy = true
      const { layer, requests } = network((request, earlier) =>
        !request.url.includes("/referrers/") ? own.script(request, earlier) : isBusy ? { status } : index(entry("a"))
      )
      return Effect.gen(function*() {
        yield* push("a")
        assert.strictEqual(kept(own.stored).length, 1)
        isBusy = false
        deepStrictEqual(yield* list(), [entry("a").digest])
        const before = requests.length
        yield* push("b")
        // Now that it is known to have lists, there is none under the tag to be read or written.
        deepStrictEqual(requests.slice(before).map(({ method }) => method), ["PUT"])
      }).pipe(Effect.provide(services(layer, [], { retries: 0 })))
    })
  }

  it.effect("is added to the referrers tag by a client that found no API, and listed once the registry has it", () => {
    const own = storing({ subjects: true })
    let isNew = false
    const { layer } = network((request, earlier) =>
      isNew && request.url.includes("/referrers/") ? index(entry("a")) : own.script(request, earlier)
    )
    return Effect.gen(function*() {
      yield* push("a")
      isNew = true
      deepStrictEqual(yield* list(), [entry("a").digest])
    }).pipe(Effect.provide(services(layer)))
  })

  it.effect("does not overwrite a referrers tag that is not an index", () => {
    const { layer, stored } = storing()
    return Effect.gen(function*() {
      const { bytes } = yield* artifact("x")
      stored.set(fallback, Buffer.from(bytes).toString("latin1"))
      const error = yield* Effect.flip(push("a"))
      assert.strictEqual(error._tag, "InvalidDocument")
      assert.strictEqual(stored.get(fallback), Buffer.from(bytes).toString("latin1"))
    }).pipe(Effect.provide(services(layer)))
  })

  it.effect("is removed from the referrers tag before it is deleted", () => {
    const { layer, requests, stored } = storing()
    return Effect.gen(function*() {
      const { descriptor } = yield* push("a")
      yield* push("b")
      yield* Effect.flatMap(
        Registry.Registry,
        (_) => _.deleteManifest(repository, Digest.Digest.make(descriptor.digest))
      )
      deepStrictEqual(kept(stored).map(({ annotations }) => annotations), [{ "com.example.name": "b" }])
      assert.isFalse(stored.has(descriptor.digest))
      assert.strictEqual(requests.at(-1)?.method, "DELETE")
    }).pipe(Effect.provide(services(layer)))
  })
})

describe("a list of names", () => {
  const tags = (options?: Registry.ListOptions) =>
    Effect.map(
      Effect.flatMap(Registry.Registry, (_) => Stream.runCollect(_.tags(repository, options))),
      (found) => Array.from(found, String)
    )

  it.effect("follows its links, even after a short page", () => {
    const { layer, requests } = network(({ url }) =>
      url.endsWith("?n=100")
        ? {
          status: 200,
          headers: { link: "</v2/team/app/tags/list?cursor=a/b%2F>; rel=\"next\"" },
          body: "{\"tags\":[]}"
        }
        : { status: 200, body: "{\"tags\":[\"b\"]}" }
    )
    return Effect.gen(function*() {
      deepStrictEqual(yield* tags({ pageSize: 100 }), ["b"])
      assert.strictEqual(requests[1]?.url, `${base}/tags/list?cursor=a/b%2F`)
    }).pipe(Effect.provide(services(layer)))
  })

  it.effect("skips null, empty and invalid names", () => {
    const { layer } = network(() => ({ status: 200, body: "{\"tags\":[null,\"\",\"a\",\"a\",\"sha256:abc\",1]}" }))
    const nothing = network(() => ({ status: 200, body: "{\"tags\":null}" }))
    return Effect.gen(function*() {
      deepStrictEqual(yield* tags(), ["a"])
      deepStrictEqual(yield* Effect.provide(tags(), services(nothing.layer)), [])
    }).pipe(Effect.provide(services(layer)))
  })

  it.effect("fails if its pages do not end", () => {
    const { layer, requests } = network(({ url }) => ({
      status: 200,
      headers: { link: `<?page=${url.endsWith("?page=2") ? 1 : 2}>; rel="next"` },
      body: "{\"tags\":[\"a\"]}"
    }))
    return Effect.gen(function*() {
      const error = yield* Effect.flip(tags())
      assert.strictEqual(error.reason, "Refused")
      assert.strictEqual(requests.length, 3)
    }).pipe(Effect.provide(services(layer)))
  })

  it.effect("requests no more pages than are consumed", () => {
    const { layer, requests } = network((_, { length }) => ({
      status: 200,
      headers: { link: `<?page=${length + 1}>; rel="next"` },
      body: JSON.stringify({ tags: [`t${length}`] })
    }))
    return Effect.gen(function*() {
      const first = yield* Effect.flatMap(
        Registry.Registry,
        (_) => Stream.runCollect(Stream.take(_.tags(repository), 2))
      )
      deepStrictEqual(Array.from(first, String), ["t0", "t1"])
      assert.isAtMost(requests.length, 3)
    }).pipe(Effect.provide(services(layer)))
  })
})
