import * as Headers from "@effect/platform/Headers"
import * as HttpServer from "@effect/platform/HttpServer"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as MemoryRegistry from "@ociman/registry/author/MemoryRegistry"
import * as Effect from "effect/Effect"
import { hasProperty, isFunction } from "effect/Predicate"
import * as Stream from "effect/Stream"
import type { Options, Service } from "../../FaultyRegistry.js"
import type { Delivered } from "./delivery.js"

/**
 * Closes the connection of a request after all written data is sent. Effect has
 * no interface for it, so this uses the socket of Node.js.
 */
const close = ({ source }: HttpServerRequest.HttpServerRequest) =>
  Effect.sync(() => {
    if (!hasProperty(source, "socket") || !hasProperty(source.socket, "destroySoon")) return
    const { socket } = source
    if (isFunction(socket.destroySoon)) Reflect.apply(socket.destroySoon, socket, [])
  })

const toServerResponse = (request: HttpServerRequest.HttpServerRequest, { body, headers, status }: Delivered) => {
  const options = { status, headers }
  if (request.method === "HEAD" || status === 204 || status === 304) return HttpServerResponse.empty(options)
  if (body instanceof Uint8Array) return HttpServerResponse.raw(body, options)
  return HttpServerResponse.stream(Stream.onError(body, () => close(request)), options)
}

/** @internal */
export const make = <E, R>(options: Options, registry: (url: string) => Effect.Effect<Service, E, R>) =>
  Effect.gen(function*() {
    const server = yield* HttpServer.HttpServer
    const { address } = server
    if (address._tag !== "TcpAddress") {
      return yield* Effect.dieMessage("FaultyRegistry needs a server that listens on a TCP port")
    }
    const host = address.hostname === "0.0.0.0" ? "127.0.0.1" : address.hostname
    const service = yield* registry(options.url ?? `http://${host}:${address.port}`)
    yield* server.serve(Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) =>
      service.handler({
        scheme: service.url.startsWith("https:") ? "https" : "http",
        host: request.headers["host"] ?? service.host,
        method: request.method,
        url: request.url,
        headers: Headers.fromInput(request.headers),
        body: Stream.mapError(
          request.stream,
          (cause) => new MemoryRegistry.ConnectionLost({ detail: "the client closed the connection", cause })
        )
      }).pipe(
        Effect.map((delivered) => toServerResponse(request, delivered)),
        Effect.catchAll(() => Effect.zipRight(close(request), Effect.never))
      )))
    return service
  })
