import { assert, describe, it } from "@effect/vitest"
import { deepStrictEqual } from "@effect/vitest/utils"
import { NodeHasher } from "@ociman/node"
import { Content, Digest, ImageManifest, MediaType, Reference } from "@ociman/oci"
import { Credential, Credentials, Registry, Repository } from "@ociman/registry"
import { Cause, Chunk, Config, ConfigProvider, Effect, Layer, Option, Redacted, Stream, Tracer } from "effect"
import { lines, network, type Script, services } from "./scripted.js"

const host = "registry.example.com"
const repository = Repository.make(`${host}/team/app`)
const tag = Reference.Tag.make("v1")

const text = "hello, registry client\n"
const bytes = Buffer.from(text)
const digest = Digest.Digest.make("sha256:dae81ae64a389edaa1b768187d7183df262af2391c025a4c1c32d5fb8681c81e")
const blob = { mediaType: MediaType.OctetStream, digest, size: bytes.length }

const fetched = Effect.flatMap(Registry.Registry, (_) => Stream.runCollect(_.fetchBlob(repository, blob))).pipe(
  Effect.map((parts) => Buffer.concat(Array.from(parts)).toString())
)

describe("a mirror", () => {
  const options: Registry.Options = { mirrors: { [host]: [{ host: "mirror.example.com", isProxy: true }] }, retries: 0 }
  const here = "https://mirror.example.com/"

  it.effect("is asked before the registry, and told the registry if it is a proxy", () => {
    const { layer, requests } = network(() => ({ status: 200, body: text }))
    return Effect.gen(function*() {
      assert.strictEqual(yield* fetched, text)
      deepStrictEqual(lines(requests), [`GET ${here}v2/team/app/blobs/${digest}?ns=${host}`])
    }).pipe(Effect.provide(services(layer, [], options)))
  })

  it.effect("that lacks the content, fails, or sends wrong bytes is skipped", () => {
    const others: ReadonlyArray<Script> = [
      () => ({ status: 404 }),
      () => undefined,
      () => ({ status: 200, headers: { "content-length": "99" } })
    ]
    return Effect.forEach(others, (mirror) => {
      const { layer, requests } = network((request, earlier) =>
        request.url.startsWith(here) ? mirror(request, earlier) : { status: 200, body: text }
      )
      return Effect.gen(function*() {
        assert.strictEqual(yield* fetched, text)
        assert.strictEqual(requests.at(-1)?.url, `https://${host}/v2/team/app/blobs/${digest}`)
      }).pipe(Effect.provide(services(layer, [], options)))
    })
  })

  it.effect("is sent its own credentials instead of those of the registry", () => {
    const { layer, requests } = network(({ headers, url }) =>
      headers["authorization"] === undefined
        ? { status: 401, headers: { "www-authenticate": "Basic realm=\"r\"" } }
        : url.startsWith(here)
        ? { status: 404 }
        : { status: 200, body: text }
    )
    const credentials = [
      [host, Credential.login("registry", Redacted.make("p"))],
      ["mirror.example.com", Credential.login("mirror", Redacted.make("p"))]
    ] as const
    return Effect.gen(function*() {
      yield* fetched
      const sent = requests.flatMap(({ headers, url }) =>
        headers["authorization"] === undefined ? [] : [[url.startsWith(here), headers["authorization"]]]
      )
      deepStrictEqual(sent, [[true, `Basic ${btoa("mirror:p")}`], [false, `Basic ${btoa("registry:p")}`]])
    }).pipe(Effect.provide(services(layer, credentials, options)))
  })

  it.effect("is asked for manifests too, and never pushed to", () => {
    const { layer, requests } = network(({ method, url }) =>
      url.startsWith(here)
        ? { status: 404 }
        : { status: method === "PUT" ? 201 : method === "POST" ? 202 : 404, headers: { location: "/u" } }
    )
    return Effect.gen(function*() {
      const { pushBlob, statManifest } = yield* Registry.Registry
      assert.isTrue(Option.isNone(yield* statManifest(repository, tag)))
      deepStrictEqual(requests.map(({ url }) => url.startsWith(here)), [true, false])
      yield* pushBlob(repository, blob, Stream.make(bytes))
      assert.isTrue(requests.slice(2).every(({ url }) => !url.startsWith(here)))
    }).pipe(Effect.provide(services(layer, [], options)))
  })
})

