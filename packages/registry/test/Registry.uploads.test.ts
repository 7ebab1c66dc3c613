import { assert, describe, it } from "@effect/vitest"
import { deepStrictEqual } from "@effect/vitest/utils"
import { NodeHasher } from "@ociman/node"
import { Content, ContentError, type Descriptor, Digest, MediaType } from "@ociman/oci"
import { Credential, Registry, RegistryError, Repository } from "@ociman/registry"
import { Data, Effect, Fiber, Redacted, Stream, TestClock } from "effect"
import { lines, network, type Received, type Reply, type Script, services } from "./scripted.js"

const host = "registry.example.com"
const origin = `https://${host}`
const repository = Repository.make(`${host}/team/app`)
const uploads = `${origin}/v2/team/app/blobs/uploads/`

const text = "0123456789abcdefghijklmnopqrstuvwxyz"
const bytes = Buffer.from(text)

const describeBytes = (content: Uint8Array, algorithm?: Digest.Algorithm) =>
  Effect.provide(Content.describe(MediaType.OctetStream, content, algorithm), NodeHasher.layer)

const push = (options?: Registry.PushBlobOptions, content: Uint8Array = bytes) =>
  Effect.flatMap(
    describeBytes(content),
    (descriptor) =>
      Effect.flatMap(Registry.Registry, (_) => _.pushBlob(repository, descriptor, Stream.make(content), options))
  )

const failure = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.flatMap(Effect.flip(effect), (error) =>
    error instanceof RegistryError.RegistryFailed
      ? Effect.succeed(error)
      : Effect.dieMessage(`an error of another kind: ${String(error)}`))

/** Responses of a registry before the blob is sent. */
const missing: Reply = { status: 404 }

const session = (location: string, headers: Readonly<Record<string, string>> = {}): Reply => ({
  status: 202,
  headers: { location, ...headers }
})

const methods = (requests: ReadonlyArray<Received>) => requests.map(({ method }) => method)

/** A registry with one upload; it keeps what it was sent, by parts or whole. */
const receiving = (options: {
  readonly whole?: (request: Received, count: number) => Reply | undefined
  readonly part?: (request: Received, count: number) => Reply | undefined | "Lose"
  readonly headers?: Readonly<Record<string, string>>
} = {}) => {
  const state = { received: "", location: 0, wholes: 0, parts: 0, stored: "" }
  const here = () => `${uploads}u?state=${++state.location}%2B`
  const range = () => ({ range: `0-${Math.max(state.received.length - 1, 0)}` })
  const script: Script = (request) => {
    const { body, headers, method, url } = request
    if (method === "HEAD") return missing
    if (method === "POST") {
      state.received = ""
      return session(here(), { range: "0-0", ...options.headers })
    }
    if (method === "DELETE") return { status: 204 }
    if (!url.includes(`state=${state.location}%2B`)) return { status: 404 }
    if (method === "GET") return { status: 204, headers: { location: here(), ...range() } }
    if (method === "PATCH") {
      const [from = -1] = (headers["content-range"] ?? "").split("-").map(Number)
      if (from !== state.received.length) return { status: 416, headers: { location: here(), ...range() } }
      const reply = options.part?.(request, state.parts++)
      if (reply === "Lose") return undefined
      if (reply !== undefined) return reply
      state.received += body
      return session(here(), range())
    }
    const isWhole = body !== ""
    const reply = isWhole ? options.whole?.(request, state.wholes++) : undefined
    if (isWhole && options.whole !== undefined && reply === undefined) return undefined
    if (reply !== undefined && reply.status !== 201) return reply
    state.stored = state.received + body
    return { status: 201 }
  }
  return { state, script, ...network(script) }
}

