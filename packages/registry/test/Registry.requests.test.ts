import { HttpClient, HttpClientResponse } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import { assertNone, assertSome, deepStrictEqual } from "@effect/vitest/utils"
import { NodeHasher } from "@ociman/node"
import {
  Content,
  ContentError,
  type Descriptor,
  Digest,
  ImageIndex,
  ImageManifest,
  MediaType,
  Reference
} from "@ociman/oci"
import { Registry, RegistryError, Repository, SecurityPolicy } from "@ociman/registry"
import { Deferred, Duration, Effect, Either, Fiber, Layer, Logger, Option, Stream, TestClock } from "effect"
import { lines, network, type Script, services } from "./scripted.js"

const host = "registry.example.com"
const repository = Repository.make(`${host}/team/app`)
const base = `https://${host}/v2/team/app`
const tag = Reference.Tag.make("v1")

const text = "hello, registry client\n"
const bytes = Buffer.from(text)
const digest = Digest.Digest.make("sha256:dae81ae64a389edaa1b768187d7183df262af2391c025a4c1c32d5fb8681c81e")
const blob: Descriptor.Descriptor = { mediaType: MediaType.OctetStream, digest, size: bytes.length }

const registry = Registry.Registry

const fetched = Effect.flatMap(registry, (_) => Stream.runCollect(_.fetchBlob(repository, blob))).pipe(
  Effect.map((parts) => Buffer.concat(Array.from(parts)).toString())
)

const stat = Effect.flatMap(registry, (_) => _.statBlob(repository, digest))

const failure = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.flatMap(Effect.flip(effect), (error) =>
    error instanceof RegistryError.RegistryFailed
      ? Effect.succeed(error)
      : Effect.dieMessage(`an error of another kind: ${String(error)}`))

const digestOf = (bytes: Uint8Array) =>
  Effect.provide(Content.describe(MediaType.ImageManifest, bytes), NodeHasher.layer)

describe("a request", () => {
  it.effect("accepts only the identity encoding, has a user agent, and no further headers", () => {
    const { layer, requests } = network(() => ({ status: 200, body: text }))
    return Effect.gen(function*() {
      assert.strictEqual(yield* fetched, text)
      deepStrictEqual({ ...requests[0]?.headers }, {
        accept: "*/*",
        "accept-encoding": "identity",
        "user-agent": "ociman"
      })
    }).pipe(Effect.withSpan("parent"), Effect.provide(services(layer)))
  })

  it.effect("for Docker Hub goes to the host of its registry", () => {
    const { layer, requests } = network(() => ({ status: 200 }))
    return Effect.gen(function*() {
      yield* Effect.flatMap(registry, (_) => _.statBlob(Repository.make("alpine"), digest))
      deepStrictEqual(lines(requests), [`HEAD https://registry-1.docker.io/v2/library/alpine/blobs/${digest}`])
    }).pipe(Effect.provide(services(layer)))
  })

  it.effect("uses http only for the registries of plainHttp", () => {
    const { layer, requests } = network(() => ({ status: 200 }))
    const policy = SecurityPolicy.make({ plainHttp: ["plain.example.com:5000"] })
    return Effect.gen(function*() {
      const { ping } = yield* registry
      yield* ping(Repository.registryKey("plain.example.com:5000"))
      yield* ping(Repository.registryKey("plain.example.com"))
      deepStrictEqual(lines(requests), ["GET http://plain.example.com:5000/v2/", "GET https://plain.example.com/v2/"])
    }).pipe(Effect.provide(services(layer, [], { policy })))
  })

  it.effect("to a loopback registry uses http only if it has no https", () => {
    const { layer, requests } = network(({ url }) =>
      url.startsWith("http://127.0.0.1:5000") || url.startsWith("https://127.0.0.1:5001") ? { status: 200 } : undefined
    )
    return Effect.gen(function*() {
      const { ping } = yield* registry
      yield* ping(Repository.registryKey("127.0.0.1:5000"))
      yield* ping(Repository.registryKey("127.0.0.1:5001"))
      yield* ping(Repository.registryKey("127.0.0.1:5001"))
      deepStrictEqual(lines(requests), [
        "GET https://127.0.0.1:5000/v2/",
        "GET http://127.0.0.1:5000/v2/",
        "GET https://127.0.0.1:5001/v2/",
        "GET https://127.0.0.1:5001/v2/",
        "GET https://127.0.0.1:5001/v2/"
      ])
    }).pipe(Effect.provide(services(layer)))
  })
})

