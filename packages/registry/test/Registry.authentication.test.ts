import { assert, describe, it } from "@effect/vitest"
import { deepStrictEqual } from "@effect/vitest/utils"
import { Digest, MediaType } from "@ociman/oci"
import { Credential, Registry, type RegistryError, Repository } from "@ociman/registry"
import { Effect, Either, Redacted, Stream, TestClock } from "effect"
import * as tokens from "../src/internal/authentication/tokens.js"
import { lines, network, type Received, type Reply, type Script, services } from "./scripted.js"
import { areOptional, load } from "./vectors.js"

const host = "registry.example.com"
const key = Repository.registryKey(host)
const repository = Repository.make(`${host}/team/app`)
const digest = "sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824" as const

const bearer = (parameters: Readonly<Record<string, string>>): Reply => ({
  status: 401,
  headers: {
    "www-authenticate": `Bearer ${Object.entries(parameters).map(([name, value]) => `${name}="${value}"`).join(",")}`
  }
})

const json = (value: unknown, status = 200): Reply => ({
  status,
  headers: { "content-type": "application/json" },
  body: JSON.stringify(value)
})

const realm = `https://auth.example.com/token`
const requested = { realm, service: "registry", scope: "repository:team/app:pull" }

const isToken = ({ url }: Received) => url.startsWith(realm)

/** A registry that takes some tokens, and a server that gives some out. */
const guarded = (
  accepts: (authorization: string | undefined) => boolean,
  give: (request: Received, earlier: ReadonlyArray<Received>) => Reply,
  challenge: Reply = bearer(requested)
): Script =>
(request, earlier) =>
  isToken(request)
    ? give(request, earlier)
    : accepts(request.headers["authorization"])
    ? { status: 200, headers: { "content-length": "5" } }
    : challenge

const login = (username: string, password: string) => Credential.login(username, Redacted.make(password))

const stat = (name = repository) => Effect.flatMap(Registry.Registry, (_) => _.statBlob(name, decode(digest)))

const decode = (text: string) => {
  const [algorithm = "", encoded = ""] = text.split(":")
  return Digest.Digest.make(`${algorithm}:${encoded}`)
}

const queryOf = (url: string, name: string) => new URL(url).searchParams.getAll(name)

const reasonOf = (error: RegistryError.RegistryError) => error.reason

