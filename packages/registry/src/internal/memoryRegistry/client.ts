import * as Headers from "@effect/platform/Headers"
import type * as HttpBody from "@effect/platform/HttpBody"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientError from "@effect/platform/HttpClientError"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Effect from "effect/Effect"
import { isString, isUint8Array } from "effect/Predicate"
import * as Stream from "effect/Stream"
import type { ConnectionLost, Handler } from "../../MemoryRegistry.js"
import { utf8 } from "./http.js"

declare const URL: new(text: string) => {
  readonly protocol: string
  readonly host: string
  readonly pathname: string
  readonly search: string
}

declare const Response: new(
  body: unknown,
  init: { readonly status: number; readonly headers: Readonly<Record<string, string>> }
) => Parameters<typeof HttpClientResponse.fromWeb>[1]

const sent = (
  body: HttpBody.HttpBody,
  lost: (cause: unknown) => ConnectionLost
): Stream.Stream<Uint8Array, ConnectionLost> => {
  switch (body._tag) {
    case "Empty":
      return Stream.empty
    case "Uint8Array":
      return Stream.make(body.body)
    case "Stream":
      return Stream.mapError(body.stream, lost)
    case "Raw":
      return isUint8Array(body.body)
        ? Stream.make(body.body)
        : isString(body.body)
        ? Stream.make(utf8(body.body))
        : Stream.dieMessage("A registry in memory is sent bytes")
    case "FormData":
      return Stream.dieMessage("A registry in memory is sent bytes")
  }
}

const taken = ["POST", "PUT", "PATCH"]

// What the clients of networks add by themselves.
const framing = (method: string, body: HttpBody.HttpBody): Record<string, string> => {
  const length = body._tag === "Empty" ? (taken.includes(method) ? 0 : undefined) : body.contentLength
  return {
    ...(body.contentType === undefined ? {} : { "content-type": body.contentType }),
    ...(length === undefined
      ? body._tag === "Empty" ? {} : { "transfer-encoding": "chunked" }
      : { "content-length": String(length) })
  }
}

const hasNoBody = (method: string, status: number) => method === "HEAD" || status === 204 || status === 304

// What such a stream has in store when it fails is lost; over a network it would have arrived.
const unbuffered = <E>(body: Stream.Stream<Uint8Array, E>) =>
  Stream.toReadableStreamEffect(Stream.rechunk(body, 1), { strategy: { highWaterMark: 0 } })

/** @internal */
export const httpClient = (handler: Handler, lost: (cause: unknown) => ConnectionLost): HttpClient.HttpClient =>
  HttpClient.make((request, target) => {
    const url = new URL(String(target))
    return handler({
      scheme: url.protocol.slice(0, -1),
      host: url.host,
      method: request.method,
      url: `${url.pathname}${url.search}`,
      headers: Headers.fromInput({ host: url.host, ...framing(request.method, request.body), ...request.headers }),
      body: sent(request.body, lost)
    }).pipe(
      Effect.flatMap(({ body, headers, status }) =>
        hasNoBody(request.method, status)
          ? Effect.succeed(new Response(null, { status, headers }))
          : isUint8Array(body)
          ? Effect.sync(() => new Response(body, { status, headers }))
          : Effect.map(unbuffered(body), (readable) => new Response(readable, { status, headers }))
      ),
      Effect.mapBoth({
        onFailure: (cause) => new HttpClientError.RequestError({ request, reason: "Transport", cause }),
        onSuccess: (response) => HttpClientResponse.fromWeb(request, response)
      })
    )
  })