describe("the limits of a registry", () => {
  it.effect("reduce the requested page size", () => {
    const { layer, requests } = network(() => ({ status: 200, body: "{}" }))
    return Effect.gen(function*() {
      const { tags } = yield* Registry.Registry
      yield* Stream.runDrain(tags(Repository.make("public.ecr.aws/team/app"), { pageSize: 5000 }))
      deepStrictEqual(lines(requests), ["GET https://public.ecr.aws/v2/team/app/tags/list?n=1000"])
    }).pipe(Effect.provide(services(layer)))
  })

  const refusing: Script = ({ body, method }) =>
    method === "HEAD"
      ? { status: 404 }
      : method === "POST"
      ? { status: 202, headers: { location: "/u" } }
      : method === "PUT" && body.length > 10
      ? { status: 413 }
      : { status: method === "PATCH" ? 202 : 201 }

  const push = Effect.flatMap(Registry.Registry, (_) => _.pushBlob(repository, blob, Stream.make(bytes)))

  it.effect("reduce the chunk size of an upload", () => {
    const { layer, requests } = network(refusing)
    const limits = { [host]: { largestChunk: 20 } }
    return Effect.gen(function*() {
      yield* push
      const ranges = requests.flatMap(({ headers, method }) => method === "PATCH" ? [headers["content-range"]] : [])
      deepStrictEqual(ranges, ["0-19", "20-22"])
    }).pipe(Effect.provide(services(layer, [], { limits })))
  })

  it.effect("disable chunks if the registry does not support them", () => {
    const { layer, requests } = network(refusing)
    const limits = { [host]: { largestChunk: 0 } }
    return Effect.gen(function*() {
      const error = yield* Effect.flip(push)
      assert.include(error.message, "413")
      assert.isFalse(requests.some(({ method }) => method === "PATCH"))
    }).pipe(Effect.provide(services(layer, [], { limits })))
  })

  it.effect("are learned: a blob that was too large once is sent in chunks the next time", () => {
    const { layer, requests } = network(refusing)
    return Effect.gen(function*() {
      yield* push
      const first = requests.length
      yield* push
      deepStrictEqual(requests.slice(first).map(({ method }) => method), ["HEAD", "POST", "PATCH", "PUT"])
    }).pipe(Effect.provide(services(layer)))
  })
})

describe("the layers", () => {
  it.effect("in memory have a registry per host name", () =>
    Effect.gen(function*() {
      const registry = yield* Registry.Registry
      const other = Repository.make("other.example.com/team/app")
      assert.strictEqual(yield* registry.pushBlob(repository, blob, Stream.make(bytes)), "Pushed")
      assert.strictEqual(yield* registry.pushBlob(repository, blob, Stream.make(bytes)), "Present")
      assert.isTrue(Option.isNone(yield* registry.statBlob(other, digest)))
      const mounted = Repository.make(`${host}/team/mounted`)
      assert.isTrue(yield* registry.mountBlob(mounted, digest, repository))
      const manifest = yield* Content.make(
        ImageManifest.codec,
        ImageManifest.make({ config: blob, layers: [blob] })
      )
      yield* registry.pushManifest(repository, manifest, { tags: [tag] })
      const found = yield* registry.fetchManifest(repository, tag)
      deepStrictEqual(Buffer.from(found.bytes), Buffer.from(manifest.bytes))
      const tags = yield* Stream.runCollect(registry.tags(repository))
      deepStrictEqual(Chunk.toReadonlyArray(tags), [tag])
      assert.strictEqual(yield* fetched, text)
    }).pipe(Effect.provide(Layer.merge(Layer.provide(Registry.layerMemory, NodeHasher.layer), NodeHasher.layer))))

  it.effect("read their options from the configuration", () => {
    const { layer, requests } = network(() => ({ status: 503 }))
    const configured = Registry.layerConfig({
      retries: Config.integer("RETRIES"),
      retryDelay: Config.succeed("1 millis"),
      userAgent: Config.string("USER_AGENT")
    }).pipe(
      Layer.provide([layer, NodeHasher.layer, Credentials.layerMemory()]),
      Layer.provide(
        Layer.setConfigProvider(ConfigProvider.fromMap(new Map([["RETRIES", "0"], ["USER_AGENT", "test/1"]])))
      )
    )
    return Effect.gen(function*() {
      yield* Effect.flip(Registry.ping(Repository.registryKey(host)))
      deepStrictEqual(requests.map(({ headers }) => headers["user-agent"]), ["test/1"])
    }).pipe(Effect.provide(configured))
  })

  it.effect("of tests die with the name of a missing method", () =>
    Effect.gen(function*() {
      yield* Registry.ping(Repository.registryKey(host))
      const cause = yield* Effect.flip(Effect.sandbox(Registry.statBlob(repository, digest)))
      assert.include(Cause.pretty(cause), "statBlob")
    }).pipe(Effect.provide(Registry.layerTest({ ping: () => Effect.void }))))
})

describe("spans", () => {
  it.effect("name the operation and the repository, and contain no secret", () => {
    const seen: Array<readonly [string, string]> = []
    const tracer = Tracer.make({
      span: (name, parent, context, links, startTime, kind) => {
        const attributes = new Map<string, unknown>()
        return {
          _tag: "Span",
          name,
          spanId: "1",
          traceId: "1",
          parent,
          context,
          status: { _tag: "Started", startTime },
          attributes,
          links,
          sampled: true,
          kind,
          end: () => seen.push([name, JSON.stringify(Object.fromEntries(attributes))]),
          attribute: (key, value) => {
            attributes.set(key, value)
          },
          event: () => {},
          addLinks: () => {}
        }
      },
      context: (f) => f()
    })
    const { layer } = network(({ url }) =>
      url.includes("sig=")
        ? { status: 200, body: text }
        : { status: 307, headers: { location: "https://s.example.com/x?sig=s3cret" } }
    )
    const credentials = [[host, Credential.login("u", Redacted.make("p4ss"))]] as const
    return Effect.gen(function*() {
      yield* fetched
      const all = JSON.stringify(seen)
      const [, attributes = ""] = seen.find(([name]) => name === "Registry.fetchBlob") ?? []
      assert.include(attributes, host)
      assert.include(attributes, "team/app")
      for (const secret of ["s3cret", "p4ss", "sig="]) assert.notInclude(all, secret)
    }).pipe(Effect.provide(services(layer, credentials)), Effect.withTracer(tracer))
  })
})