describe("a registry that requires a token", () => {
  it.effect("is sent an anonymous token if there are no credentials", () => {
    const { layer, requests } = network(guarded((_) => _ === "Bearer T", () => json({ token: "T" })))
    return Effect.gen(function*() {
      yield* stat()
      deepStrictEqual(requests.map(({ headers }) => headers["authorization"]), [undefined, undefined, "Bearer T"])
      const [, token] = requests
      deepStrictEqual(queryOf(token?.url ?? "", "service"), ["registry"])
      deepStrictEqual(queryOf(token?.url ?? "", "scope"), ["repository:team/app:pull"])
    }).pipe(Effect.provide(services(layer)))
  })

  it.effect("is sent a cached token until the token expires", () => {
    const { layer, requests } = network(
      guarded((_) => _?.startsWith("Bearer ") === true, () => json({ token: "T", expires_in: 100 }))
    )
    return Effect.gen(function*() {
      yield* stat()
      yield* stat()
      assert.strictEqual(requests.filter(isToken).length, 1)
      yield* TestClock.adjust("95 seconds")
      yield* stat()
      assert.strictEqual(requests.filter(isToken).length, 2)
    }).pipe(Effect.provide(services(layer)))
  })

  it.effect.each(["https://127.0.0.1../token", "https://169.254.169.254../token", "https://localhost../token"])(
    "is not sent credentials for a token server at %s",
    (realm) => {
      const { layer, requests } = network(({ url }) =>
        url.includes("/token") ? json({ token: "T" }) : bearer({ realm })
      )
      return Effect.gen(function*() {
        yield* Effect.flip(stat())
        assert.strictEqual(requests.length, 1)
        assert.isUndefined(requests[0]?.headers["authorization"])
      }).pipe(Effect.provide(services(layer, [[host, login("alice", "s3cret")]])))
    }
  )

  it.effect("causes a single token request for concurrent requests with the same scope", () => {
    const { layer, requests } = network(guarded((_) => _ === "Bearer T", () => json({ token: "T" })))
    return Effect.gen(function*() {
      yield* Effect.all(Array.from({ length: 20 }, () => stat()), { concurrency: "unbounded" })
      assert.strictEqual(requests.filter(isToken).length, 1)
    }).pipe(Effect.provide(services(layer)))
  })

  it.effect("is sent a new token after it rejects the old one", () => {
    let taken = "Bearer 1"
    let given = 0
    const { layer, requests } = network(
      guarded((_) => _ === taken, () => json({ token: String(++given), expires_in: 3600 }))
    )
    return Effect.gen(function*() {
      yield* stat()
      taken = "Bearer 2"
      yield* stat()
      assert.strictEqual(requests.filter(isToken).length, 2)
    }).pipe(Effect.provide(services(layer)))
  })

  it.effect("is not sent requests forever if it rejects new tokens", () => {
    const { layer, requests } = network(guarded(() => false, () => json({ token: "T" })))
    return Effect.gen(function*() {
      const error = yield* Effect.flip(stat())
      assert.strictEqual(reasonOf(error), "Denied")
      assert.isAtMost(requests.length, 4)
    }).pipe(Effect.provide(services(layer, [[host, login("alice", "s3cret")]])))
  })

  it.effect("causes an error with the source and scope of the rejected credential", () => {
    const { layer } = network(guarded(() => false, () => json({ token: "T" })))
    return Effect.gen(function*() {
      const error = yield* Effect.flip(stat())
      assert.strictEqual(error._tag, "AuthenticationError")
      assert.include(error.message, "repository:team/app:pull")
      assert.include(error.message, "with the credentials from")
      assert.notInclude(error.message, "s3cret")
    }).pipe(Effect.provide(services(layer, [[host, login("alice", "s3cret")]])))
  })

  it.effect("is sent a token with additional scopes first if it requires more than expected", () => {
    const more = "repository:team/base:pull"
    const { layer, requests } = network((request) =>
      isToken(request)
        ? json({ token: queryOf(request.url, "scope").includes(more) ? "MORE" : "LESS" })
        : request.headers["authorization"] === "Bearer MORE"
        ? { status: 200 }
        : request.headers["authorization"] === "Bearer LESS"
        ? bearer({ ...requested, scope: more, error: "insufficient_scope" })
        : bearer(requested)
    )
    return Effect.gen(function*() {
      yield* stat()
      const [first, second] = requests.filter(isToken)
      deepStrictEqual(queryOf(first?.url ?? "", "scope"), ["repository:team/app:pull"])
      deepStrictEqual(queryOf(second?.url ?? "", "scope"), [more, "repository:team/app:pull"])
    }).pipe(Effect.provide(services(layer)))
  })
})

describe("a token", () => {
  const asked = <A, E>(use: (registry: Registry.Service) => Effect.Effect<A, E>) => {
    const { layer, requests } = network((request) =>
      isToken(request)
        ? json({ token: "T" })
        : request.headers["authorization"] === undefined
        ? bearer({ realm, service: "s" })
        : { status: 404 }
    )
    return Effect.map(
      Effect.exit(Effect.provide(Effect.flatMap(Registry.Registry, use), services(layer))),
      () => queryOf(requests.find(isToken)?.url ?? "", "scope")
    )
  }

  it.effect("has only the scopes of the operation", () =>
    Effect.gen(function*() {
      const blob = { mediaType: MediaType.OctetStream, digest: decode(digest), size: 5 }
      deepStrictEqual(yield* asked((_) => _.statBlob(repository, decode(digest))), ["repository:team/app:pull"])
      deepStrictEqual(yield* asked((_) => _.pushBlob(repository, blob, Stream.empty)), [
        "repository:team/app:pull,push"
      ])
      deepStrictEqual(yield* asked((_) => _.deleteBlob(repository, decode(digest))), [
        "repository:team/app:delete,pull"
      ])
      deepStrictEqual(yield* asked((_) => Stream.runDrain(_.catalog(key))), ["registry:catalog:*"])
      deepStrictEqual(yield* asked((_) => _.ping(key)), [])
    }))
})