describe("a blob that is pushed", () => {
  it.live("is sent in one request to the Location, with the digest appended to its query", () => {
    const { layer, requests, state } = receiving()
    return Effect.gen(function*() {
      const { digest } = yield* describeBytes(bytes)
      assert.strictEqual(yield* push(), "Pushed")
      deepStrictEqual(lines(requests), [
        `HEAD ${origin}/v2/team/app/blobs/${digest}`,
        `POST ${uploads}`,
        `PUT ${uploads}u?state=1%2B&digest=${encodeURIComponent(digest)}`
      ])
      const [, post, put] = requests
      assert.strictEqual(post?.headers["content-length"], "0")
      assert.strictEqual(put?.headers["content-length"], String(bytes.length))
      assert.strictEqual(put?.headers["content-type"], "application/octet-stream")
      assert.strictEqual(state.stored, text)
    }).pipe(Effect.provide(services(layer)))
  })

  it.live("that exists is not sent", () => {
    const { layer, requests } = network(() => ({ status: 200, headers: { "content-length": String(bytes.length) } }))
    return Effect.gen(function*() {
      assert.strictEqual(yield* push(), "Present")
      deepStrictEqual(methods(requests), ["HEAD"])
    }).pipe(Effect.provide(services(layer)))
  })

  it.live("may come from a reused buffer", () => {
    const { layer, state } = receiving()
    const memory = Buffer.alloc(10)
    const content = Stream.range(0, 3).pipe(
      Stream.rechunk(1),
      Stream.map((i) => memory.subarray(0, bytes.copy(memory, 0, i * 10)))
    )
    return Effect.gen(function*() {
      const descriptor = yield* describeBytes(bytes)
      const registry = yield* Registry.Registry
      assert.strictEqual(yield* registry.pushBlob(repository, descriptor, content), "Pushed")
      assert.strictEqual(state.stored, text)
    }).pipe(Effect.provide(services(layer)))
  })

  it.live("concurrently by several fibers is sent once", () => {
    const { script, state } = receiving()
    let isStored = false
    const { layer, requests } = network((request, earlier) => {
      if (request.method === "HEAD" && isStored) {
        return { status: 200, headers: { "content-length": String(text.length) } }
      }
      isStored ||= request.method === "PUT"
      return script(request, earlier)
    })
    return Effect.gen(function*() {
      const pushed = yield* Effect.replicateEffect(push(), 4, { concurrency: "unbounded" })
      deepStrictEqual(pushed, ["Pushed", "Present", "Present", "Present"])
      deepStrictEqual(methods(requests), ["HEAD", "POST", "PUT", "HEAD", "HEAD", "HEAD"])
      assert.strictEqual(state.stored, text)
    }).pipe(Effect.provide(services(layer)))
  })

  it.live("that was just found missing is not looked for again", () => {
    const { layer, requests } = receiving()
    return Effect.gen(function*() {
      const { digest } = yield* describeBytes(bytes)
      const { statBlob } = yield* Registry.Registry
      yield* statBlob(repository, decode(digest))
      yield* push()
      yield* push()
      deepStrictEqual(methods(requests), ["HEAD", "POST", "PUT", "HEAD", "POST", "PUT"])
    }).pipe(Effect.provide(services(layer)))
  })

  it.live("of zero bytes is sent with a length of zero", () => {
    const { layer, requests } = receiving()
    return Effect.gen(function*() {
      yield* push({}, new Uint8Array(0))
      const put = requests.at(-1)
      assert.strictEqual(put?.method, "PUT")
      assert.strictEqual(put?.headers["content-length"], "0")
    }).pipe(Effect.provide(services(layer)))
  })

  it.live("with another digest algorithm is announced by digest-algorithm", () => {
    const { layer, requests } = receiving()
    return Effect.gen(function*() {
      const descriptor = yield* describeBytes(bytes, "sha512")
      yield* Effect.flatMap(Registry.Registry, (_) => _.pushBlob(repository, descriptor, Stream.make(bytes)))
      assert.strictEqual(lines(requests)[1], `POST ${uploads}?digest-algorithm=sha512`)
    }).pipe(Effect.provide(services(layer)))
  })

  it.live("is pushed if the registry does not report its existence", () => {
    const { script } = receiving()
    const { layer } = network((request, earlier) =>
      request.method === "HEAD" ? { status: 405 } : script(request, earlier)
    )
    return Effect.gen(function*() {
      assert.strictEqual(yield* push(), "Pushed")
    }).pipe(Effect.provide(services(layer)))
  })

  for (
    const [what, reply] of [
      ["without a place", { status: 202 }],
      ["with a place that is no address", session("http://[bad")],
      ["with a place of another scheme", session("ftp://registry.example.com/u")],
      ["with 204", { status: 204 }]
    ] as const
  ) {
    it.live(`fails if the session is opened ${what}`, () => {
      const { layer } = network(({ method }) => method === "HEAD" ? missing : reply)
      return Effect.gen(function*() {
        assert.strictEqual((yield* failure(push())).reason, "InvalidResponse")
      }).pipe(Effect.provide(services(layer)))
    })
  }

  it.live("is not sent to an unencrypted or private Location", () => {
    const at = (location: string) => network(({ method }) => method === "HEAD" ? missing : session(location))
    return Effect.gen(function*() {
      for (const location of ["http://registry.example.com/u", "https://192.168.1.1/u"]) {
        const { layer } = at(location)
        assert.strictEqual((yield* failure(Effect.provide(push(), services(layer)))).reason, "Refused")
      }
    })
  })

  it.live("is sent to another host without credentials", () => {
    const { layer, requests } = network(({ headers, method, url }) =>
      !url.startsWith(origin)
        ? { status: 201 }
        : headers["authorization"] === undefined
        ? { status: 401, headers: { "www-authenticate": "Basic realm=\"r\"" } }
        : method === "HEAD"
        ? missing
        : session("https://upload.example.com/u?sig=a+b")
    )
    const credentials = [[host, Credential.login("u", Redacted.make("p"))]] as const
    return Effect.gen(function*() {
      yield* push()
      assert.isUndefined(requests.at(-1)?.headers["authorization"])
      assert.isDefined(requests.at(-2)?.headers["authorization"])
    }).pipe(Effect.provide(services(layer, credentials)))
  })

  it.live("that does not match its descriptor fails, and the session is cancelled", () => {
    const { layer, requests } = receiving()
    return Effect.gen(function*() {
      const descriptor = yield* describeBytes(Buffer.from(text.toUpperCase()))
      const error = yield* Effect.flip(
        Effect.flatMap(Registry.Registry, (_) => _.pushBlob(repository, descriptor, Stream.make(bytes)))
      )
      assert.instanceOf(error, ContentError.DigestMismatch)
      assert.strictEqual(requests.at(-1)?.method, "DELETE")
      assert.notInclude(methods(requests), "PUT")
    }).pipe(Effect.provide(services(layer, [], { chunkSize: 10 })))
  })

  it.live("whose content fails to be read fails with that error", () => {
    class Unreadable extends Data.TaggedError("Unreadable") {}
    const { layer, state } = receiving()
    return Effect.gen(function*() {
      const descriptor = yield* describeBytes(bytes)
      const content = Stream.concat(Stream.make(bytes.subarray(0, 5)), Stream.fail(new Unreadable()))
      const error = yield* Effect.flip(
        Effect.flatMap(Registry.Registry, (_) => _.pushBlob(repository, descriptor, content))
      )
      assert.strictEqual(error._tag, "Unreadable")
      assert.strictEqual(state.stored, "")
    }).pipe(Effect.provide(services(layer, [], { chunkSize: 10 })))
  })

  it.live("fails if the registry declares that it stored another digest", () => {
    const { layer } = network(({ method }) =>
      method === "HEAD"
        ? missing
        : method === "POST"
        ? session("/u")
        : { status: 201, headers: { "docker-content-digest": `sha256:${"0".repeat(64)}` } }
    )
    return Effect.gen(function*() {
      assert.strictEqual((yield* failure(push())).reason, "InvalidResponse")
    }).pipe(Effect.provide(services(layer)))
  })
})

