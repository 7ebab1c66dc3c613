/** Bodies of responses, and the errors that unsuccessful responses stand for. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { RegistryFailed, Reported } from "../../RegistryError.js"
import { concat } from "../bytes.js"
import { registryCodes } from "../errorCodes.js"
import * as addresses from "./address.js"
import { size } from "./headers.js"
import type { Response } from "./transport.js"

declare const TextDecoder: new() => { readonly decode: (bytes: Uint8Array) => string }

/** Maximum number of bytes read of an error, or of an ignored body to keep its connection usable. */
const errorLimit = 8192

/** Reads a body of limited size. */
export const collect = (response: Response, limit: number, name: string): Effect.Effect<Uint8Array, RegistryFailed> => {
  let size = 0
  return response.body.pipe(
    Stream.tap((bytes) => {
      size += bytes.length
      if (size <= limit) return Effect.void
      return isEncoded(response)
        ? encoded(response)
        : failure(response, "TooLarge", `${name} has more than ${limit} bytes`)
    }),
    Stream.runCollect,
    Effect.map(concat)
  )
}

/** Reads a document of limited size within a time limit for the whole document. */
export const document = (response: Response, limit: number, name: string): Effect.Effect<Uint8Array, RegistryFailed> =>
  Effect.timeoutFail(collect(response, limit, name), {
    duration: response.deadlines.document,
    onTimeout: () =>
      failure(
        response,
        "TimedOut",
        `${name} was not complete within ${Duration.format(response.deadlines.document)}`
      )
  })

/** Checks by the headers if the body is small. */
const isSmall = ({ headers, request, status }: Response): boolean =>
  request.method === "HEAD" || status === 204 ||
  Option.exists(size(headers["content-length"]), (length) => length <= errorLimit)

/** Discards the body of a response. */
export const drop = (response: Response): Effect.Effect<void> =>
  Effect.ignore(isSmall(response) ? response.whole : begin(response))

/** Reads the beginning of a body, as far as it arrives within the stall timeout. Ignores errors. */
const begin = (response: Response): Effect.Effect<Uint8Array> => {
  const parts: Array<Uint8Array> = []
  let size = 0
  return response.body.pipe(
    Stream.takeWhile((bytes) => {
      parts.push(bytes.slice(0, errorLimit - size))
      size += bytes.length
      return size < errorLimit
    }),
    Stream.runDrain,
    Effect.timeout(response.deadlines.stall),
    Effect.ignore,
    Effect.map(() => concat(parts))
  )
}

export const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)

const Entry = Schema.Struct({
  code: Schema.optionalWith(Schema.String, { nullable: true, default: () => "" }),
  message: Schema.optionalWith(Schema.String, { nullable: true, default: () => "" }),
  detail: Schema.optional(Schema.Unknown)
})

const Listed = Schema.parseJson(Schema.Struct({ errors: Schema.Array(Entry) }))

/** Errors of token servers, as in OAuth 2 or in their own formats. */
const Single = Schema.parseJson(Schema.Struct({
  error: Schema.optional(Schema.String),
  error_description: Schema.optional(Schema.String),
  details: Schema.optional(Schema.String),
  message: Schema.optional(Schema.String)
}))

/** Parses the errors in a body, in any of the known formats. */
export const reported = (body: string): ReadonlyArray<Reported> => {
  const listed = Schema.decodeUnknownEither(Listed)(body)
  if (Either.isRight(listed)) {
    return listed.right.errors.map(({ code, detail, message }) =>
      new Reported({ code, message, ...(detail === undefined ? {} : { detail }) }, true)
    )
  }
  const single = Schema.decodeUnknownEither(Single)(body)
  if (Either.isLeft(single)) return []
  const { details, error = "", error_description, message } = single.right
  const text = error_description ?? details ?? message ?? ""
  return error === "" && text === "" ? [] : [new Reported({ code: error, message: text }, true)]
}

const isErrorCode = Schema.is(Schema.Literal(...registryCodes))

