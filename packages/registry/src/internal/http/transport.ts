/** A single request and its response, with time limits. */
import type * as Headers from "@effect/platform/Headers"
import * as HttpBody from "@effect/platform/HttpBody"
import * as HttpClient from "@effect/platform/HttpClient"
import type { HttpClientError } from "@effect/platform/HttpClientError"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import type { HttpMethod } from "@effect/platform/HttpMethod"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { hasProperty } from "effect/Predicate"
import * as Stream from "effect/Stream"
import { RegistryFailed } from "../../RegistryError.js"
import { concat } from "../bytes.js"
import * as addresses from "./address.js"
import { size } from "./headers.js"
import { failOnStall, type StallWatch, watch } from "./stallTimeout.js"

export type Body =
  | { readonly _tag: "None" }
  | { readonly _tag: "Bytes"; readonly bytes: Uint8Array }
  /** The stream is run again for each request. */
  | { readonly _tag: "Stream"; readonly stream: Stream.Stream<Uint8Array, unknown>; readonly size: number }

export interface Request {
  readonly method: HttpMethod
  readonly address: addresses.Address
  readonly headers: Readonly<Record<string, string>>
  readonly body: Body
}

export interface Response {
  readonly request: Request
  readonly status: number
  readonly headers: Headers.Headers
  readonly deadlines: Deadlines
  /** Fails if it ends early or stalls. Must be run once, or dropped, to release the connection. */
  readonly body: Stream.Stream<Uint8Array, RegistryFailed>
  /** The whole {@link body}; cheaper if it is known to be small. */
  readonly whole: Effect.Effect<Uint8Array, RegistryFailed>
}

export interface Deadlines {
  /** From the last byte sent to the response headers. */
  readonly headers: Duration.Duration
  /** Between two chunks that are sent or received. */
  readonly stall: Duration.Duration
  /** From the response headers to the end of a document: a manifest, a page of a list, a token. */
  readonly document: Duration.Duration
}

export const failed = (
  { address, method }: Pick<Request, "address" | "method">,
  reason: RegistryFailed["reason"],
  detail: string,
  more: { readonly status?: number; readonly cause?: unknown } = {}
): RegistryFailed => new RegistryFailed({ method, url: addresses.show(address), reason, detail, ...more })

const textAt = (value: unknown, key: string): string =>
  hasProperty(value, key) && typeof value[key] === "string" ? value[key] : ""

/** Returns the innermost cause. The outer ones contain the request, whose headers may be secret. */
const root = (cause: unknown): unknown =>
  hasProperty(cause, "cause") && cause.cause !== undefined ? root(cause.cause) : cause

const reasonOf = (cause: unknown): string =>
  [textAt(cause, "code"), textAt(cause, "message")].filter((part) => part !== "").join(": ")

/** Checks for an invalid certificate, after which a retry is futile. */
export const isCertificate = (error: RegistryFailed): boolean =>
  /CERT|SIGNATURE|ERR_TLS_CERT/.test(textAt(error.cause, "code"))

/** Checks for a refused connection. */
export const isRefused = (error: RegistryFailed): boolean => textAt(error.cause, "code") === "ECONNREFUSED"

/** Checks for an unknown host name, after which a retry is futile. */
export const isUnknownHost = (error: RegistryFailed): boolean => textAt(error.cause, "code") === "ENOTFOUND"

const explain = (error: HttpClientError): { readonly cause: unknown; readonly text: string } => {
  const cause = root(error.cause)
  const text = reasonOf(cause)
  return { cause: cause instanceof Error ? cause : undefined, text: text === "" ? "" : `: ${text}` }
}

const truncated = (request: Request, status: number) => (error: HttpClientError): RegistryFailed => {
  const { cause, text } = explain(error)
  return failed(request, "Truncated", `the response ended early${text}`, { status, cause })
}

const stalled = (request: Request, status: number, limit: Duration.Duration) => (): RegistryFailed =>
  failed(request, "TimedOut", `no data received for ${Duration.format(limit)}`, { status })

// The platform omits a length of zero, and would send an empty stream with chunked transfer encoding.
const sizeOf = (body: Body): Readonly<Record<string, string>> =>
  body._tag === "None" ? {} : { "content-length": String(body._tag === "Bytes" ? body.bytes.length : body.size) }

/** Maximum size of a body that is transferred without watching its progress. */
const pieceSize = 256 * 1024

const pieces = (bytes: Uint8Array): Stream.Stream<Uint8Array> =>
  Stream.unfold(
    0,
    (at) => at >= bytes.length ? Option.none() : Option.some([bytes.subarray(at, at + pieceSize), at + pieceSize])
  )

const encode = (body: Body, observe: StallWatch["observe"]): HttpBody.HttpBody => {
  if (body._tag === "None") return HttpBody.empty
  if (body._tag === "Bytes" && body.bytes.length <= pieceSize) {
    return HttpBody.uint8Array(body.bytes, "application/octet-stream")
  }
  return body._tag === "Bytes"
    ? HttpBody.stream(observe(pieces(body.bytes)), "application/octet-stream", body.bytes.length)
    : HttpBody.stream(observe(body.stream), "application/octet-stream", body.size)
}

/** Checks if a response body is small enough to be read at once. */
const isSmall = ({ method }: Request, { headers, status }: HttpClientResponse.HttpClientResponse): boolean =>
  method === "HEAD" || status === 204 ||
  Option.exists(size(headers["content-length"]), (length) => length <= pieceSize)

const responseOf = (
  request: Request,
  received: HttpClientResponse.HttpClientResponse,
  deadlines: Deadlines
): Response => {
  const { headers, status } = received
  const onStall = stalled(request, status, deadlines.stall)
  const body = received.stream.pipe(Stream.mapError(truncated(request, status)), failOnStall(deadlines.stall, onStall))
  const atOnce = received.arrayBuffer.pipe(
    Effect.mapBoth({ onFailure: truncated(request, status), onSuccess: (_) => new Uint8Array(_) }),
    Effect.timeoutFail({ duration: deadlines.stall, onTimeout: onStall })
  )
  return {
    request,
    status,
    headers,
    deadlines,
    body,
    whole: isSmall(request, received) ? atOnce : Effect.map(Stream.runCollect(body), concat)
  }
}

/**
 * Creates a function that sends a request once and returns any response.
 *
 * Disables the platform's tracing: its spans contain queries, and its headers would reach the registry.
 */
export const make = (client: HttpClient.HttpClient, deadlines: Deadlines) => {
  const untraced = client.pipe(
    HttpClient.withTracerDisabledWhen(() => true),
    HttpClient.withTracerPropagation(false)
  )
  return (request: Request): Effect.Effect<Response, RegistryFailed> =>
    Effect.gen(function*() {
      const { body, headers, method } = request
      const { observe, stalled } = yield* watch({ stall: deadlines.stall, response: deadlines.headers })
      const sent = HttpClientRequest.make(method)(addresses.format(request.address)).pipe(
        HttpClientRequest.setBody(encode(body, observe)),
        HttpClientRequest.setHeaders({ ...sizeOf(body), ...headers })
      )
      const received = yield* untraced.execute(sent).pipe(
        Effect.mapError((error) => {
          const { cause, text } = explain(error)
          return failed(request, "Unreachable", `the connection failed${text}`, { cause })
        }),
        Effect.raceFirst(
          Effect.flatMap(stalled, (limit) => failed(request, "TimedOut", `no response for ${Duration.format(limit)}`))
        )
      )
      return responseOf(request, received, deadlines)
    })
}