describe("a token server", () => {
  it.effect("is sent the password, and the query of its URL is kept", () => {
    const { layer, requests } = network(
      guarded(
        (_) => _ === "Bearer T",
        () => json({ access_token: "T" }),
        bearer({ ...requested, realm: `${realm}?k=v` })
      )
    )
    return Effect.gen(function*() {
      yield* stat()
      const token = requests.find(isToken)
      assert.strictEqual(token?.headers["authorization"], `Basic ${btoa("u:p")}`)
      deepStrictEqual(queryOf(token?.url ?? "", "k"), ["v"])
    }).pipe(Effect.provide(services(layer, [[host, login("u", "p")]])))
  })

  it.effect("may be a path on the registry, without a service", () => {
    const { layer, requests } = network((request) =>
      request.url.includes("/token2")
        ? json({ token: "T" })
        : request.headers["authorization"] === "Bearer T"
        ? { status: 200 }
        : bearer({ realm: "/token2" })
    )
    return Effect.gen(function*() {
      yield* Effect.flatMap(Registry.Registry, (_) => _.ping(key))
      assert.strictEqual(requests[1]?.url, `https://${host}/token2`)
    }).pipe(Effect.provide(services(layer)))
  })

  it.effect("is sent each of several scopes as a parameter of its own", () => {
    const { layer, requests } = network((request) =>
      isToken(request)
        ? json({ token: "T" })
        : request.headers["authorization"] === "Bearer T"
        ? { status: 201 }
        : bearer({ realm, service: "s" })
    )
    return Effect.gen(function*() {
      const registry = yield* Registry.Registry
      assert.isTrue(yield* registry.mountBlob(repository, decode(digest), Repository.make(`${host}/team/base`)))
      deepStrictEqual(queryOf(requests[1]?.url ?? "", "scope"), [
        "repository:team/app:pull,push",
        "repository:team/base:pull"
      ])
    }).pipe(Effect.provide(services(layer)))
  })

  it.effect("is sent an identity token by a form, or by GET if it does not support the form", () => {
    const { layer, requests } = network(
      guarded((_) => _ === "Bearer T", ({ method }) => method === "POST" ? { status: 404 } : json({ token: "T" }))
    )
    return Effect.gen(function*() {
      yield* stat()
      const [post, get] = requests.filter(isToken)
      deepStrictEqual(Object.fromEntries(new URLSearchParams(post?.body)), {
        grant_type: "refresh_token",
        service: "registry",
        client_id: "ociman",
        scope: "repository:team/app:pull",
        refresh_token: "identity/="
      })
      assert.isUndefined(post?.headers["authorization"])
      assert.strictEqual(get?.headers["authorization"], `Basic ${btoa("<token>:identity/=")}`)
    }).pipe(Effect.provide(services(layer, [[host, Credential.identityToken(Redacted.make("identity/="))]])))
  })

  it.effect("is sent the password by a form if it does not support GET", () => {
    const { layer, requests } = network(
      guarded((_) => _ === "Bearer T", ({ method }) => method === "GET" ? { status: 405 } : json({ access_token: "T" }))
    )
    return Effect.gen(function*() {
      yield* stat()
      const [get, post] = requests.filter(isToken)
      assert.strictEqual(get?.method, "GET")
      assert.isUndefined(post?.headers["authorization"])
      assert.strictEqual(post?.url, realm)
      deepStrictEqual(Object.fromEntries(new URLSearchParams(post?.body)), {
        grant_type: "password",
        service: "registry",
        client_id: "ociman",
        scope: "repository:team/app:pull",
        username: "u",
        password: "p&="
      })
    }).pipe(Effect.provide(services(layer, [[host, login("u", "p&=")]])))
  })

  it.effect("causes a failure if it redirects a form to another origin", () => {
    const { layer, requests } = network(
      guarded(() => false, () => ({ status: 307, headers: { location: "https://other.example.com/t" } }))
    )
    return Effect.gen(function*() {
      assert.strictEqual(reasonOf(yield* Effect.flip(stat())), "Refused")
      deepStrictEqual(requests.filter(({ url }) => url.includes("other.example.com")), [])
    }).pipe(Effect.provide(services(layer, [[host, Credential.identityToken(Redacted.make("identity"))]])))
  })

  it.effect("is sent the refresh token that it issued instead of the password", () => {
    const { layer, requests } = network(
      guarded(
        (_) => _?.startsWith("Bearer ") === true,
        ({ method }) => json({ access_token: method, refresh_token: "REFRESH" })
      )
    )
    return Effect.gen(function*() {
      yield* stat()
      yield* TestClock.adjust("2 minutes")
      yield* stat()
      const [first, second] = requests.filter(isToken)
      assert.strictEqual(first?.method, "GET")
      assert.strictEqual(second?.method, "POST")
      assert.include(second?.body, "refresh_token=REFRESH")
    }).pipe(Effect.provide(services(layer, [[host, login("u", "p")]])))
  })

  it.effect("is not contacted if there is a registry token", () => {
    const { layer, requests } = network(guarded((_) => _ === "Bearer OWN", () => json({ token: "T" })))
    return Effect.gen(function*() {
      yield* stat()
      assert.strictEqual(requests.filter(isToken).length, 0)
    }).pipe(Effect.provide(services(layer, [[host, Credential.registryToken(Redacted.make("OWN"))]])))
  })

  it.effect("that refuses a token causes an error with its own message", () => {
    const { layer } = network(
      guarded(() => false, () => json({ errors: [{ code: "DENIED", message: "not you" }] }, 403))
    )
    return Effect.gen(function*() {
      const error = yield* Effect.flip(stat())
      assert.strictEqual(reasonOf(error), "TokenRefused")
      assert.include(error.message, "not you")
      assert.strictEqual(error.status, 403)
    }).pipe(Effect.provide(services(layer)))
  })

  it.live("that is down is not contacted forever", () => {
    const { layer, requests } = network(guarded(() => false, () => ({ status: 503 })))
    return Effect.gen(function*() {
      assert.strictEqual(reasonOf(yield* Effect.flip(stat())), "TokenServerFailed")
      assert.strictEqual(requests.filter(isToken).length, 3)
    }).pipe(Effect.provide(services(layer, [], { retries: 2 })))
  })

  it.effect("must not redirect into a private network, and the password stays on its origin", () => {
    const { layer, requests } = network((request) =>
      request.url.startsWith("https://other.example.com")
        ? { status: 302, headers: { location: "http://169.254.169.254/token" } }
        : guarded(() => false, () => ({ status: 307, headers: { location: "https://other.example.com/t" } }))(
          request,
          []
        )
    )
    return Effect.gen(function*() {
      assert.strictEqual(reasonOf(yield* Effect.flip(stat())), "Refused")
      deepStrictEqual(requests.map(({ headers, url }) => [new URL(url).host, headers["authorization"]]), [
        [host, undefined],
        ["auth.example.com", `Basic ${btoa("u:p")}`],
        ["other.example.com", undefined]
      ])
    }).pipe(Effect.provide(services(layer, [[host, login("u", "p")]])))
  })
})

