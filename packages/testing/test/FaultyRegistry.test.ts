import { HttpBody, HttpClient, HttpClientRequest, type HttpServer } from "@effect/platform"
import { NodeHttpClient, NodeHttpServer } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { NodeHasher } from "@ociman/node"
import { FaultyRegistry } from "@ociman/testing"
import { Effect, Either, Encoding, Fiber, Layer, Option, Redacted, Stream, TestClock } from "effect"
import { createHash } from "node:crypto"
import { createServer } from "node:http"

const digestOf = (bytes: Uint8Array | string) => `sha256:${createHash("sha256").update(bytes).digest("hex")}`

const hello = "hello, registry\n"
const blob = `/v2/team/app/blobs/${digestOf(hello)}`

interface Sent {
  readonly headers?: Record<string, string>
  readonly body?: string | Stream.Stream<Uint8Array>
}

/** Sends a request and returns the response, complete or not. */
const send = Effect.fn(function*(method: "GET" | "HEAD" | "POST" | "PUT" | "PATCH", path: string, sent: Sent = {}) {
  const client = yield* HttpClient.HttpClient
  const { url } = yield* FaultyRegistry.FaultyRegistry
  const body = sent.body === undefined
    ? HttpBody.empty
    : typeof sent.body === "string"
    ? HttpBody.text(sent.body)
    : HttpBody.stream(sent.body)
  const response = yield* client.execute(
    HttpClientRequest.make(method)(`${url}${path}`, { body, headers: sent.headers ?? {} })
  )
  const got: Array<Uint8Array> = []
  const ended = yield* Effect.either(Stream.runForEach(response.stream, (bytes) =>
    Effect.sync(() => {
      got.push(bytes)
    })))
  return {
    status: response.status,
    headers: response.headers,
    body: Buffer.concat(got).toString("latin1"),
    isWhole: Either.isRight(ended) || got.length === 0
  }
})

const outcome = <A extends { readonly status: number; readonly body: string; readonly isWhole: boolean }, E, R>(
  sent: Effect.Effect<A, E, R>
) =>
  Effect.match(sent, {
    onFailure: () => "lost",
    onSuccess: ({ body, isWhole, status }) => `${status} ${isWhole ? "all" : "part"} ${body}`
  })

const push = (text = hello) => send("POST", `/v2/team/app/blobs/uploads/?digest=${digestOf(text)}`, { body: text })

type Services = FaultyRegistry.FaultyRegistry | HttpClient.HttpClient

const server: Layer.Layer<HttpServer.HttpServer> = Layer.orDie(
  NodeHttpServer.layer(createServer, { port: 0, host: "127.0.0.1" })
)

const forms: Record<string, (script: FaultyRegistry.Script) => Layer.Layer<Services>> = {
  "in process": (script) => Layer.provide(FaultyRegistry.layer(script), NodeHasher.layer),
  "on a port": (script) =>
    Layer.merge(
      Layer.provide(FaultyRegistry.layerServer(script), Layer.merge(server, NodeHasher.layer)),
      NodeHttpClient.layerUndici
    )
}

const { healthy, on } = FaultyRegistry

