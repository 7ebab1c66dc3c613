import { HttpBody, HttpClientRequest } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert, describe, it, layer } from "@effect/vitest"
import { deepStrictEqual } from "@effect/vitest/utils"
import type { NodeRegistryHttp } from "@ociman/node"
import { Deferred, Effect, Fiber, Layer, Redacted, Stream } from "effect"
import * as Http from "node:http"
import * as Net from "node:net"
import type { Seen } from "./servers.js"
import { Certificates, certificates, client, listen, remembering, secure, send } from "./servers.js"

describe("a request", () => {
  it.scopedLive("keeps its path and query unchanged", () =>
    Effect.gen(function*() {
      const seen: Array<Seen> = []
      const port = yield* listen(Http.createServer(remembering(seen)))
      const path = "/a%2Fb/../c;d?sig=a/b%2Fc+d'e&x={1}|[2]&&y"
      yield* Effect.provide(send(HttpClientRequest.get(`http://127.0.0.1:${port}${path}`)), client())
      assert.strictEqual(seen[0]?.url, path)
    }))

  it.scopedLive("has a Content-Length for an empty body, bytes and a stream", () =>
    Effect.gen(function*() {
      const seen: Array<Seen> = []
      const port = yield* listen(Http.createServer(remembering(seen)))
      const put = (body: HttpBody.HttpBody, length: number) =>
        send(
          HttpClientRequest.put(`http://127.0.0.1:${port}/`).pipe(
            HttpClientRequest.setBody(body),
            HttpClientRequest.setHeader("content-length", String(length))
          )
        )
      const bytes = Buffer.alloc(200_000, 7)
      yield* Effect.all([
        put(HttpBody.uint8Array(new Uint8Array(0)), 0),
        put(HttpBody.uint8Array(bytes), bytes.length),
        put(HttpBody.stream(Stream.make(bytes, bytes)), 2 * bytes.length)
      ]).pipe(Effect.provide(client()))
      deepStrictEqual(seen.map(({ headers }) => headers["content-length"]), ["0", "200000", "400000"])
      deepStrictEqual(seen.map(({ body }) => body.length), [0, 200_000, 400_000])
      assert.isTrue(seen.every(({ headers }) => headers["transfer-encoding"] === undefined))
    }))

  it.scopedLive("reuses the connection of an earlier one, also after HEAD", () =>
    Effect.gen(function*() {
      let connections = 0
      const server = Http.createServer(remembering([]))
      server.on("connection", () => connections++)
      const port = yield* listen(server)
      const url = `http://127.0.0.1:${port}/`
      yield* Effect.forEach(Array.from({ length: 10 }, () => HttpClientRequest.head(url)), send).pipe(
        Effect.provide(client())
      )
      assert.isAtMost(connections, 2)
    }))

  it.scopedLive("may have a body from a reused buffer, since each chunk is written before the next is pulled", () =>
    Effect.gen(function*() {
      const seen: Array<Seen> = []
      const port = yield* listen(Http.createServer(remembering(seen)))
      const sizes = [1, 300_000, 5, 2_000_000, 1_048_576, 70_000, 0, 9]
      const memory = new Uint8Array(2_000_000)
      const content = Stream.fromIterable(sizes).pipe(
        Stream.rechunk(1),
        Stream.map((size) => memory.fill(sizes.indexOf(size) + 1).subarray(0, size))
      )
      const length = sizes.reduce((sum, size) => sum + size, 0)
      yield* send(
        HttpClientRequest.put(`http://127.0.0.1:${port}/`).pipe(
          HttpClientRequest.setBody(HttpBody.stream(content)),
          HttpClientRequest.setHeader("content-length", String(length))
        )
      ).pipe(Effect.provide(client()))
      const expected = Buffer.concat(sizes.map((size, i) => Buffer.alloc(size, i + 1)))
      assert.isTrue(seen[0]?.body.equals(expected))
    }))

  it.scopedLive("does not read its source ahead of the server", () =>
    Effect.gen(function*() {
      const connected = yield* Deferred.make<void>()
      // It takes the connection and nothing from it.
      const server = Net.createServer({ pauseOnConnect: true }, () => {
        Effect.runFork(Deferred.succeed(connected, undefined))
      })
      const port = yield* listen(server)
      let read = 0
      const piece = new Uint8Array(1024 * 1024)
      const content = Stream.repeatEffect(Effect.sync(() => {
        read++
        return piece
      })).pipe(Stream.take(200))
      const sending = yield* send(
        HttpClientRequest.put(`http://127.0.0.1:${port}/`).pipe(
          HttpClientRequest.setBody(HttpBody.stream(content)),
          HttpClientRequest.setHeader("content-length", String(200 * piece.length))
        )
      ).pipe(Effect.provide(client()), Effect.fork)
      yield* Deferred.await(connected)
      // The buffers between both ends fill, then nothing more is read.
      let before = -1
      while (before !== read || read === 0) {
        before = read
        yield* Effect.sleep("100 millis")
      }
      assert.isBelow(read, 50)
      yield* Fiber.interrupt(sending)
    }), { timeout: 20_000 })
})

layer(certificates.pipe(Layer.provideMerge(NodeContext.layer)), { excludeTestServices: true })("TLS", (it) => {
  const ask = (port: number, options: NodeRegistryHttp.Options) =>
    Effect.provide(send(HttpClientRequest.get(`https://127.0.0.1:${port}/`)), client(options))

  it.scoped("accepts servers with a certificate of a configured authority only", () =>
    Effect.gen(function*() {
      const { authority } = yield* Certificates
      const port = yield* secure([])
      const error = yield* Effect.flip(ask(port, {}))
      assert.strictEqual(error._tag, "RequestError")
      assert.strictEqual(yield* ask(port, { certificateAuthorities: [authority] }), "here")
    }))

  it.scoped("skips verification only for the configured insecure hosts", () =>
    Effect.gen(function*() {
      const port = yield* secure([])
      assert.strictEqual(yield* ask(port, { insecure: [`127.0.0.1:${port}`] }), "here")
      assert.strictEqual(yield* ask(port, { insecure: ["127.0.0.1"] }), "here")
      yield* Effect.flip(ask(port, { insecure: ["127.0.0.1:1", "localhost"] }))
    }))

  it.scoped("sends the configured client certificate to its host", () =>
    Effect.gen(function*() {
      const { authority, clientCertificate, clientKey } = yield* Certificates
      const seen: Array<Seen> = []
      const port = yield* secure(seen, true)
      const own = { certificate: clientCertificate, key: Redacted.make(clientKey) }
      const trusting = { certificateAuthorities: [authority] }
      yield* Effect.flip(ask(port, { ...trusting, clientCertificates: { "other.example.com": own } }))
      yield* ask(port, { ...trusting, clientCertificates: { [`127.0.0.1:${port}`]: own } })
      deepStrictEqual(seen.map(({ subject }) => subject), ["alice"])
    }))
})