describe("a registry that requires a password", () => {
  const basic: Script = ({ headers }) =>
    headers["authorization"] === `Basic ${btoa("u:p:q")}`
      ? { status: 200 }
      : { status: 401, headers: { "www-authenticate": "BASIC realm=\"r\"" } }

  it.effect("is sent the password, and with the next request preemptively", () => {
    const { layer, requests } = network(basic)
    return Effect.gen(function*() {
      yield* stat()
      yield* stat()
      assert.strictEqual(requests.length, 3)
    }).pipe(Effect.provide(services(layer, [[host, login("u", "p:q")]])))
  })

  it.effect("is not sent an empty password", () => {
    const { layer, requests } = network(basic)
    return Effect.gen(function*() {
      assert.strictEqual(reasonOf(yield* Effect.flip(stat())), "NoCredentials")
      assert.strictEqual(requests.length, 1)
    }).pipe(Effect.provide(services(layer, [[host, login("u", "")]])))
  })

  it.effect("causes an error if it rejects the password", () => {
    const { layer, requests } = network(basic)
    return Effect.gen(function*() {
      assert.strictEqual(reasonOf(yield* Effect.flip(stat())), "Denied")
      assert.strictEqual(requests.length, 2)
    }).pipe(Effect.provide(services(layer, [[host, login("u", "wrong")]])))
  })
})

describe("an unauthorized response", () => {
  it.effect("with status 401 and no challenge is a failure", () => {
    const { layer } = network(() => ({ status: 401 }))
    return Effect.gen(function*() {
      assert.strictEqual(reasonOf(yield* Effect.flip(stat())), "NoChallenge")
    }).pipe(Effect.provide(services(layer)))
  })

  it.effect("with status 403 is a failure, and its challenge is ignored", () => {
    const { layer, requests } = network(() => ({ ...bearer(requested), status: 403 }))
    return Effect.gen(function*() {
      assert.strictEqual(reasonOf(yield* Effect.flip(stat())), "DENIED")
      assert.strictEqual(requests.length, 1)
    }).pipe(Effect.provide(services(layer)))
  })
})