describe("a redirect", () => {
  const to = (location: string, from = `${base}/blobs/${digest}`): Script => ({ url }) =>
    url === from ? { status: 307, headers: { location } } : { status: 200, body: text }

  for (
    const [what, location] of [
      ["to plain http", "http://storage.example.com/x"],
      ["into a private network", "https://10.0.0.1/x"],
      ["to the machine itself", "https://localhost/x"],
      ["to the services of a cloud", "https://169.254.169.254/latest"]
    ] as const
  ) {
    it.effect(`${what} is not followed`, () => {
      const { layer, requests } = network(to(location))
      return Effect.gen(function*() {
        const error = yield* failure(fetched)
        assert.strictEqual(error.reason, "Refused")
        assert.strictEqual(requests.length, 1)
      }).pipe(Effect.provide(services(layer)))
    })
  }

  it.effect("to a host that the policy trusts is followed", () => {
    const { layer } = network(to("https://10.0.0.1/x"))
    const policy = SecurityPolicy.make({ trustedHosts: ["10.0.0.1"] })
    return Effect.gen(function*() {
      assert.strictEqual(yield* fetched, text)
    }).pipe(Effect.provide(services(layer, [], { policy })))
  })

  it.effect("keeps its query byte for byte, and errors do not show it", () => {
    const signed = "https://storage.example.com/x?sig=a/b%2Fc+d&X-Secret=s3cret"
    const { layer, requests } = network(({ url }) =>
      url === signed ? { status: 403 } : { status: 302, headers: { location: signed } }
    )
    return Effect.gen(function*() {
      const error = yield* failure(fetched)
      assert.strictEqual(requests[1]?.url, signed)
      assert.strictEqual(error.status, 403)
      assert.notInclude(error.message, "s3cret")
      assert.include(error.message, "https://storage.example.com/x")
    }).pipe(Effect.provide(services(layer)))
  })

  it.effect("loop fails after the maximum number of redirects", () => {
    const { layer, requests } = network(({ url }) => ({ status: 302, headers: { location: `${url}x` } }))
    return Effect.gen(function*() {
      assert.strictEqual((yield* failure(fetched)).reason, "InvalidResponse")
      assert.strictEqual(requests.length, 11)
    }).pipe(Effect.provide(services(layer)))
  })
})

describe("a request that fails", () => {
  for (const status of [408, 429, 500, 502, 503, 504]) {
    it.live(`with ${status} is retried`, () => {
      const { layer, requests } = network((_, { length }) => length < 2 ? { status } : { status: 200, body: text })
      return Effect.gen(function*() {
        assert.strictEqual(yield* fetched, text)
        assert.strictEqual(requests.length, 3)
      }).pipe(Effect.provide(services(layer)))
    })
  }

  for (const status of [400, 403, 404, 405, 410, 413]) {
    it.live(`with ${status} is not retried`, () => {
      const { layer, requests } = network(() => ({ status }))
      return Effect.gen(function*() {
        assert.strictEqual((yield* failure(fetched)).status, status)
        assert.strictEqual(requests.length, 1)
      }).pipe(Effect.provide(services(layer)))
    })
  }

  it.live("without a response is retried a limited number of times", () => {
    const { layer, requests } = network((_, { length }) => length < 2 ? undefined : { status: 200, body: text })
    const dead = network(() => undefined)
    return Effect.gen(function*() {
      assert.strictEqual(yield* Effect.provide(fetched, services(layer)), text)
      assert.strictEqual(requests.length, 3)
      const error = yield* failure(Effect.provide(fetched, services(dead.layer, [], { retries: 2 })))
      assert.strictEqual(error.reason, "Unreachable")
      assert.include(error.message, "ECONNRESET")
      assert.strictEqual(dead.requests.length, 3)
    })
  })

  it.effect("waits as long as Retry-After asks, together with all others to that host", () => {
    const { layer, requests } = network((_, { length }) =>
      length === 0 ? { status: 429, headers: { "retry-after": "30" } } : { status: 200 }
    )
    return Effect.gen(function*() {
      const first = yield* Effect.fork(stat)
      yield* TestClock.adjust("1 second")
      const second = yield* Effect.fork(stat)
      yield* TestClock.adjust("28 seconds")
      assert.strictEqual(requests.length, 1)
      yield* TestClock.adjust("10 seconds")
      yield* Fiber.joinAll([first, second])
      assert.strictEqual(requests.length, 3)
    }).pipe(Effect.provide(services(layer)))
  })

  it.effect("accepts a date in Retry-After", () => {
    const { layer, requests } = network((_, { length }) =>
      length === 0
        ? { status: 503, headers: { "retry-after": new Date(20_000).toUTCString() } }
        : { status: 200 }
    )
    return Effect.gen(function*() {
      const fiber = yield* Effect.fork(stat)
      yield* TestClock.adjust("19 seconds")
      assert.strictEqual(requests.length, 1)
      yield* TestClock.adjust("5 seconds")
      yield* Fiber.join(fiber)
    }).pipe(Effect.provide(services(layer)))
  })

  it.effect("fails if Retry-After is too long, and shows the rate limit headers", () => {
    const { layer, requests } = network(() => ({
      status: 429,
      headers: { "retry-after": "7200", "ratelimit-limit": "100;w=21600", "ratelimit-remaining": "0;w=21600" },
      body: JSON.stringify({ errors: [{ code: "TOOMANYREQUESTS", message: "slow down" }] })
    }))
    return Effect.gen(function*() {
      const error = yield* failure(fetched)
      assert.strictEqual(error.reason, "TOOMANYREQUESTS")
      for (const part of ["7200", "ratelimit-remaining: 0;w=21600", "slow down"]) assert.include(error.message, part)
      assert.strictEqual(requests.length, 1)
    }).pipe(Effect.provide(services(layer)))
  })

  it.live("has the errors of the registry and its request identifier", () => {
    const { layer } = network(() => ({
      status: 400,
      headers: { "x-request-id": "r-17" },
      body: JSON.stringify({
        errors: [{ code: "NAME_INVALID", message: "bad name", detail: { name: "x" } }, { code: "OWN" }]
      })
    }))
    return Effect.gen(function*() {
      const error = yield* failure(fetched)
      assert.strictEqual(error.reason, "NAME_INVALID")
      deepStrictEqual(error.errors.map(({ code }) => code), ["NAME_INVALID", "OWN"])
      deepStrictEqual(error.errors[0]?.detail, { name: "x" })
      assert.strictEqual(error.requestId, "r-17")
      assert.strictEqual(
        error.message,
        `GET ${base}/blobs/${digest} answered 400: the request failed ` +
          "(NAME_INVALID: bad name; OWN) [request r-17]"
      )
    }).pipe(Effect.provide(services(layer)))
  })

  for (const body of ["", "null", "<html>", "{\"errors\": 1}", "{\"errors\": []}", "\xFF", "x".repeat(1_000_000)]) {
    it.live(`with the body ${JSON.stringify(body.slice(0, 20))} fails by its status`, () => {
      const { layer } = network(() => ({ status: 404, body }))
      return Effect.gen(function*() {
        assert.strictEqual((yield* failure(fetched)).reason, "BLOB_UNKNOWN")
      }).pipe(Effect.provide(services(layer)))
    })
  }
})

