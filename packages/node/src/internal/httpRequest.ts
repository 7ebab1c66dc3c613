/** Requests with `node:http`. */
import type { HttpBody } from "@effect/platform/HttpBody"
import * as HttpClient from "@effect/platform/HttpClient"
import { RequestError } from "@effect/platform/HttpClientError"
import type { HttpClientRequest } from "@effect/platform/HttpClientRequest"
import * as Chunk from "effect/Chunk"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FiberId from "effect/FiberId"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as Http from "node:http"
import * as Https from "node:https"
import type { Socket } from "node:net"
import { TLSSocket } from "node:tls"
import { Response } from "./httpResponse.js"
import type { Proxy } from "./proxies.js"

/** Route to a host. */
export interface Route {
  /** Agent and certificates. */
  readonly options: Https.RequestOptions
  /** Proxy that receives requests with absolute URLs. */
  readonly proxy?: Proxy | undefined
}

/** Returns path and query unchanged, without the normalization of a URL parser. */
const pathOf = (url: string): string => {
  const path = /^[a-z]+:\/\/[^/?#]*([^#]*)/i.exec(url)?.[1] ?? ""
  return path.startsWith("/") ? path : `/${path}`
}

const open = (
  request: HttpClientRequest,
  url: URL,
  { options, proxy }: Route
): Http.ClientRequest => {
  const path = pathOf(request.url)
  const requestOptions = {
    ...options,
    method: request.method,
    path: proxy === undefined ? path : `${url.origin}${path}`,
    headers: { host: url.host, ...proxy?.headers, ...request.headers }
  }
  const to = proxy?.address ?? url
  return to.protocol === "https:" ? Https.request(to, requestOptions) : Http.request(to, requestOptions)
}

/** Limits the time for connecting. */
const limitConnecting = (sent: Http.ClientRequest, limit: Duration.Duration): void => {
  const timer = setTimeout(() => {
    sent.destroy(Object.assign(new Error(`no connection within ${Duration.format(limit)}`), { code: "ETIMEDOUT" }))
  }, Duration.toMillis(limit))
  const connected = () => clearTimeout(timer)
  sent.once("close", connected).once("response", connected).once("socket", (socket: Socket) => {
    if (sent.reusedSocket) connected()
    else if (socket instanceof TLSSocket) socket.once("secureConnect", connected)
    else if (socket.connecting) socket.once("connect", connected)
    else connected()
  })
}

/**
 * Writes chunks, and completes when their memory can be reused. Does not complete if the connection fails, which the
 * request reports.
 */
const write = (sent: Http.ClientRequest, pieces: Chunk.Chunk<Uint8Array>): Effect.Effect<void> =>
  Effect.async((resume) => {
    if (sent.destroyed) return
    sent.cork()
    for (const bytes of Chunk.dropRight(pieces, 1)) sent.write(bytes)
    sent.write(Option.getOrElse(Chunk.last(pieces), () => new Uint8Array(0)), (error) => {
      if (error === null || error === undefined) resume(Effect.void)
    })
    sent.uncork()
  })

/** Sends a stream with back-pressure. */
const sendStream = (
  request: HttpClientRequest,
  sent: Http.ClientRequest,
  stream: Stream.Stream<Uint8Array, unknown>
): Effect.Effect<never, RequestError> =>
  stream.pipe(
    Stream.mapError((cause) => new RequestError({ request, reason: "Encode", cause })),
    Stream.runForEachChunk((pieces) => write(sent, pieces)),
    Effect.tapErrorCause(() => Effect.sync(() => sent.destroy())),
    Effect.zipRight(Effect.sync(() => sent.end())),
    Effect.zipRight(Effect.never)
  )

/** Receives the response, even if it arrives before the effect runs. */
const receive = (request: HttpClientRequest, sent: Http.ClientRequest): Effect.Effect<Response, RequestError> => {
  const response = Deferred.unsafeMake<Response, RequestError>(FiberId.none)
  const fail = (cause: unknown) =>
    Deferred.unsafeDone(response, new RequestError({ request, reason: "Transport", cause }))
  sent.once("response", (message) => {
    // Without a length in the response to HEAD, Node.js would wait for the end of the connection.
    if (sent.method === "HEAD" && message.headers.connection !== "close") sent.shouldKeepAlive = true
    // A server that responds before the end of the body does not read the rest.
    if (!sent.writableEnded) {
      sent.shouldKeepAlive = false
      message.once("end", () => sent.destroy())
    }
    Deferred.unsafeDone(response, Effect.succeed(new Response(request, message)))
  })
  sent.on("error", fail).once("close", () => fail(new Error("the connection was closed")))
  return Effect.onInterrupt(Deferred.await(response), () => Effect.sync(() => sent.destroy()))
}

type Sendable = Extract<HttpBody, { readonly _tag: "Empty" | "Uint8Array" | "Stream" }>

const exchange = (
  request: HttpClientRequest,
  body: Sendable,
  sent: Http.ClientRequest
): Effect.Effect<Response, RequestError> => {
  const response = receive(request, sent)
  switch (body._tag) {
    case "Empty":
      sent.end()
      return response
    case "Uint8Array":
      sent.end(body.body)
      return response
    case "Stream":
      return Effect.raceFirst(response, sendStream(request, sent, body.stream))
  }
}

/** Creates a client that finds the route to a host by a function. */
export const make = <E>(
  routeTo: (url: URL) => Effect.Effect<Route, E>,
  connectTimeout: Duration.Duration
): HttpClient.HttpClient =>
  HttpClient.make((request, url, signal) => {
    const { body } = request
    if (body._tag === "FormData" || body._tag === "Raw") {
      return new RequestError({
        request,
        reason: "Encode",
        description: `a body of type ${body._tag} is not supported`
      })
    }
    return routeTo(url).pipe(
      Effect.mapError((cause) => new RequestError({ request, reason: "Transport", cause })),
      // In one step, so that an interruption cannot leave a request open.
      Effect.flatMap((route) =>
        Effect.try({
          try: () => {
            const sent = open(request, url, route)
            signal.addEventListener("abort", () => sent.destroy(), { once: true })
            limitConnecting(sent, connectTimeout)
            return exchange(request, body, sent)
          },
          catch: (cause) => new RequestError({ request, reason: "Encode", cause })
        })
      ),
      Effect.flatten
    )
  })