for (const [name, form] of Object.entries(forms)) {
  describe(`a faulty registry ${name}`, () => {
    const test = <E>(title: string, script: FaultyRegistry.Script, effect: Effect.Effect<void, E, Services>) =>
      it.live(title, () => Effect.timeout(Effect.provide(effect, form(script)), "20 seconds"))

    test(
      "behaves as a registry by default",
      healthy,
      Effect.gen(function*() {
        assert.strictEqual((yield* push()).status, 201)
        assert.strictEqual(yield* outcome(send("GET", blob)), `200 all ${hello}`)
        const head = yield* send("HEAD", blob)
        assert.deepStrictEqual([head.status, head.headers["content-length"]], [200, "16"])
        assert.strictEqual((yield* send("GET", "/v2/team/app/tags/list?n=1")).status, 200)
        const calls = yield* FaultyRegistry.requests
        assert.deepStrictEqual(calls.map(({ method, path, size, status }) => [method, path, size, status]), [
          ["POST", "/v2/team/app/blobs/uploads/", 16, 201],
          ["GET", blob, 0, 200],
          ["HEAD", blob, 0, 200],
          ["GET", "/v2/team/app/tags/list", 0, 200]
        ])
        assert.deepStrictEqual(calls[3]?.query, { n: ["1"] })
        assert.strictEqual(Buffer.from(calls[0]?.body ?? []).toString(), hello)
      })
    )

    test(
      "answers by the first matching rule that is not used up",
      healthy.pipe(
        on("GET /v2/", FaultyRegistry.tooManyRequests("7"), { times: 1 }),
        on("GET /v2/", FaultyRegistry.error(503, "UNAVAILABLE"), { times: 2 }),
        on("GET /v2/*/tags/list", FaultyRegistry.respond(200, { body: "{}" }), { query: { n: null, last: "a b" } }),
        on("* /v2/_catalog", FaultyRegistry.respond(418), { headers: { "X-Me": /^a+$/, "x-not": null } })
      ),
      Effect.gen(function*() {
        const first = yield* send("GET", "/v2/")
        assert.deepStrictEqual([first.status, first.headers["retry-after"]], [429, "7"])
        assert.include(first.body, "TOOMANYREQUESTS")
        const rest = yield* Effect.replicateEffect(send("GET", "/v2/"), 3)
        assert.deepStrictEqual(rest.map(({ status }) => status), [503, 503, 200])
        const tags = (query: string) => Effect.map(send("GET", `/v2/x/y/tags/list${query}`), ({ status }) => status)
        assert.strictEqual(yield* tags(""), 404)
        assert.strictEqual(yield* tags("?last=a+b"), 200)
        assert.strictEqual(yield* tags("?last=a+b&n=1"), 404)
        const catalog = (headers: Record<string, string>) =>
          Effect.map(send("GET", "/v2/_catalog", { headers }), ({ status }) => status)
        assert.strictEqual(yield* catalog({ "x-me": "aa" }), 418)
        assert.strictEqual(yield* catalog({ "x-me": "b" }), 200)
        assert.strictEqual(yield* catalog({ "x-me": "a", "x-not": "" }), 200)
      })
    )

    test(
      "loses connections before and during an answer",
      healthy.pipe(
        on("GET /v2/", FaultyRegistry.drop, { times: 1 }),
        on("GET /v2/team/app/blobs/*", FaultyRegistry.cutAfter(FaultyRegistry.pass, 5), { times: 1 })
      ),
      Effect.gen(function*() {
        yield* push()
        assert.strictEqual(yield* outcome(send("GET", "/v2/")), "lost")
        assert.strictEqual(yield* outcome(send("GET", blob)), "200 part hello")
        assert.strictEqual(yield* outcome(send("GET", blob)), `200 all ${hello}`)
        assert.strictEqual((yield* FaultyRegistry.requests)[1]?.status, 0)
      })
    )

    test(
      "loses an upload in the middle and keeps the received bytes",
      healthy.pipe(on("PATCH *", FaultyRegistry.loseUploadAfter(FaultyRegistry.pass, 5), { times: 1 })),
      Effect.gen(function*() {
        const { headers } = yield* send("POST", "/v2/team/app/blobs/uploads/")
        const location = headers["location"] ?? ""
        const body = Stream.fromIterable(hello).pipe(Stream.map((letter) => new TextEncoder().encode(letter)))
        assert.strictEqual(yield* outcome(send("PATCH", location, { body })), "lost")
        const status = yield* send("GET", location)
        assert.deepStrictEqual([status.status, status.headers["range"]], [204, "0-4"])
        const put = `${status.headers["location"]}&digest=${digestOf(hello)}`
        assert.strictEqual((yield* send("PUT", put, { body: hello.slice(5) })).status, 201)
      })
    )

    test(
      "hangs before and during an answer",
      healthy.pipe(
        on("GET /v2/", FaultyRegistry.hang),
        on("GET /v2/team/app/blobs/*", FaultyRegistry.hangAfter(FaultyRegistry.pass, 5))
      ),
      Effect.gen(function*() {
        yield* push()
        const ended = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.timeoutOption(effect, "300 millis")
        assert.isTrue(Option.isNone(yield* ended(send("GET", "/v2/"))))
        assert.isTrue(Option.isNone(yield* ended(send("GET", blob))))
      })
    )

    test(
      "sends slow, corrupt, chunked and changed answers",
      healthy.pipe(
        on("GET /v2/team/app/blobs/*", FaultyRegistry.corrupt(FaultyRegistry.pass), { times: 1 }),
        on("GET /v2/team/app/blobs/*", FaultyRegistry.withoutLength(FaultyRegistry.pass), { times: 1 }),
        on(
          "GET /v2/team/app/blobs/*",
          FaultyRegistry.pass.pipe(FaultyRegistry.trickle({ piece: 4, every: "5 millis" })),
          {
            times: 1
          }
        ),
        on(
          "GET /v2/team/app/blobs/*",
          FaultyRegistry.pass.pipe(FaultyRegistry.withHeaders({
            "Docker-Content-Digest": null,
            "x-more": "1"
          }))
        )
      ),
      Effect.gen(function*() {
        yield* push()
        const corrupt = yield* send("GET", blob)
        assert.strictEqual(corrupt.body, `\u0097${hello.slice(1)}`)
        const vague = yield* send("GET", blob)
        assert.deepStrictEqual([vague.headers["content-length"], vague.body], [undefined, hello])
        assert.strictEqual((yield* send("GET", blob)).body, hello)
        const other = yield* send("GET", blob)
        assert.deepStrictEqual([other.headers["docker-content-digest"], other.headers["x-more"]], [undefined, "1"])
      })
    )

    test(
      "answers with a function of the request",
      healthy.pipe(
        on(
          "PUT /echo",
          FaultyRegistry.respondWith(({ body, headers }) =>
            FaultyRegistry.respond(200, { body: `${headers["x-a"]} ${Buffer.from(body).toString()}` })
          )
        ),
        on("POST /v2/*", FaultyRegistry.respondWith(() => FaultyRegistry.pass)),
        FaultyRegistry.otherwise(FaultyRegistry.respond(404, { headers: { Link: ["<a>", "<b>"] } }))
      ),
      Effect.gen(function*() {
        assert.strictEqual((yield* send("PUT", "/echo", { body: "x", headers: { "x-a": "1" } })).body, "1 x")
        assert.strictEqual((yield* push()).status, 201)
        const other = yield* send("GET", "/v2/")
        assert.deepStrictEqual([other.status, other.headers["link"]], [404, "<a>, <b>"])
        yield* FaultyRegistry.play(healthy)
        assert.strictEqual((yield* send("GET", blob)).status, 200)
      })
    )

    const alice = { username: "alice", password: Redacted.make("s3cret") }
    const basic = (password: string) => ({ authorization: `Basic ${Encoding.encodeBase64(`alice:${password}`)}` })

    test(
      "requires a password",
      FaultyRegistry.basicAuth(healthy, alice),
      Effect.gen(function*() {
        const anonymous = yield* send("GET", "/v2/")
        assert.deepStrictEqual([anonymous.status, anonymous.headers["www-authenticate"]], [
          401,
          "Basic realm=\"ociman\""
        ])
        assert.strictEqual((yield* send("GET", "/v2/", { headers: basic("wrong") })).status, 401)
        assert.strictEqual((yield* send("GET", "/v2/", { headers: basic("s3cret") })).status, 200)
      })
    )

    test(
      "requires tokens and limits them to their scopes and uses",
      FaultyRegistry.tokenAuth(healthy, { credentials: alice, uses: 2 }),
      Effect.gen(function*() {
        const { url } = yield* FaultyRegistry.FaultyRegistry
        const anonymous = yield* send("GET", blob)
        assert.strictEqual(
          anonymous.headers["www-authenticate"],
          `Bearer realm="${url}/token",service="ociman",scope="repository:team/app:pull"`
        )
        assert.strictEqual((yield* send("GET", "/token?scope=repository:team/app:pull")).status, 401)
        const { body } = yield* send("GET", "/token?service=ociman&scope=repository:team/app:pull", {
          headers: basic("s3cret")
        })
        const { expires_in, token } = JSON.parse(body)
        assert.strictEqual(expires_in, 300)
        const get = Effect.map(send("GET", blob, { headers: { authorization: `Bearer ${token}` } }), (_) => _.status)
        assert.strictEqual(yield* get, 404)
        assert.strictEqual(
          (yield* send("POST", "/v2/team/app/blobs/uploads/", { headers: { authorization: `Bearer ${token}` } }))
            .status,
          401
        )
        assert.strictEqual(yield* get, 404)
        assert.strictEqual(yield* get, 401)
        const posted = yield* send("POST", "/token", {
          body: "grant_type=password&username=alice&password=s3cret&scope=repository:team/app:pull"
        })
        const refreshed = yield* send("POST", "/token", {
          body: `grant_type=refresh_token&refresh_token=${JSON.parse(posted.body).refresh_token}`
        })
        assert.deepStrictEqual([posted.status, refreshed.status], [200, 200])
        assert.strictEqual(
          (yield* send("POST", "/token", { body: "grant_type=refresh_token&refresh_token=x" })).status,
          401
        )
      })
    )
  })
}