describe("the time limit", () => {
  it.effect("of a response fails a request without a response", () => {
    const silent = Layer.succeed(HttpClient.HttpClient, HttpClient.make(() => Effect.never))
    return Effect.gen(function*() {
      const fiber = yield* Effect.fork(failure(stat))
      yield* TestClock.adjust("11 seconds")
      assert.strictEqual((yield* Fiber.join(fiber)).reason, "TimedOut")
    }).pipe(Effect.provide(services(silent, [], { responseTimeout: "10 seconds", retries: 0 })))
  })

  it.effect("of a transfer fails a body that stalls", () => {
    const emptied = Effect.runSync(Deferred.make<void>())
    const body = () =>
      new ReadableStream({
        start: (controller) => controller.enqueue(bytes.subarray(0, 5)),
        pull: () => Effect.runPromise(Effect.zipRight(Deferred.succeed(emptied, undefined), Effect.never))
      })
    const stalling = Layer.succeed(
      HttpClient.HttpClient,
      HttpClient.make((request) => Effect.sync(() => HttpClientResponse.fromWeb(request, new Response(body()))))
    )
    return Effect.gen(function*() {
      const fiber = yield* Effect.fork(failure(fetched))
      yield* Deferred.await(emptied)
      yield* TestClock.adjust("11 seconds")
      assert.strictEqual((yield* Fiber.join(fiber)).reason, "TimedOut")
    }).pipe(Effect.provide(services(stalling, [], { stallTimeout: "10 seconds", retries: 0 })))
  })
})

