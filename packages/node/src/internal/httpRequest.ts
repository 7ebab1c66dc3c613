/** Requests by `node:http`. */
import * as HttpClient from "@effect/platform/HttpClient"
import { RequestError } from "@effect/platform/HttpClientError"
import type { HttpClientRequest } from "@effect/platform/HttpClientRequest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { constVoid } from "effect/Function"
import * as Stream from "effect/Stream"
import * as Http from "node:http"
import * as Https from "node:https"
import type { Socket } from "node:net"
import { TLSSocket } from "node:tls"
import { Response } from "./httpResponse.js"

/** How a host is reached. */
export interface Way {
  /** Agent and certificates. */
  readonly options: Https.RequestOptions
  /** Who is asked for all addresses, instead of the hosts that they name. */
  readonly proxy?: { readonly url: URL; readonly headers: Readonly<Record<string, string>> } | undefined
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
  const to = proxy?.url ?? url
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

const drained = (sent: Http.ClientRequest): Effect.Effect<void> =>
  Effect.async((resume) => {
    const done = () => resume(Effect.void)
    if (!sent.writableNeedDrain) return done()
    sent.once("drain", done)
    return Effect.sync(() => sent.off("drain", done))
  })

/** All at once for the system. */
const write = (sent: Http.ClientRequest, pieces: Iterable<Uint8Array>): void => {
  sent.cork()
  for (const bytes of pieces) sent.write(bytes)
  sent.uncork()
}

/** Sends a stream, as fast as it is taken. */
const sendStream = (
  request: HttpClientRequest,
  sent: Http.ClientRequest,
  stream: Stream.Stream<Uint8Array, unknown>
): Effect.Effect<never, RequestError> =>
  stream.pipe(
    Stream.mapError((cause) => new RequestError({ request, reason: "Encode", cause })),
    Stream.runForEachChunk((pieces) => Effect.zipRight(drained(sent), Effect.sync(() => write(sent, pieces)))),
    Effect.tapErrorCause(() => Effect.sync(() => sent.destroy())),
    Effect.zipRight(Effect.sync(() => sent.end())),
    Effect.zipRight(Effect.never)
  )

const answer = (
  request: HttpClientRequest,
  sent: Http.ClientRequest,
  begin: () => void
): Effect.Effect<Response, RequestError> =>
  Effect.async((resume) => {
    sent.once("response", (response) => {
      // Node.js waits for the end of the connection where an answer does not say its length, although it has no body.
      if (sent.method === "HEAD" && response.headers.connection !== "close") sent.shouldKeepAlive = true
      // Who answers before all was sent wants no more of it.
      if (!sent.writableEnded) sent.shouldKeepAlive = false
      resume(Effect.succeed(new Response(request, response)))
    })
    sent.on("error", (cause) => resume(Effect.fail(new RequestError({ request, reason: "Transport", cause }))))
    begin()
    return Effect.sync(() => sent.destroy())
  })

const exchange = (request: HttpClientRequest, sent: Http.ClientRequest): Effect.Effect<Response, RequestError> => {
  const { body } = request
  switch (body._tag) {
    case "Empty":
      return answer(request, sent, () => sent.end())
    case "Uint8Array":
      return answer(request, sent, () => sent.end(body.body))
    case "Stream":
      return Effect.raceFirst(answer(request, sent, constVoid), sendStream(request, sent, body.stream))
    default:
      sent.destroy()
      return new RequestError({ request, reason: "Encode", description: `no registry takes a body of ${body._tag}` })
  }
}

/** A client that finds its way to hosts by a function. */
export const make = (wayTo: (url: URL) => Way, connectTimeout: Duration.Duration): HttpClient.HttpClient =>
  HttpClient.make((request, url, signal) =>
    Effect.flatMap(
      Effect.try({
        try: () => open(request, url, wayTo(url)),
        catch: (cause) => new RequestError({ request, reason: "InvalidUrl", cause })
      }),
      (sent) => {
        signal.addEventListener("abort", () => sent.destroy(), { once: true })
        limitConnecting(sent, connectTimeout)
        return exchange(request, sent)
      }
    )
  )