describe("a push that is interrupted", () => {
  const small = { chunkSize: 10 }

  it.live("is retried after a lost connection, in a new session for a small blob", () => {
    const { layer, requests, state } = receiving({ whole: (_, count) => count === 0 ? undefined : { status: 201 } })
    return Effect.gen(function*() {
      assert.strictEqual(yield* push(), "Pushed")
      assert.strictEqual(state.stored, text)
      deepStrictEqual(methods(requests), ["HEAD", "POST", "PUT", "POST", "PUT"])
    }).pipe(Effect.provide(services(layer)))
  })

  it.live("starts again if the registry has lost the session", () => {
    const { layer, state } = receiving({
      whole: (_, count) =>
        count === 0
          ? { status: 404, body: JSON.stringify({ errors: [{ code: "BLOB_UPLOAD_UNKNOWN" }] }) }
          : { status: 201 }
    })
    return Effect.gen(function*() {
      yield* push()
      assert.strictEqual(state.stored, text)
    }).pipe(Effect.provide(services(layer)))
  })

  it.live("continues in chunks if the registry has a part of a large blob", () => {
    const { layer, requests, state } = receiving({
      whole: ({ body }) => {
        state.received = body.slice(0, 15)
        return undefined
      }
    })
    return Effect.gen(function*() {
      yield* push()
      assert.strictEqual(state.stored, text)
      const patches = requests.filter(({ method }) => method === "PATCH").map(({ headers }) => headers["content-range"])
      deepStrictEqual(patches, ["15-24", "25-34", "35-35"])
    }).pipe(Effect.provide(services(layer, [], small)))
  })

  it.live("continues in chunks if the registry does not accept it in one request", () => {
    const { layer, requests, state } = receiving({ whole: () => ({ status: 413 }) })
    return Effect.gen(function*() {
      yield* push()
      assert.strictEqual(state.stored, text)
      const patches = requests.filter(({ method }) => method === "PATCH")
      deepStrictEqual(patches.map(({ headers }) => headers["content-range"]), ["0-9", "10-19", "20-29", "30-35"])
      // Each goes to where the answer before it said.
      assert.strictEqual(new Set(patches.map(({ url }) => url)).size, 4)
    }).pipe(Effect.provide(services(layer, [], small)))
  })

  it.live("sends chunks of the minimum size that the registry requires", () => {
    const { layer, requests } = receiving({
      whole: () => ({ status: 413 }),
      headers: { "oci-chunk-min-length": "20" }
    })
    return Effect.gen(function*() {
      yield* push()
      const patches = requests.filter(({ method }) => method === "PATCH").map(({ headers }) => headers["content-range"])
      deepStrictEqual(patches, ["0-19", "20-35"])
    }).pipe(Effect.provide(services(layer, [], small)))
  })

  it.live("requests the progress of the session after a lost chunk", () => {
    const { layer, state } = receiving({
      whole: () => ({ status: 413 }),
      part: ({ body }, count) => {
        if (count !== 1) return undefined
        state.received += body.slice(0, 4)
        return "Lose"
      }
    })
    return Effect.gen(function*() {
      yield* push()
      assert.strictEqual(state.stored, text)
    }).pipe(Effect.provide(services(layer, [], small)))
  })

  it.live("sends the rest of a chunk that the registry received in part", () => {
    const { layer, state } = receiving({
      whole: () => ({ status: 413 }),
      part: ({ body }, count) => {
        if (count !== 0) return undefined
        state.received += body.slice(0, 4)
        return session(`${uploads}u?state=${++state.location}%2B`, { range: "0-3" })
      }
    })
    return Effect.gen(function*() {
      yield* push()
      assert.strictEqual(state.stored, text)
    }).pipe(Effect.provide(services(layer, [], small)))
  })

  for (const status of [408, 429, 500, 503]) {
    for (const failed of [0, 1]) {
      it.live(`repeats chunk ${failed} after status ${status}`, () => {
        const { layer, requests, state } = receiving({
          whole: () => ({ status: 413 }),
          part: (_, count) => count === failed ? { status } : undefined
        })
        return Effect.gen(function*() {
          assert.strictEqual(yield* push(), "Pushed")
          assert.strictEqual(state.stored, text)
          assert.strictEqual(requests.filter(({ method }) => method === "PATCH").length, 5)
        }).pipe(Effect.provide(services(layer, [], small)))
      })
    }
  }

  it.live("repeats a chunk after 429 if the session does not report its progress", () => {
    const { script, state } = receiving({
      whole: () => ({ status: 413 }),
      part: (_, count) => count === 1 ? { status: 429 } : undefined
    })
    const { layer } = network((request, earlier) =>
      request.method === "GET" ? { status: 405 } : script(request, earlier)
    )
    return Effect.gen(function*() {
      assert.strictEqual(yield* push(), "Pushed")
      assert.strictEqual(state.stored, text)
    }).pipe(Effect.provide(services(layer, [], small)))
  })

  it.effect("waits before a chunk as long as Retry-After asks", () => {
    const { layer, requests } = receiving({
      whole: () => ({ status: 413 }),
      part: (_, count) => count === 1 ? { status: 429, headers: { "retry-after": "30" } } : undefined
    })
    return Effect.gen(function*() {
      const fiber = yield* Effect.fork(push())
      yield* TestClock.adjust("29 seconds")
      deepStrictEqual(methods(requests).slice(-2), ["PATCH", "PATCH"])
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual(yield* Fiber.join(fiber), "Pushed")
    }).pipe(Effect.provide(services(layer, [], small)))
  })

  it.live("fails with the error of the registry if it rejects a chunk", () => {
    const { layer } = receiving({
      whole: () => ({ status: 413 }),
      part: () => ({
        status: 500,
        body: JSON.stringify({ errors: [{ code: "UNKNOWN", message: "the disk is full" }] })
      })
    })
    return Effect.gen(function*() {
      const error = yield* failure(push())
      assert.strictEqual(error.status, 500)
      assert.include(error.message, "the disk is full")
    }).pipe(Effect.provide(services(layer, [], { ...small, retries: 1 })))
  })

  it.live("retries the completion of a chunked upload", () => {
    const { script, state } = receiving({ whole: () => ({ status: 413 }) })
    let ends = 0
    const { layer } = network((request, earlier) =>
      request.method === "PUT" && request.body === "" && ends++ === 0 ? { status: 503 } : script(request, earlier)
    )
    return Effect.gen(function*() {
      assert.strictEqual(yield* push(), "Pushed")
      assert.strictEqual(state.stored, text)
    }).pipe(Effect.provide(services(layer, [], small)))
  })

  for (const isStored of [true, false]) {
    it.live(`looks for the blob if its session ended with a lost connection, when it does ${isStored ? "" : "not "}exist`, () => {
      const { script, state } = receiving({ whole: () => ({ status: 413 }) })
      let isLost = false
      const { layer } = network((request, earlier) => {
        if (request.method === "HEAD" && isLost && isStored) return { status: 200 }
        if (request.method !== "PUT" || request.body !== "") return script(request, earlier)
        if (isLost) return { status: 404, body: JSON.stringify({ errors: [{ code: "BLOB_UPLOAD_UNKNOWN" }] }) }
        script(request, earlier)
        isLost = true
        return undefined
      })
      return Effect.gen(function*() {
        if (!isStored) return assert.strictEqual((yield* failure(push())).reason, "BLOB_UPLOAD_UNKNOWN")
        assert.strictEqual(yield* push(), "Pushed")
        assert.strictEqual(state.stored, text)
      }).pipe(Effect.provide(services(layer, [], small)))
    })
  }

  it.live("uses its own offset if the registry counts each chunk separately", () => {
    const { layer, state } = receiving({
      whole: () => ({ status: 413 }),
      part: ({ body }) => {
        state.received += body
        return session(`${uploads}u?state=${++state.location}%2B`, { range: `0-${body.length - 1}` })
      }
    })
    return Effect.gen(function*() {
      yield* push()
      assert.strictEqual(state.stored, text)
    }).pipe(Effect.provide(services(layer, [], small)))
  })

  it.live("treats 201 after a chunk as an accepted chunk", () => {
    const { layer, state } = receiving({
      whole: () => ({ status: 413 }),
      part: ({ body }) => {
        state.received += body
        return { status: 201, headers: { location: `${uploads}u?state=${++state.location}%2B` } }
      }
    })
    return Effect.gen(function*() {
      yield* push()
      assert.strictEqual(state.stored, text)
    }).pipe(Effect.provide(services(layer, [], small)))
  })

  it.live("fails if the registry reports more bytes than were sent", () => {
    const { layer } = receiving({
      whole: () => ({ status: 413 }),
      part: () => session(`${uploads}u?state=1%2B`, { range: "0-99" })
    })
    return Effect.gen(function*() {
      assert.strictEqual((yield* failure(push())).reason, "InvalidResponse")
    }).pipe(Effect.provide(services(layer, [], small)))
  })

  it.live("cancels the session, and ignores a failure to do so", () => {
    const { layer, requests } = network(({ method }) =>
      method === "HEAD" ? missing : method === "POST" ? session("/u") : { status: method === "DELETE" ? 403 : 400 }
    )
    return Effect.gen(function*() {
      assert.strictEqual((yield* failure(push())).status, 400)
      deepStrictEqual(methods(requests), ["HEAD", "POST", "PUT", "DELETE"])
    }).pipe(Effect.provide(services(layer)))
  })
})