describe("the time limit of a document", () => {
  /** A body that comes a byte at a time, for days. */
  const trickling = (status: number, start: string, headers: Readonly<Record<string, string>> = {}) =>
    Layer.succeed(
      HttpClient.HttpClient,
      HttpClient.make((request) => {
        const response = HttpClientResponse.fromWeb(request, new Response(null, { status, headers }))
        const bytes = Stream.concat(
          Stream.make(Buffer.from(start)),
          Stream.repeatEffect(Effect.delay(Effect.succeed(Buffer.from(" ")), "9 seconds"))
        )
        return Effect.succeed(
          new Proxy(response, {
            get: (target, name) => name === "stream" ? bytes : Reflect.get(target, name, target)
          })
        )
      })
    )

  const options = { stallTimeout: "10 seconds", documentTimeout: "1 minute", retries: 0 } as const

  const documents: ReadonlyArray<readonly [string, Effect.Effect<unknown, Registry.ReadError, Registry.Registry>]> = [
    ["a manifest", Effect.flatMap(registry, (_) => _.fetchManifest(repository, tag))],
    ["a list of tags", Effect.flatMap(registry, (_) => Stream.runDrain(_.tags(repository)))],
    ["a list of referrers", Effect.flatMap(registry, (_) => Stream.runDrain(_.referrers(repository, digest)))]
  ]
  for (const [what, read] of documents) {
    it.effect(`fails ${what} that does not end`, () =>
      Effect.gen(function*() {
        const fiber = yield* Effect.fork(failure(read))
        yield* TestClock.adjust("59 seconds")
        assert.isNull(fiber.unsafePoll())
        yield* TestClock.adjust("2 seconds")
        const error = yield* Fiber.join(fiber)
        assert.strictEqual(error.reason, "TimedOut")
        assert.include(error.message, "within 1m")
      }).pipe(Effect.provide(
        services(trickling(200, "{", { "content-type": MediaType.ImageIndex }), [], options)
      )))
  }

  it.effect("ends the body of an error, whose beginning is shown", () =>
    Effect.gen(function*() {
      const fiber = yield* Effect.fork(failure(fetched))
      yield* TestClock.adjust("11 seconds")
      const error = yield* Fiber.join(fiber)
      assert.strictEqual(error.status, 403)
      assert.include(error.message, "go away")
    }).pipe(Effect.provide(
      services(trickling(403, JSON.stringify({ errors: [{ code: "DENIED", message: "go away" }] })), [], options)
    )))

  it.effect("does not apply to a blob", () => {
    const bytes = Buffer.alloc(300_000, "x")
    const client = HttpClient.make((request) => {
      const response = HttpClientResponse.fromWeb(
        request,
        new Response(null, { headers: { "content-length": String(bytes.length) } })
      )
      const slow = Stream.range(0, 29).pipe(
        Stream.rechunk(1),
        Stream.mapEffect((i) => Effect.delay(Effect.succeed(bytes.subarray(i * 10_000, (i + 1) * 10_000)), "9 seconds"))
      )
      return Effect.succeed(
        new Proxy(response, {
          get: (target, name) =>
            name === "stream"
              ? slow
              : name === "arrayBuffer"
              ? Effect.map(Stream.runCollect(slow), () => bytes.buffer)
              : Reflect.get(target, name, target)
        })
      )
    })
    return Effect.gen(function*() {
      const descriptor = { ...(yield* digestOf(bytes)), mediaType: MediaType.OctetStream }
      const fiber = yield* Effect.fork(Effect.flatMap(registry, (_) => _.fetchBlobBytes(repository, descriptor)))
      yield* TestClock.adjust("5 minutes")
      deepStrictEqual(yield* Fiber.join(fiber), new Uint8Array(bytes))
    }).pipe(Effect.provide(services(Layer.succeed(HttpClient.HttpClient, client), [], options)))
  })
})

describe("the time limit of an upload", () => {
  /** Larger than what is held in memory. */
  const pushing = (content: Stream.Stream<Uint8Array>) =>
    Effect.flatMap(Registry.Registry, (_) => _.pushBlob(repository, { ...blob, size: 3 * 1024 * 1024 }, content))

  /** A server that reads as many pieces of a blob, and answers if those are all. */
  const reading = (pieces: number) =>
    Layer.succeed(
      HttpClient.HttpClient,
      HttpClient.make((request) =>
        Effect.gen(function*() {
          const reply = (status: number) =>
            HttpClientResponse.fromWeb(request, new Response(null, { status, headers: { location: "/u" } }))
          if (request.method !== "PUT") return reply(request.method === "HEAD" ? 404 : 202)
          const body = request.body._tag === "Stream" ? Stream.orDie(request.body.stream) : Stream.empty
          yield* Stream.runDrain(Stream.take(body, pieces))
          return pieces < 3 ? yield* Effect.never : reply(201)
        })
      )
    )

  const options = { stallTimeout: "10 seconds", retries: 0, chunkSize: 16 } as const

  /** A server that takes 256 KiB in the time, and answers 5 seconds after the last byte. */
  const slow = (time: Duration.DurationInput) =>
    Layer.succeed(
      HttpClient.HttpClient,
      HttpClient.make((request) =>
        Effect.gen(function*() {
          const reply = (status: number) =>
            HttpClientResponse.fromWeb(request, new Response(null, { status, headers: { location: "/u" } }))
          const { body } = request
          if (request.method !== "PUT") return reply(request.method === "HEAD" ? 404 : 202)
          if (body._tag === "Stream") {
            yield* Stream.runForEach(Stream.orDie(body.stream), () => Effect.sleep(time))
          } else if (body._tag === "Uint8Array") {
            yield* Effect.sleep(Duration.times(time, body.body.length / (256 * 1024)))
          }
          yield* Effect.sleep("5 seconds")
          return reply(201)
        })
      )
    )

  const pushingSmall = Effect.gen(function*() {
    const bytes = Buffer.alloc(1024 * 1024, "x")
    const descriptor = { ...(yield* digestOf(bytes)), mediaType: MediaType.OctetStream }
    return yield* Effect.flatMap(registry, (_) => _.pushBlob(repository, descriptor, Stream.make(bytes)))
  })

  it.effect("does not end a small blob or a chunk that makes slow progress", () =>
    Effect.gen(function*() {
      const fiber = yield* Effect.fork(pushingSmall)
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(yield* Fiber.join(fiber), "Pushed")
    }).pipe(Effect.provide(services(slow("9 seconds"), [], { ...options, responseTimeout: "6 seconds" }))))

  it.effect("fails a small blob that stalls", () =>
    Effect.gen(function*() {
      const fiber = yield* Effect.fork(failure(pushingSmall))
      yield* TestClock.adjust("11 seconds")
      assert.strictEqual((yield* Fiber.join(fiber)).reason, "TimedOut")
    }).pipe(Effect.provide(services(slow("1 hour"), [], options))))

  it.effect("is that of a response once the body is sent", () =>
    Effect.gen(function*() {
      const fiber = yield* Effect.fork(failure(pushingSmall))
      yield* TestClock.adjust("8 seconds")
      const error = yield* Fiber.join(fiber)
      assert.strictEqual(error.reason, "TimedOut")
      assert.include(error.message, "no response for 4s")
    }).pipe(Effect.provide(services(slow("1 second"), [], { ...options, responseTimeout: "4 seconds" }))))

  it.effect("fails a body that the registry does not consume", () =>
    Effect.gen(function*() {
      const piece = new Uint8Array(1024 * 1024)
      const fiber = yield* Effect.fork(Effect.flip(pushing(Stream.make(piece, piece, piece))))
      yield* TestClock.adjust("11 seconds")
      const error = yield* Fiber.join(fiber)
      assert.strictEqual(error._tag === "RegistryFailed" ? error.reason : error._tag, "TimedOut")
    }).pipe(Effect.provide(services(reading(1), [], options))))

  it.effect("does not include the time of the content stream", () =>
    Effect.gen(function*() {
      const piece = new Uint8Array(1024 * 1024)
      const slow = Stream.mapEffect(Stream.make(piece, piece, piece), (piece) =>
        Effect.as(Effect.sleep("1 minute"), piece))
      const fiber = yield* Effect.fork(Effect.flip(pushing(slow)))
      yield* TestClock.adjust("5 minutes")
      // It is another blob, which is only known at its end.
      assert.strictEqual((yield* Fiber.join(fiber))._tag, "DigestMismatch")
    }).pipe(Effect.provide(services(reading(4), [], options))))
})

