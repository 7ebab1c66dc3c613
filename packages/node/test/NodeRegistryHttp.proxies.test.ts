import { HttpBody, HttpClientRequest } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert, describe, it, layer } from "@effect/vitest"
import { deepStrictEqual } from "@effect/vitest/utils"
import { NodeRegistryHttp } from "@ociman/node"
import { ConfigProvider, Deferred, Effect, Either, Layer, Option, Redacted } from "effect"
import * as Http from "node:http"
import * as Https from "node:https"
import * as Net from "node:net"
import type { Duplex } from "node:stream"
import * as proxies from "../src/internal/proxies.js"
import type { Seen } from "./servers.js"
import { Certificates, certificates, client, direct, listen, remembering, secure, send } from "./servers.js"

const basic = `Basic ${btoa("bob:p@ss")}`

const url = (port: number, scheme = "http") => Option.some(Redacted.make(`${scheme}://bob:p%40ss@127.0.0.1:${port}`))

interface Tunnel {
  readonly to: string
  readonly authorization: string | undefined
}

/** Opens all tunnels to one port. */
const tunneling = (port: number, tunnels: Array<Tunnel>) => (request: Http.IncomingMessage, socket: Duplex) => {
  tunnels.push({ to: request.url ?? "", authorization: request.headers["proxy-authorization"] })
  const onward = Net.connect(port, "127.0.0.1", () => {
    socket.write("HTTP/1.1 200 Connection established\r\n\r\n")
    onward.pipe(socket).pipe(onward)
  })
  onward.on("error", () => socket.destroy())
  socket.on("error", () => onward.destroy())
}

layer(certificates.pipe(Layer.provideMerge(NodeContext.layer)), { excludeTestServices: true })("a tunnel", (it) => {
  /** A registry, and the responses of a proxy for it. */
  const through = (
    answer: (port: number) => (request: Http.IncomingMessage, socket: Duplex) => void,
    { scheme = "http", ...options }: NodeRegistryHttp.Options & { readonly scheme?: "http" | "https" } = {}
  ) =>
    Effect.gen(function*() {
      const { authority, certificate, key } = yield* Certificates
      const seen: Array<Seen> = []
      const origin = yield* secure(seen)
      const server = scheme === "https" ? Https.createServer({ key, cert: certificate }) : Http.createServer()
      server.on("connect", answer(origin))
      const proxy = yield* listen(server)
      const ask = (request = HttpClientRequest.get(`https://localhost.example.com:${origin}/v2/`)) =>
        Effect.provide(
          send(request),
          client({ certificateAuthorities: [authority], proxies: { ...direct, https: url(proxy, scheme) }, ...options })
        )
      return { ask, seen, origin, proxy }
    })

  it.scoped.each(["http", "https"] as const)(
    "by %s goes through a proxy that sees only encrypted data",
    (scheme) =>
      Effect.gen(function*() {
        const tunnels: Array<Tunnel> = []
        const { ask, origin, seen } = yield* through((port) => tunneling(port, tunnels), { scheme })
        const to = `localhost.example.com:${origin}`
        // Only the proxy resolves the host name, which is that of the certificate.
        const error = yield* Effect.flip(ask())
        assert.strictEqual(error._tag, "RequestError")
        deepStrictEqual(tunnels, [{ to, authorization: basic }])
        assert.strictEqual(seen.length, 0)
        const insecure = yield* through((port) => tunneling(port, tunnels), {
          scheme,
          insecure: ["localhost.example.com"]
        })
        const large = HttpClientRequest.put(`https://localhost.example.com:${insecure.origin}/v2/`).pipe(
          HttpClientRequest.setBody(HttpBody.uint8Array(new Uint8Array(300_000))),
          HttpClientRequest.setHeader("content-length", "300000")
        )
        assert.strictEqual(yield* insecure.ask(large), "here")
        // The credentials of the proxy are not sent to the registry.
        assert.isUndefined(insecure.seen[0]?.headers["proxy-authorization"])
        assert.strictEqual(insecure.seen[0]?.body.length, 300_000)
      })
  )

  it.scoped.each([401, 407, 302])(
    "that the proxy refuses with %i is not a response of the registry",
    (status) =>
      Effect.gen(function*() {
        const { ask, proxy } = yield* through(() => (_, socket) => {
          socket.end(
            `HTTP/1.1 ${status} No\r\nWww-Authenticate: Bearer realm="https://evil"\r\nContent-Length: 0\r\n\r\n`
          )
        })
        const error = yield* Effect.flip(ask())
        const cause = String("cause" in error ? error.cause : error)
        assert.include(cause, `the proxy 127.0.0.1:${proxy} answered ${status}`)
        assert.notInclude(cause, "ss@")
      })
  )

  it.scoped("that the proxy never opens has a time limit", () =>
    Effect.gen(function*() {
      const ended = yield* Deferred.make<void>()
      const { ask } = yield* through(() => (_, socket) => {
        socket.resume().once("end", () => Deferred.unsafeDone(ended, Effect.void))
      }, { connectTimeout: "200 millis" })
      const error = yield* Effect.timeout(Effect.flip(ask()), "5 seconds")
      assert.include(String(error), "Transport error")
      yield* Effect.timeout(Deferred.await(ended), "5 seconds")
    }))
})