it.effect("tokens of a faulty registry expire by the clock of the program", () =>
  Effect.gen(function*() {
    const { body } = yield* send("GET", "/token")
    const ping = Effect.map(
      send("GET", "/v2/", { headers: { authorization: `Bearer ${JSON.parse(body).token}` } }),
      ({ status }) => status
    )
    assert.strictEqual(yield* ping, 200)
    yield* TestClock.adjust("11 seconds")
    assert.strictEqual(yield* ping, 401)
  }).pipe(
    Effect.provide(FaultyRegistry.layer(FaultyRegistry.tokenAuth(healthy, { expiresIn: "10 seconds" }))),
    Effect.provide(NodeHasher.layer)
  ))

it.effect("delays of a faulty registry use the clock of the program", () =>
  Effect.gen(function*() {
    const fiber = yield* Effect.fork(send("GET", "/v2/"))
    yield* TestClock.adjust("59 minutes")
    assert.isTrue(Option.isNone(yield* Fiber.poll(fiber)))
    yield* TestClock.adjust("1 minutes")
    assert.strictEqual((yield* Fiber.join(fiber)).status, 200)
  }).pipe(
    Effect.provide(FaultyRegistry.layer(on(healthy, "*", FaultyRegistry.pass.pipe(FaultyRegistry.delay("1 hour"))))),
    Effect.provide(NodeHasher.layer)
  ))