/** Derives the reason of a 404 without an error code from the path of the request. */
const notFound = (path: string): RegistryFailed["reason"] =>
  /\/blobs\/uploads\/./.test(path)
    ? "BLOB_UPLOAD_UNKNOWN"
    : /\/blobs\/[^/]+$/.test(path)
    ? "BLOB_UNKNOWN"
    : /\/manifests\//.test(path)
    ? "MANIFEST_UNKNOWN"
    : "NAME_UNKNOWN"

/** Derives the reason of a response without an error code from its status. */
const reasonOfStatus = (status: number, path: string): RegistryFailed["reason"] =>
  status === 404 || status === 410
    ? notFound(path)
    : status === 401
    ? "UNAUTHORIZED"
    : status === 403
    ? "DENIED"
    : status === 405 || status === 501
    ? "UNSUPPORTED"
    : status === 429
    ? "TOOMANYREQUESTS"
    : status === 408
    ? "TimedOut"
    : status === 413
    ? "TooLarge"
    : status < 400
    ? "InvalidResponse"
    : status >= 500
    ? "Unavailable"
    : "Unexpected"

const sentences: Partial<Record<RegistryFailed["reason"], string>> = {
  BLOB_UNKNOWN: "the blob does not exist in the repository",
  BLOB_UPLOAD_UNKNOWN: "the upload session does not exist",
  MANIFEST_UNKNOWN: "the manifest does not exist in the repository",
  MANIFEST_BLOB_UNKNOWN: "content referenced by the manifest does not exist in the repository",
  NAME_UNKNOWN: "the repository does not exist, or the registry does not support the operation",
  UNAUTHORIZED: "the registry requires authentication",
  DENIED: "the registry denies access",
  UNSUPPORTED: "the registry does not support the operation",
  TOOMANYREQUESTS: "the registry limits the rate of requests",
  TimedOut: "the registry timed out",
  InvalidResponse: "the response violates the protocol",
  TooLarge: "the request is too large for the registry",
  Unavailable: "the registry failed or is overloaded"
}

/** Returns the request identifier of the registry, if any. */
const requestIdOf = (response: Response): { readonly requestId?: string } => {
  const { headers } = response
  const id = headers["x-request-id"] ?? headers["docker-request-id"] ?? headers["x-amzn-requestid"] ??
    headers["x-ms-correlation-request-id"] ?? headers["cf-ray"]
  return id === undefined ? {} : { requestId: id }
}

/** Creates the error of a response. */
export const failure = (
  response: Response,
  reason: RegistryFailed["reason"],
  detail: string,
  errors: ReadonlyArray<Reported> = []
): RegistryFailed =>
  new RegistryFailed({
    reason,
    method: response.request.method,
    url: addresses.show(response.request.address),
    status: response.status,
    errors,
    detail,
    ...requestIdOf(response)
  })

/** Checks if the headers declare a content encoding. The platform may have decoded the body already. */
export const isEncoded = ({ headers }: Response): boolean => (headers["content-encoding"] ?? "identity") !== "identity"

/** Creates the error of a body that is not the requested content because of its encoding. */
export const encoded = (response: Response): RegistryFailed =>
  failure(
    response,
    "InvalidResponse",
    `the body has the encoding ${JSON.stringify(response.headers["content-encoding"])}, although the request has ` +
      "accept-encoding: identity; a proxy between this machine and the registry may have compressed it"
  )

/** Formats the rate limit headers of a 429. */
const rateLimits = (response: Response): string => {
  const parts = ["ratelimit-limit", "ratelimit-remaining", "retry-after"].flatMap((name) =>
    response.headers[name] === undefined ? [] : [`${name}: ${response.headers[name]}`]
  )
  return response.status !== 429 || parts.length === 0 ? "" : ` (${parts.join(", ")})`
}

/** Reads the error of an unsuccessful response. Never fails, even if the body is not a document of errors. */
export const readError = (response: Response): Effect.Effect<RegistryFailed> =>
  Effect.map(begin(response), (bytes) => {
    const errors = reported(text(bytes))
    const code = errors.map(({ code }) => code).find(isErrorCode)
    const reason = code ?? reasonOfStatus(response.status, addresses.show(response.request.address))
    const detail = `${sentences[reason] ?? "the request failed"}${rateLimits(response)}`
    return failure(response, reason, detail, errors)
  })
