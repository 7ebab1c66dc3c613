import * as Headers from "@effect/platform/Headers"
import type * as HttpBody from "@effect/platform/HttpBody"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientError from "@effect/platform/HttpClientError"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Effect from "effect/Effect"
import { isString, isUint8Array } from "effect/Predicate"
import * as Stream from "effect/Stream"
import { type Incoming, type Outgoing, utf8 } from "./http.js"

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

const requestBody = <E>(
  body: HttpBody.HttpBody,
  onError: (cause: unknown) => E
): Stream.Stream<Uint8Array, E> => {
  switch (body._tag) {
    case "Empty":
      return Stream.empty
    case "Uint8Array":
      return Stream.make(body.body)
    case "Stream":
      return Stream.mapError(body.stream, onError)
    case "Raw":
      return isUint8Array(body.body)
        ? Stream.make(body.body)
        : isString(body.body)
        ? Stream.make(utf8(body.body))
        : Stream.dieMessage("An in-memory registry accepts bytes only")
    case "FormData":
      return Stream.dieMessage("An in-memory registry accepts bytes only")
  }
}

const methodsWithBody = ["POST", "PUT", "PATCH"]

// Headers that HTTP clients add.
const framing = (method: string, body: HttpBody.HttpBody): Record<string, string> => {
  const length = body._tag === "Empty" ? (methodsWithBody.includes(method) ? 0 : undefined) : body.contentLength
  return {
    ...(body.contentType === undefined ? {} : { "content-type": body.contentType }),
    ...(length === undefined
      ? body._tag === "Empty" ? {} : { "transfer-encoding": "chunked" }
      : { "content-length": String(length) })
  }
}

const hasNoBody = (method: string, status: number) => method === "HEAD" || status === 204 || status === 304

// Without buffering, since a failure would discard buffered bytes, which a network would have delivered.
const unbuffered = <E>(body: Stream.Stream<Uint8Array, E>) =>
  Stream.toReadableStreamEffect(Stream.rechunk(body, 1), { strategy: { highWaterMark: 0 } })

type ClientRequest<E> = Pick<Incoming<E>, "body" | "headers" | "method"> & {
  readonly scheme: string
  readonly host: string
  readonly url: string
}

type ClientResponse<E> = Omit<Outgoing, "body"> & { readonly body: Uint8Array | Stream.Stream<Uint8Array, E> }

/** @internal */
export const httpClient = <E>(
  handler: (request: ClientRequest<E>) => Effect.Effect<ClientResponse<E>, E>,
  onBodyError: (cause: unknown) => E
): HttpClient.HttpClient =>
  HttpClient.make((request, target) => {
    const url = new URL(String(target))
    return handler({
      scheme: url.protocol.slice(0, -1),
      host: url.host,
      method: request.method,
      url: `${url.pathname}${url.search}`,
      headers: Headers.fromInput({ host: url.host, ...framing(request.method, request.body), ...request.headers }),
      body: requestBody(request.body, onBodyError)
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