it.effect("a client of faulty registries reaches no other server", () =>
  Effect.gen(function*() {
    const [here, there] = yield* Effect.all([
      FaultyRegistry.make(healthy, { url: "http://localhost:1" }),
      FaultyRegistry.make(healthy, { url: "http://127.0.0.1:1" })
    ])
    const client = FaultyRegistry.httpClient(here, there)
    yield* client.get("http://127.0.0.1:1/v2/")
    const error = yield* Effect.flip(client.get("https://127.0.0.1:1/v2/"))
    assert.strictEqual(error.reason, "Transport")
    assert.deepStrictEqual([(yield* here.requests).length, (yield* there.requests).length], [0, 1])
  }).pipe(Effect.provide(NodeHasher.layer)))

it.live("bytes sent before a connection is lost arrive even if they are read late", () =>
  Effect.gen(function*() {
    const response = yield* HttpClient.get("https://registry.example.com/text")
    yield* Effect.sleep("50 millis")
    const got: Array<string> = []
    const ended = yield* Effect.either(Stream.runForEach(Stream.decodeText(response.stream), (text) =>
      Effect.sync(() => {
        got.push(text)
      })))
    assert.deepStrictEqual([got.join(""), ended._tag], ["hello", "Left"])
  }).pipe(
    Effect.provide(FaultyRegistry.layer(
      on(healthy, "GET /text", FaultyRegistry.respond(200, { body: hello }).pipe(FaultyRegistry.cutAfter(5)))
    )),
    Effect.provide(NodeHasher.layer)
  ))