describe("text of a registry", () => {
  const red = "\u001B[31m\u009B2J\u007F\r\nforged\u202E\u2028\uD800\u{E0041}"
  const shown = "\\u001b[31m\\u009b2J\\u007f\\u000d\\u000aforged\\u202e\\u2028\\ud800\\u{e0041}"

  const errors = (status: number, headers: Readonly<Record<string, string>> = {}) =>
    network(() => ({ status, headers, body: JSON.stringify({ errors: [{ code: red, message: `é ${red} ✓` }] }) }))

  it.effect("is escaped in a message, and unchanged in a field", () => {
    const { layer } = errors(400, { "x-request-id": "r\u009B1m" })
    return Effect.gen(function*() {
      const error = yield* failure(fetched)
      assert.include(error.message, `${shown}: é ${shown} ✓`)
      assert.include(error.message, "[request r\\u009b1m]")
      assert.notMatch(error.message, /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}]/u)
      assert.strictEqual(error.errors[0]?.code, red)
      assert.strictEqual(String(error.errors[0]), `${shown}: é ${shown} ✓`)
    }).pipe(Effect.provide(services(layer)))
  })

  it.effect("is escaped in rate limit headers", () => {
    const { layer } = network(() => ({
      status: 429,
      headers: { "retry-after": "7200", "ratelimit-limit": "\u009B1m" }
    }))
    return Effect.gen(function*() {
      assert.include((yield* failure(fetched)).message, "ratelimit-limit: \\u009b1m")
    }).pipe(Effect.provide(services(layer)))
  })

  it.effect("is escaped in an authentication error", () => {
    const { layer } = errors(401, { "www-authenticate": "Bearer realm=\"/token\",scope=\"\u009B1m\"" })
    return Effect.gen(function*() {
      const { message } = yield* Effect.flip(fetched)
      assert.include(message, "\\u009b1m")
      assert.include(message, shown)
      assert.notMatch(message, /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}]/u)
    }).pipe(Effect.provide(services(layer)))
  })
})