describe("proxies", () => {
  const variables = (all: Readonly<Record<string, string>>) =>
    Effect.withConfigProvider(NodeRegistryHttp.proxies, ConfigProvider.fromMap(new Map(Object.entries(all))))

  it.effect("are read from the environment, lower case first", () =>
    Effect.gen(function*() {
      const read = yield* variables({ https_proxy: "http://a", HTTPS_PROXY: "http://b", HTTP_PROXY: "", NO_PROXY: "c" })
      deepStrictEqual(Option.map(read.https, Redacted.value), Option.some("http://a"))
      assert.isTrue(Option.isNone(read.http))
      assert.strictEqual(read.none, "c")
    }))

  it.scopedLive("are used for http, except for excluded hosts", () =>
    Effect.gen(function*() {
      const seen: Array<Seen> = []
      const through = yield* listen(Http.createServer(remembering(seen, "proxy")))
      const here = yield* listen(Http.createServer(remembering([])))
      const proxies = {
        ...direct,
        http: Option.some(Redacted.make(`http://127.0.0.1:${through}`)),
        none: "internal.example.com, .lan:5000"
      }
      const ask = (url: string) => Effect.provide(send(HttpClientRequest.get(url)), client({ proxies }))
      assert.strictEqual(yield* ask("http://registry.example.com/v2/?x=1"), "proxy")
      assert.strictEqual(yield* ask("http://registry.lan:5001/v2/"), "proxy")
      deepStrictEqual(seen.map(({ url }) => url), [
        "http://registry.example.com/v2/?x=1",
        "http://registry.lan:5001/v2/"
      ])
      // Loopback hosts are reached directly; excluded hosts would be resolved.
      assert.strictEqual(yield* ask(`http://127.0.0.1:${here}/`), "here")
      yield* Effect.flip(ask("http://a.internal.example.com/"))
      assert.strictEqual(seen.length, 2)
    }))

  it.scopedLive("are sent their credentials, and no other host is", () =>
    Effect.gen(function*() {
      const seen: Array<Seen> = []
      const through = yield* listen(Http.createServer(remembering(seen, "proxy")))
      const here = yield* listen(Http.createServer(remembering(seen)))
      const ask = (url: string, proxies: NodeRegistryHttp.Proxies) =>
        Effect.provide(send(HttpClientRequest.get(url)), client({ proxies }))
      assert.strictEqual(yield* ask("http://registry.example.com/", { ...direct, http: url(through) }), "proxy")
      assert.strictEqual(yield* ask(`http://127.0.0.1:${here}/`, { ...direct, http: url(through) }), "here")
      deepStrictEqual(seen.map(({ headers }) => headers["proxy-authorization"]), [basic, undefined])
      deepStrictEqual(seen[0]?.headers.host, "registry.example.com")
    }))

  it.scopedLive("that are invalid are rejected without being shown", () =>
    Effect.gen(function*() {
      const make = (text: string) =>
        NodeRegistryHttp.make({ proxies: { ...direct, https: Option.some(Redacted.make(text)) } })
      for (const wrong of ["socks5://a:secret@b", "http://a:secret@b:port", "http://a:%zzsecret@b", "http://"]) {
        const error = yield* Effect.flip(make(wrong))
        assert.include(String(error), "HTTPS_PROXY")
        assert.notInclude(String(error), "secret")
      }
      yield* make("proxy.example.com:3128")
    }))

  const isDirect = (none: string, target: string) =>
    Option.isNone(
      Either.getOrThrow(proxies.make({ none, http: url(1), https: url(1) }))(new URL(target))
    )

  it.each([
    ["10.0.0.0/8", "http://10.1.2.3/", true],
    ["10.0.0.0/8", "https://10.1.2.3:5000/", true],
    ["10.0.0.0/8", "http://11.1.2.3/", false],
    ["10.0.0.0/8", "http://10.example.com/", false],
    ["10.0.0.0/40", "http://10.0.0.0/", false],
    ["fd00::/8", "https://[fd12:0::1]:5000/", true],
    ["fd00::/8", "https://[fe80::1]/", false],
    ["10.1.2.3", "http://10.1.2.3:5000/", true],
    ["10.1.2.3", "http://110.1.2.3/", false],
    ["2.3", "http://10.1.2.3/", false],
    ["10.1.2.3:5000", "http://10.1.2.3:5000/", true],
    ["10.1.2.3:5000", "http://10.1.2.3/", false],
    ["fd00::1", "http://[fd00:0:0::1]:5000/", true],
    ["[fd00::1]", "http://[fd00::1]/", true],
    ["[fd00::1]:443", "https://[fd00::1]/", true],
    ["[fd00::1]:443", "http://[fd00::1]/", false],
    ["example.com", "http://example.com/", true],
    ["Example.com", "http://a.b.EXAMPLE.com/", true],
    ["example.com", "http://anexample.com/", false],
    [".example.com", "http://a.example.com/", true],
    [".example.com", "http://example.com/", false],
    ["*.example.com", "http://a.example.com/", true],
    ["*.example.com", "http://example.com/", false],
    ["example.com:443", "https://example.com/", true],
    ["example.com:443", "https://example.com:5000/", false],
    ["other, example.com", "https://example.com/", true],
    ["*", "https://example.com/", true],
    ["", "https://example.com/", false],
    ["", "https://localhost:5000/", true],
    ["", "https://127.0.0.2/", true],
    ["", "https://[::1]:5000/", true]
  ])("with the exception %s are bypassed for %s: %s", (none, target, expected) => {
    assert.strictEqual(isDirect(none, target), expected)
  })
})
