/** Requests by `node:http`. */
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

/** How a host is reached. */
export interface Way {
  /** Agent and certificates. */
  readonly options: Https.RequestOptions
  /** Who is asked for all addresses, instead of the hosts that they name. */
  readonly proxy?: Proxy | undefined
}

/** What was written, and not what a parser made of it. */
const pathOf = (url: string): string => {
  const path = /^[a-z]+:\/\/[^/?#]*([^#]*)/i.exec(url)?.[1] ?? ""
  return path.startsWith("/") ? path : `/${path}`
}

const open = (
  request: HttpClientRequest,
  url: URL,
  { options, proxy }: Way
): Http.ClientRequest => {
  const path = pathOf(request.url)
  const asked = {
    ...options,
    method: request.method,
    path: proxy === undefined ? path : `${url.origin}${path}`,
    headers: { host: url.host, ...proxy?.headers, ...request.headers }
  }
  const to = proxy?.address ?? url
  return to.protocol === "https:" ? Https.request(to, asked) : Http.request(to, asked)
}

/** Lets no connection take longer to be made. */
const limitConnecting = (sent: Http.ClientRequest, limit: Duration.Duration): void => {
  const timer = setTimeout(() => {
    sent.destroy(Object.assign(new Error(`no connection within ${Duration.format(limit)}`), { code: "ETIMEDOUT" }))
  }, Duration.toMillis(limit))
  const made = () => clearTimeout(timer)
  sent.once("close", made).once("response", made).once("socket", (socket: Socket) => {
    if (sent.reusedSocket) made()
    else if (socket instanceof TLSSocket) socket.once("secureConnect", made)
    else if (socket.connecting) socket.once("connect", made)
    else made()
  })
}

/**
 * Hands pieces to the system, which is done with their memory when this is; where nobody takes them it never is. What
 * went wrong is told by the request.
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

/** Sends a stream, as fast as it is taken. */
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

/** What comes for an answer, be it before anybody waits for it. */
const answerTo = (request: HttpClientRequest, sent: Http.ClientRequest): Effect.Effect<Response, RequestError> => {
  const answer = Deferred.unsafeMake<Response, RequestError>(FiberId.none)
  const fail = (cause: unknown) =>
    Deferred.unsafeDone(answer, new RequestError({ request, reason: "Transport", cause }))
  sent.once("response", (response) => {
    // Node.js waits for the end of the connection where an answer does not say its length, although it has no body.
    if (sent.method === "HEAD" && response.headers.connection !== "close") sent.shouldKeepAlive = true
    // Who answers before all was sent wants no more of it.
    if (!sent.writableEnded) {
      sent.shouldKeepAlive = false
      response.once("end", () => sent.destroy())
    }
    Deferred.unsafeDone(answer, Effect.succeed(new Response(request, response)))
  })
  sent.on("error", fail).once("close", () => fail(new Error("the connection was closed")))
  return Effect.onInterrupt(Deferred.await(answer), () => Effect.sync(() => sent.destroy()))
}

type Sendable = Extract<HttpBody, { readonly _tag: "Empty" | "Uint8Array" | "Stream" }>

const exchange = (
  request: HttpClientRequest,
  body: Sendable,
  sent: Http.ClientRequest
): Effect.Effect<Response, RequestError> => {
  const answer = answerTo(request, sent)
  switch (body._tag) {
    case "Empty":
      sent.end()
      return answer
    case "Uint8Array":
      sent.end(body.body)
      return answer
    case "Stream":
      return Effect.raceFirst(answer, sendStream(request, sent, body.stream))
  }
}

/** A client that finds its way to hosts by a function. */
export const make = <E>(
  wayTo: (url: URL) => Effect.Effect<Way, E>,
  connectTimeout: Duration.Duration
): HttpClient.HttpClient =>
  HttpClient.make((request, url, signal) => {
    const { body } = request
    if (body._tag === "FormData" || body._tag === "Raw") {
      return new RequestError({ request, reason: "Encode", description: `no registry takes a body of ${body._tag}` })
    }
    return wayTo(url).pipe(
      Effect.mapError((cause) => new RequestError({ request, reason: "Transport", cause })),
      // In one step, so that no request is open that nobody ends.
      Effect.flatMap((way) =>
        Effect.try({
          try: () => {
            const sent = open(request, url, way)
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
