/** What the answer of a registry means that is not the one that was hoped for. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { RegistryFailed, Reported } from "../RegistryError.js"
import * as addresses from "./address.js"
import { concat } from "./bytes.js"
import { size } from "./headers.js"
import { spoken } from "./reasons.js"
import type { Answer } from "./transport.js"

declare const TextDecoder: new() => { readonly decode: (bytes: Uint8Array) => string }

/** What is read of an error, and of what is dropped so that the connection can be used again. */
const errorLimit = 8192

/** All bytes of an answer, unless there are more than a limit. */
export const collect = (answer: Answer, limit: number, what: string): Effect.Effect<Uint8Array, RegistryFailed> => {
  let size = 0
  return answer.body.pipe(
    Stream.tap((bytes) => {
      size += bytes.length
      if (size <= limit) return Effect.void
      return isEncoded(answer) ? encoded(answer) : failure(answer, "TooLarge", `${what} has more than ${limit} bytes`)
    }),
    Stream.runCollect,
    Effect.map(concat)
  )
}

/** A document of a limited size, which must also come to an end in time, however steadily it comes. */
export const document = (answer: Answer, limit: number, what: string): Effect.Effect<Uint8Array, RegistryFailed> =>
  Effect.timeoutFail(collect(answer, limit, what), {
    duration: answer.deadlines.document,
    onTimeout: () =>
      failure(
        answer,
        "TimedOut",
        `${what} did not come to its end within ${Duration.format(answer.deadlines.document)}`
      )
  })

/** Whether all of an answer is small, by what it says before. */
const isSmall = ({ headers, request, status }: Answer): boolean =>
  request.method === "HEAD" || status === 204 ||
  Option.exists(size(headers["content-length"]), (length) => length <= errorLimit)

/** Makes an end of an answer whose body is of no use. */
export const drop = (answer: Answer): Effect.Effect<void> =>
  Effect.ignore(isSmall(answer) ? answer.whole : begin(answer))

/** The first bytes of an answer, as far as they come in time, however it goes on. */
const begin = (answer: Answer): Effect.Effect<Uint8Array> => {
  const parts: Array<Uint8Array> = []
  let size = 0
  return answer.body.pipe(
    Stream.takeWhile((bytes) => {
      parts.push(bytes.slice(0, errorLimit - size))
      size += bytes.length
      return size < errorLimit
    }),
    Stream.runDrain,
    Effect.timeout(answer.deadlines.stall),
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

/** Of token servers, by OAuth's or by their own habits. */
const Single = Schema.parseJson(Schema.Struct({
  error: Schema.optional(Schema.String),
  error_description: Schema.optional(Schema.String),
  details: Schema.optional(Schema.String),
  message: Schema.optional(Schema.String)
}))

/** The errors that a body lists, in whatever form. */
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
  const said = error_description ?? details ?? message ?? ""
  return error === "" && said === "" ? [] : [new Reported({ code: error, message: said }, true)]
}

const isSpoken = Schema.is(Schema.Literal(...spoken))

/** What was asked for, by which an answer without words is understood. */
const notFound = (path: string): RegistryFailed["reason"] =>
  /\/blobs\/uploads\/./.test(path)
    ? "BLOB_UPLOAD_UNKNOWN"
    : /\/blobs\/[^/]+$/.test(path)
    ? "BLOB_UNKNOWN"
    : /\/manifests\//.test(path)
    ? "MANIFEST_UNKNOWN"
    : "NAME_UNKNOWN"

const meaning = (status: number, path: string): RegistryFailed["reason"] =>
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
    ? "InvalidAnswer"
    : status >= 500
    ? "Unavailable"
    : "Unexpected"

const sentences: Partial<Record<RegistryFailed["reason"], string>> = {
  BLOB_UNKNOWN: "the registry has no such blob there",
  BLOB_UPLOAD_UNKNOWN: "the registry has forgotten the upload",
  MANIFEST_UNKNOWN: "the registry has no such manifest there",
  MANIFEST_BLOB_UNKNOWN: "the registry misses what the manifest points to",
  NAME_UNKNOWN: "the registry has no such repository, or does not do this",
  UNAUTHORIZED: "the registry wants to know who asks",
  DENIED: "the registry does not allow it to whom it takes this for",
  UNSUPPORTED: "the registry does not do this",
  TOOMANYREQUESTS: "the registry was asked too often",
  TimedOut: "the registry waited too long",
  InvalidAnswer: "this is no answer of the protocol to that",
  TooLarge: "the registry does not take that much",
  Unavailable: "the registry has a fault, or is too busy"
}

const identified = (answer: Answer): { readonly requestId?: string } => {
  const { headers } = answer
  const id = headers["x-request-id"] ?? headers["docker-request-id"] ?? headers["x-amzn-requestid"] ??
    headers["x-ms-correlation-request-id"] ?? headers["cf-ray"]
  return id === undefined ? {} : { requestId: id }
}

/** An answer that is not one of the protocol, or not to be acted on. */
export const failure = (
  answer: Answer,
  reason: RegistryFailed["reason"],
  detail: string,
  errors: ReadonlyArray<Reported> = []
): RegistryFailed =>
  new RegistryFailed({
    reason,
    method: answer.request.method,
    url: addresses.show(answer.request.address),
    status: answer.status,
    errors,
    detail,
    ...identified(answer)
  })

/** Whether a body is compressed, or was before the platform read it, or is only said to be. */
export const isEncoded = ({ headers }: Answer): boolean => (headers["content-encoding"] ?? "identity") !== "identity"

/** What is wrong with bytes that are not those that were asked for. */
export const encoded = (answer: Answer): RegistryFailed =>
  failure(
    answer,
    "InvalidAnswer",
    `it sends it in the encoding ${JSON.stringify(answer.headers["content-encoding"])}, though it was asked for the ` +
      "bytes as they are (accept-encoding: identity); what compresses them may stand between here and the registry"
  )

const limits = (answer: Answer): string => {
  const parts = ["ratelimit-limit", "ratelimit-remaining", "retry-after"].flatMap((name) =>
    answer.headers[name] === undefined ? [] : [`${name}: ${answer.headers[name]}`]
  )
  return answer.status !== 429 || parts.length === 0 ? "" : ` (${parts.join(", ")})`
}

/** Reads why a registry refuses. It always fails, and fails well whatever the body is. */
export const refusal = (answer: Answer): Effect.Effect<RegistryFailed> =>
  Effect.map(begin(answer), (bytes) => {
    const errors = reported(text(bytes))
    const said = errors.map(({ code }) => code).find(isSpoken)
    const reason = said ?? meaning(answer.status, addresses.show(answer.request.address))
    const detail = `${sentences[reason] ?? "the registry did not do it"}${limits(answer)}`
    return failure(answer, reason, detail, errors)
  })