describe("a blob of another repository", () => {
  const from = Repository.make(`${host}/team/base`)

  it.live("is mounted", () => {
    const { layer, requests } = network(({ method }) => ({ status: method === "HEAD" ? 404 : 201 }))
    return Effect.gen(function*() {
      const { digest } = yield* describeBytes(bytes)
      assert.strictEqual(yield* push({ from: [from] }), "Mounted")
      assert.strictEqual(
        lines(requests)[1],
        `POST ${uploads}?mount=${encodeURIComponent(digest)}&from=${encodeURIComponent(from.path)}`
      )
    }).pipe(Effect.provide(services(layer)))
  })

  it.live("is sent in the opened session if it is not mounted", () => {
    const { layer, requests, state } = receiving()
    return Effect.gen(function*() {
      assert.strictEqual(yield* push({ from: [from] }), "Pushed")
      deepStrictEqual(methods(requests), ["HEAD", "POST", "PUT"])
      assert.strictEqual(state.stored, text)
    }).pipe(Effect.provide(services(layer)))
  })

  for (const status of [400, 403, 404, 405, 500]) {
    it.live(`is sent if the mount is answered with ${status}`, () => {
      const { script, state } = receiving()
      const { layer } = network((request, earlier) =>
        request.url.includes("mount=") ? { status } : script(request, earlier)
      )
      return Effect.gen(function*() {
        assert.strictEqual(yield* push({ from: [from] }), "Pushed")
        assert.strictEqual(state.stored, text)
      }).pipe(Effect.provide(services(layer, [], { retries: 1 })))
    })
  }

  it.live("of another registry is not mounted", () => {
    const { layer, requests } = receiving()
    return Effect.gen(function*() {
      yield* push({ from: [Repository.make("other.example.com/team/base")] })
      assert.isFalse(requests.some(({ url }) => url.includes("mount=")))
    }).pipe(Effect.provide(services(layer)))
  })

  it.live("that is not mounted leaves no session", () => {
    const { layer, requests } = receiving()
    return Effect.gen(function*() {
      const { digest } = yield* describeBytes(bytes)
      const { mountBlob } = yield* Registry.Registry
      assert.isFalse(yield* mountBlob(repository, decode(digest), from))
      deepStrictEqual(methods(requests), ["POST", "DELETE"])
    }).pipe(Effect.provide(services(layer)))
  })
})

const decode = (digest: Descriptor.Descriptor["digest"]) => Digest.Digest.make(digest)