describe("a warning", () => {
  it.effect("is logged with control characters escaped", () => {
    const { layer } = network(() => ({ status: 200, headers: { warning: "299 - \"\u009B2J the end\"" } }))
    const shown: Array<string> = []
    return Effect.gen(function*() {
      yield* stat
      deepStrictEqual(shown, [`The registry at ${host}:443 says: \\u009b2J the end`])
    }).pipe(
      Effect.provide(services(layer)),
      Effect.provide(
        Logger.replace(Logger.defaultLogger, Logger.make(({ message }) => void shown.push(String(message))))
      )
    )
  })

  it.effect("is logged once", () => {
    const { layer } = network(() => ({ status: 200, headers: { warning: "299 - \"the end is near\"" } }))
    const shown: Array<string> = []
    return Effect.gen(function*() {
      yield* stat
      yield* stat
      deepStrictEqual(shown, [`The registry at ${host}:443 says: the end is near`])
    }).pipe(
      Effect.provide(services(layer)),
      Effect.provide(Logger.replace(Logger.defaultLogger, Logger.make(({ message }) => shown.push(String(message)))))
    )
  })
})

describe("a blob that is fetched", () => {
  it.live("resumes after a lost connection", () => {
    const { layer, requests } = network(({ headers }) => {
      const [, from] = /^bytes=(\d+)-$/.exec(headers["range"] ?? "") ?? []
      const at = Number(from ?? 0)
      return {
        status: from === undefined ? 200 : 206,
        headers: from === undefined ? {} : { "content-range": `bytes ${at}-${bytes.length - 1}/${bytes.length}` },
        body: text.slice(at, at + 10),
        isCut: at + 10 < bytes.length
      }
    })
    return Effect.gen(function*() {
      assert.strictEqual(yield* fetched, text)
      deepStrictEqual(requests.map(({ headers }) => headers["range"]), [undefined, "bytes=10-", "bytes=20-"])
    }).pipe(Effect.provide(services(layer)))
  })

  it.live("starts again if the registry does not support ranges", () => {
    const { layer, requests } = network((_, { length }) => ({
      status: 200,
      body: length === 0 ? text.slice(0, 10) : text,
      isCut: length === 0
    }))
    return Effect.gen(function*() {
      assert.strictEqual(yield* fetched, text)
      assert.strictEqual(requests.length, 2)
    }).pipe(Effect.provide(services(layer)))
  })

  describe("in concurrent parts", () => {
    const inParts = { parallelParts: 3, partSize: 4 }

    it.live("is streamed in order, and an interrupted part resumes on its own", () => {
      const seen = new Set<number>()
      const { layer, requests } = network(({ headers }) => {
        const [, from, to] = (/^bytes=(\d+)-(\d+)$/.exec(headers["range"] ?? "") ?? []).map(Number)
        if (from === undefined || to === undefined) return { status: 400 }
        const isCut = from === 12 && !seen.has(12)
        seen.add(from)
        const end = isCut ? from + 2 : to + 1
        return {
          status: 206,
          headers: { "content-range": `bytes ${from}-${to}/${bytes.length}` },
          body: text.slice(from, end),
          isCut
        }
      })
      return Effect.gen(function*() {
        assert.strictEqual(yield* fetched, text)
        deepStrictEqual(
          requests.map(({ headers }) => headers["range"]).sort(),
          ["bytes=0-3", "bytes=12-15", "bytes=14-15", "bytes=16-19", "bytes=20-22", "bytes=4-7", "bytes=8-11"]
        )
      }).pipe(Effect.provide(services(layer, [], inParts)))
    })

    it.live("is fetched as a whole if the registry does not support ranges", () => {
      const { layer, requests } = network(() => ({ status: 200, body: text }))
      return Effect.gen(function*() {
        assert.strictEqual(yield* fetched, text)
        deepStrictEqual(requests.map(({ headers }) => headers["range"]), ["bytes=0-3", "bytes=4-22"])
      }).pipe(Effect.provide(services(layer, [], inParts)))
    })
  })

  it.live("fails if a Content-Range is not the requested range", () => {
    const { layer } = network(({ headers }) =>
      headers["range"] === undefined
        ? { status: 200, body: text.slice(0, 10), isCut: true }
        : { status: 206, headers: { "content-range": "bytes 5-22/23" }, body: text.slice(5) }
    )
    return Effect.gen(function*() {
      assert.strictEqual((yield* failure(fetched)).reason, "InvalidResponse")
    }).pipe(Effect.provide(services(layer)))
  })

  it.live("that ends early at the same offset each time fails in the end", () => {
    const { layer, requests } = network(() => ({ status: 200, body: text.slice(0, 10), isCut: true }))
    return Effect.gen(function*() {
      assert.strictEqual((yield* failure(fetched)).reason, "Truncated")
      assert.strictEqual(requests.length, 3)
    }).pipe(Effect.provide(services(layer, [], { retries: 2 })))
  })

  it.live("fails before its body is read if its size differs", () => {
    const { layer } = network(() => ({ status: 200, headers: { "content-length": "99" }, body: text }))
    return Effect.gen(function*() {
      const error = yield* Effect.flip(fetched)
      assert.instanceOf(error, ContentError.SizeMismatch)
    }).pipe(Effect.provide(services(layer)))
  })

  it.live("with other bytes fails", () => {
    const { layer } = network(() => ({ status: 200, body: text.toUpperCase() }))
    return Effect.gen(function*() {
      assert.instanceOf(yield* Effect.flip(fetched), ContentError.DigestMismatch)
    }).pipe(Effect.provide(services(layer)))
  })

  it.live("by range has the requested length even if the registry sends all", () => {
    const part = Effect.flatMap(
      registry,
      (_) => Stream.runCollect(_.fetchBlobRange(repository, digest, { offset: 7, length: 8 }))
    ).pipe(
      Effect.map((parts) => Buffer.concat(Array.from(parts)).toString())
    )
    const all = network(() => ({ status: 200, body: text }))
    const some = network(() => ({ status: 206, headers: { "content-range": "bytes 7-14/23" }, body: "registry" }))
    return Effect.gen(function*() {
      assert.strictEqual(yield* Effect.provide(part, services(all.layer)), "registry")
      assert.strictEqual(yield* Effect.provide(part, services(some.layer)), "registry")
      assert.strictEqual(some.requests[0]?.headers["range"], "bytes=7-14")
    })
  })
})

