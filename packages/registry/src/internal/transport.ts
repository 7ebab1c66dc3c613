/** One request and its answer, neither of which lasts for ever. */
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
import { RegistryFailed } from "../RegistryError.js"
import * as addresses from "./address.js"
import { concat } from "./bytes.js"
import { size } from "./headers.js"
import { limitSilence, type Watch, watch } from "./pulling.js"

export type Body =
  | { readonly _tag: "None" }
  | { readonly _tag: "Bytes"; readonly bytes: Uint8Array }
  /** It is run again with each request. */
  | { readonly _tag: "Stream"; readonly stream: Stream.Stream<Uint8Array, unknown>; readonly size: number }

export interface Request {
  readonly method: HttpMethod
  readonly address: addresses.Address
  readonly headers: Readonly<Record<string, string>>
  readonly body: Body
}

export interface Answer {
  readonly request: Request
  readonly status: number
  readonly headers: Headers.Headers
  readonly deadlines: Deadlines
  /** Fails if it ends early, or if nothing comes for too long. It must be run once, be it to drop it. */
  readonly body: Stream.Stream<Uint8Array, RegistryFailed>
  /** All of {@link body}, which is cheaper where it is known to be small. */
  readonly whole: Effect.Effect<Uint8Array, RegistryFailed>
}

export interface Deadlines {
  /** From the last byte that was sent to the headers of the answer. */
  readonly headers: Duration.Duration
  /** Between two pieces that are sent or received. */
  readonly stall: Duration.Duration
  /** From the headers of an answer to the end of its document: a manifest, a page of a list, a token. */
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

/** What the platform says went wrong, without the request, whose headers may be secret. */
const root = (cause: unknown): unknown =>
  hasProperty(cause, "cause") && cause.cause !== undefined ? root(cause.cause) : cause

const reasonOf = (cause: unknown): string =>
  [textAt(cause, "code"), textAt(cause, "message")].filter((part) => part !== "").join(": ")

/** That the other side is not who it should be does not change by asking again. */
export const isCertificate = (error: RegistryFailed): boolean =>
  /CERT|SIGNATURE|ERR_TLS_CERT/.test(textAt(error.cause, "code"))

/** Whether there is nobody who could answer. */
export const isRefused = (error: RegistryFailed): boolean => textAt(error.cause, "code") === "ECONNREFUSED"

/** Nor does a name that nobody knows. */
export const isUnknownHost = (error: RegistryFailed): boolean => textAt(error.cause, "code") === "ENOTFOUND"

const explain = (error: HttpClientError): { readonly cause: unknown; readonly text: string } => {
  const cause = root(error.cause)
  const text = reasonOf(cause)
  return { cause: cause instanceof Error ? cause : undefined, text: text === "" ? "" : `: ${text}` }
}

const cut = (request: Request, status: number) => (error: HttpClientError): RegistryFailed => {
  const { cause, text } = explain(error)
  return failed(request, "Truncated", `the answer ended early${text}`, { status, cause })
}

const stalling = (request: Request, status: number, patience: Duration.Duration) => (): RegistryFailed =>
  failed(request, "TimedOut", `nothing came for ${Duration.format(patience)}`, { status })

// The platform leaves out a length of zero, and a stream of no bytes would be sent in chunks.
const sizeOf = (body: Body): Readonly<Record<string, string>> =>
  body._tag === "None" ? {} : { "content-length": String(body._tag === "Bytes" ? body.bytes.length : body.size) }

/** The most that is sent or received at once: with more, the other side must show progress. */
const pieceSize = 256 * 1024

const pieces = (bytes: Uint8Array): Stream.Stream<Uint8Array> =>
  Stream.unfold(
    0,
    (at) => at >= bytes.length ? Option.none() : Option.some([bytes.subarray(at, at + pieceSize), at + pieceSize])
  )

const encode = (body: Body, observe: Watch["observe"]): HttpBody.HttpBody => {
  if (body._tag === "None") return HttpBody.empty
  if (body._tag === "Bytes" && body.bytes.length <= pieceSize) {
    return HttpBody.uint8Array(body.bytes, "application/octet-stream")
  }
  return body._tag === "Bytes"
    ? HttpBody.stream(observe(pieces(body.bytes)), "application/octet-stream", body.bytes.length)
    : HttpBody.stream(observe(body.stream), "application/octet-stream", body.size)
}

/** Whether a body comes at once. */
const isSmall = ({ method }: Request, { headers, status }: HttpClientResponse.HttpClientResponse): boolean =>
  method === "HEAD" || status === 204 ||
  Option.exists(size(headers["content-length"]), (length) => length <= pieceSize)

const answerOf = (
  request: Request,
  response: HttpClientResponse.HttpClientResponse,
  deadlines: Deadlines
): Answer => {
  const { headers, status } = response
  const stalled = stalling(request, status, deadlines.stall)
  const body = response.stream.pipe(Stream.mapError(cut(request, status)), limitSilence(deadlines.stall, stalled))
  const atOnce = response.arrayBuffer.pipe(
    Effect.mapBoth({ onFailure: cut(request, status), onSuccess: (_) => new Uint8Array(_) }),
    Effect.timeoutFail({ duration: deadlines.stall, onTimeout: stalled })
  )
  return {
    request,
    status,
    headers,
    deadlines,
    body,
    whole: isSmall(request, response) ? atOnce : Effect.map(Stream.runCollect(body), concat)
  }
}

/**
 * Sends a request once. What it is answered with is not looked at.
 *
 * The spans of the platform would have queries in them, and its headers for tracing are none of a registry's business.
 */
export const make = (client: HttpClient.HttpClient, deadlines: Deadlines) => {
  const quiet = client.pipe(
    HttpClient.withTracerDisabledWhen(() => true),
    HttpClient.withTracerPropagation(false)
  )
  return (request: Request): Effect.Effect<Answer, RegistryFailed> =>
    Effect.gen(function*() {
      const { body, headers, method } = request
      const { observe, stalled } = yield* watch({ stall: deadlines.stall, answer: deadlines.headers })
      const sent = HttpClientRequest.make(method)(addresses.format(request.address)).pipe(
        HttpClientRequest.setBody(encode(body, observe)),
        HttpClientRequest.setHeaders({ ...sizeOf(body), ...headers })
      )
      const response = yield* quiet.execute(sent).pipe(
        Effect.mapError((error) => {
          const { cause, text } = explain(error)
          return failed(request, "Unreachable", `there is no connection${text}`, { cause })
        }),
        Effect.raceFirst(
          Effect.flatMap(stalled, (limit) => failed(request, "TimedOut", `no answer for ${Duration.format(limit)}`))
        )
      )
      return answerOf(request, response, deadlines)
    })
}