describe("a foreign host", () => {
  const elsewhere = "https://storage.example.com/data?sig=a/b+c"
  const redirecting = (other: (request: Received) => Reply): Script => (request) =>
    request.url.startsWith("https://storage.example.com")
      ? other(request)
      : isToken(request)
      ? json({ token: "T" })
      : request.headers["authorization"] === "Bearer T"
      ? { status: 307, headers: { location: elsewhere } }
      : bearer(requested)

  it.effect("is sent no credentials, and its URL unchanged", () => {
    const { layer, requests } = network(redirecting(() => ({ status: 200 })))
    return Effect.gen(function*() {
      yield* stat()
      const last = requests.at(-1)
      assert.strictEqual(last?.url, elsewhere)
      assert.isUndefined(last?.headers["authorization"])
    }).pipe(Effect.provide(services(layer, [[host, login("u", "p")]])))
  })

  it.effect("that requires a token is sent an anonymous one, for that request only", () => {
    const { layer, requests } = network((request, earlier) =>
      request.url.startsWith("https://other-auth.example.com")
        ? json({ token: "ANONYMOUS" })
        : redirecting(({ headers }) =>
          headers["authorization"] === "Bearer ANONYMOUS"
            ? { status: 200 }
            : bearer({ realm: "https://other-auth.example.com/t" })
        )(request, earlier)
    )
    return Effect.gen(function*() {
      yield* stat()
      const asked = requests.find(({ url }) => url.startsWith("https://other-auth"))
      assert.isUndefined(asked?.headers["authorization"])
      for (const { headers, url } of requests) {
        if (url.startsWith("https://storage")) assert.notStrictEqual(headers["authorization"], "Bearer T")
      }
      assert.include(lines(requests).join("\n"), "HEAD https://storage.example.com")
    }).pipe(Effect.provide(services(layer, [[host, login("u", "p")]])))
  })

  it.effect("that names the token server of the registry is not sent the token of the registry", () => {
    const { layer, requests } = network(redirecting(() => bearer(requested)))
    return Effect.gen(function*() {
      yield* Effect.flip(stat())
      const sent = requests.filter(({ url }) => url.startsWith("https://storage"))
      const asked = requests.filter(isToken).map(({ headers }) => headers["authorization"])
      // An anonymous one is all that it ever gets.
      assert.strictEqual(asked[0], `Basic ${btoa("u:p")}`)
      assert.isAbove(asked.length, 1)
      assert.isTrue(asked.slice(1).every((authorization) => authorization === undefined))
      assert.isUndefined(sent[0]?.headers["authorization"])
    }).pipe(Effect.provide(services(layer, [[host, login("u", "p")]])))
  })
})

interface Vectors {
  readonly tokenResponses: ReadonlyArray<{
    readonly body?: Readonly<Record<string, unknown>>
    readonly token?: string
    readonly error?: unknown
    readonly expiresInSeconds?: number
  }>
}

const vectors = load<Vectors>("challenges")

describe.skipIf(vectors === undefined && areOptional)("the response of a token server", () => {
  const now = Date.UTC(2026, 0, 1)

  for (const { body, error, expiresInSeconds, token } of vectors?.tokenResponses ?? []) {
    if (body === undefined) continue
    it(JSON.stringify(body), () => {
      const issued = new Date(now - 900_000).toISOString()
      const read = tokens.read(JSON.stringify({ ...body, ...("issued_at" in body ? { issued_at: issued } : {}) }), now)
      if (error !== undefined) return assert.isTrue(Either.isLeft(read))
      const { header, lifetime } = Either.getOrThrow(read)
      if (token !== undefined) assert.strictEqual(Redacted.value(header), `Bearer ${token.slice(0, 1)}`)
      // It is renewed a little before its end.
      const whole = expiresInSeconds ?? ("issued_at" in body ? 900 : 60)
      assert.isAtMost(lifetime, whole * 1000)
      assert.isAtLeast(lifetime, whole * 800)
    })
  }

  it("with a past issue time shortens the lifetime of the token", () => {
    const issued_at = new Date(now - 100_000).toISOString()
    const { lifetime } = Either.getOrThrow(tokens.read(JSON.stringify({ token: "T", expires_in: 300, issued_at }), now))
    assert.isAtMost(lifetime, 200_000)
  })

  it.effect("is rejected if it is too large", () => {
    const { layer } = network(guarded(() => false, () => ({ status: 200, body: "x".repeat(200_000) })))
    return Effect.gen(function*() {
      assert.strictEqual(reasonOf(yield* Effect.flip(stat())), "TokenInvalid")
    }).pipe(Effect.provide(services(layer)))
  })
})