describe("the existence of a blob", () => {
  it.live("is determined by its headers", () => {
    const there = network(() => ({ status: 200, headers: { "content-length": "23" } }))
    const absent = network(() => ({ status: 404 }))
    return Effect.gen(function*() {
      assertSome(yield* Effect.provide(stat, services(there.layer)), { digest, size: Option.some(23) })
      assertNone(yield* Effect.provide(stat, services(absent.layer)))
    })
  })

  it.live("is determined by a range request if its storage does not support HEAD", () => {
    const { layer, requests } = network(({ headers, method, url }) =>
      url.startsWith(base)
        ? { status: 307, headers: { location: "https://storage.example.com/x" } }
        : method === "HEAD"
        ? { status: 403 }
        : {
          status: 206,
          headers: { "content-range": "bytes 0-0/23" },
          body: headers["range"] === "bytes=0-0" ? "h" : ""
        }
    )
    return Effect.gen(function*() {
      assertSome(yield* stat, { digest, size: Option.some(23) })
      assert.strictEqual(requests.length, 4)
    }).pipe(Effect.provide(services(layer)))
  })
})

describe("a manifest", () => {
  const value = ImageManifest.artifact(MediaType.OctetStream, { layers: [blob] })
  const encoded: unknown = JSON.parse(Buffer.from(Either.getOrThrow(ImageManifest.codec.encode(value))).toString())
  const spaced = Buffer.from(JSON.stringify(encoded, null, 3))
  const fetch = (name: Registry.Name) => Effect.flatMap(registry, (_) => _.fetchManifest(repository, name))

  it.live("has its exact bytes, their descriptor and the decoded document", () => {
    const { layer, requests } = network(() => ({
      status: 200,
      headers: { "content-type": `${MediaType.ImageManifest}; charset=utf-8` },
      body: spaced
    }))
    return Effect.gen(function*() {
      const descriptor = yield* digestOf(spaced)
      const manifest = yield* fetch(tag)
      deepStrictEqual(Buffer.from(manifest.bytes), spaced)
      deepStrictEqual(manifest.descriptor, descriptor)
      assert.strictEqual(Option.getOrThrow(manifest.value)._tag, "Manifest")
      for (
        const type of [
          MediaType.ImageIndex,
          MediaType.ImageManifest,
          MediaType.DockerManifestList,
          MediaType.DockerManifest
        ]
      ) {
        assert.include(requests[0]?.headers["accept"], type)
      }
    }).pipe(Effect.provide(services(layer)))
  })

  it.live("fails if its bytes do not match the requested digest", () => {
    const { layer } = network(() => ({ status: 200, body: spaced }))
    return Effect.gen(function*() {
      assert.instanceOf(yield* Effect.flip(fetch(digest)), ContentError.DigestMismatch)
    }).pipe(Effect.provide(services(layer)))
  })

  it.live("is verified with the algorithm of the requested digest", () => {
    const { layer } = network(() => ({ status: 200, body: spaced }))
    return Effect.gen(function*() {
      const { digest } = yield* Effect.provide(
        Content.describe(MediaType.ImageManifest, spaced, "sha512"),
        NodeHasher.layer
      )
      const manifest = yield* fetch(Digest.Digest.make(digest))
      assert.strictEqual(manifest.descriptor.digest, digest)
    }).pipe(Effect.provide(services(layer)))
  })

  it.live("may have a digest header without algorithm, but not a wrong one", () => {
    const answer = (named: string) =>
      network(() => ({ status: 200, headers: { "docker-content-digest": named }, body: spaced }))
    return Effect.gen(function*() {
      const { digest: right } = yield* digestOf(spaced)
      const bare = right.slice("sha256:".length)
      assert.strictEqual((yield* Effect.provide(fetch(tag), services(answer(bare).layer))).descriptor.digest, right)
      assert.instanceOf(
        yield* Effect.flip(Effect.provide(fetch(tag), services(answer(digest).layer))),
        ContentError.DigestMismatch
      )
    })
  })

  it.live("with contradicting media types fails, unless it was requested by digest", () => {
    const { layer } = network(() => ({ status: 200, headers: { "content-type": MediaType.ImageIndex }, body: spaced }))
    return Effect.gen(function*() {
      assert.strictEqual((yield* failure(fetch(tag))).reason, "InvalidResponse")
      const { digest } = yield* digestOf(spaced)
      assert.strictEqual((yield* fetch(Digest.Digest.make(digest))).descriptor.mediaType, MediaType.ImageManifest)
    }).pipe(Effect.provide(services(layer)))
  })

  it.live("of more than 4 MiB fails", () => {
    const { layer } = network(() => ({ status: 200, body: Buffer.alloc(4 * 1024 * 1024 + 1, 0x20) }))
    return Effect.gen(function*() {
      assert.strictEqual((yield* failure(fetch(tag))).reason, "TooLarge")
    }).pipe(Effect.provide(services(layer)))
  })

  it.live("is fetched and hashed if its headers do not identify it", () => {
    const { layer, requests } = network(({ method }) =>
      method === "HEAD" ? { status: 200 } : { status: 200, body: spaced }
    )
    return Effect.gen(function*() {
      const found = yield* Effect.flatMap(registry, (_) => _.statManifest(repository, tag))
      assertSome(found, yield* digestOf(spaced))
      deepStrictEqual(requests.map(({ method }) => method), ["HEAD", "GET"])
    }).pipe(Effect.provide(services(layer)))
  })

  const content = Effect.map(digestOf(spaced), (descriptor) => ({ descriptor, bytes: spaced, value }))
  const push = (tags: ReadonlyArray<string>) =>
    Effect.flatMap(
      Effect.zip(registry, content),
      ([_, manifest]) => _.pushManifest(repository, manifest, { tags: tags.map((tag) => Reference.Tag.make(tag)) })
    )

  it.live("is stored with its exact bytes and its own media type", () => {
    const { layer, requests } = network(() => ({ status: 201 }))
    return Effect.gen(function*() {
      yield* push(["v1"])
      const [request] = requests
      deepStrictEqual(lines(requests), [`PUT ${base}/manifests/v1`])
      assert.strictEqual(request?.body, spaced.toString("latin1"))
      assert.strictEqual(request?.headers["content-type"], MediaType.ImageManifest)
    }).pipe(Effect.provide(services(layer)))
  })

  it.live("fails to be pushed if the status is not 201", () => {
    const { layer } = network(() => ({ status: 200 }))
    return Effect.gen(function*() {
      assert.strictEqual((yield* failure(push(["v1"]))).status, 200)
    }).pipe(Effect.provide(services(layer)))
  })

  it.live("gets several tags in one request, and one by one those that the registry did not set", () => {
    const { layer, requests } = network(({ url }) => ({
      status: 201,
      headers: url.includes("?tag=") ? { "oci-tag": "a, c" } : {}
    }))
    return Effect.gen(function*() {
      yield* push(["a", "b", "c"])
      const { digest } = yield* digestOf(spaced)
      deepStrictEqual(lines(requests), [`PUT ${base}/manifests/${digest}?tag=a&tag=b&tag=c`, `PUT ${base}/manifests/b`])
    }).pipe(Effect.provide(services(layer)))
  })

  it.live("gets its tags one by one if the registry does not support several at once", () => {
    const { layer, requests } = network(({ url }) => ({ status: url.includes("?tag=") ? 414 : 201 }))
    return Effect.gen(function*() {
      yield* push(["a", "b"])
      deepStrictEqual(lines(requests).slice(1), [`PUT ${base}/manifests/a`, `PUT ${base}/manifests/b`])
    }).pipe(Effect.provide(services(layer)))
  })

  it.live("that does not match its descriptor is not sent", () => {
    const { layer, requests } = network(() => ({ status: 201 }))
    return Effect.gen(function*() {
      const manifest = yield* content
      const wrong = { ...manifest, descriptor: { ...manifest.descriptor, mediaType: MediaType.ImageIndex } }
      const error = yield* Effect.flip(Effect.flatMap(registry, (_) => _.pushManifest(repository, wrong)))
      assert.instanceOf(error, ContentError.InvalidDocument)
      assert.strictEqual(requests.length, 0)
    }).pipe(Effect.provide(services(layer)))
  })
})

describe("an index", () => {
  it.live("is fetched and decoded like a manifest", () => {
    const index = Buffer.from(JSON.stringify(ImageIndex.make([])))
    const { layer } = network(() => ({ status: 200, body: index }))
    return Effect.gen(function*() {
      const { value } = yield* Effect.flatMap(registry, (_) => _.fetchManifest(repository, tag))
      assert.strictEqual(Option.getOrThrow(value)._tag, "Index")
    }).pipe(Effect.provide(services(layer)))
  })
})
