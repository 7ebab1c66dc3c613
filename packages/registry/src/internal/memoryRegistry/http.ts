import * as Headers from "@effect/platform/Headers"
import * as Either from "effect/Either"
import type * as Stream from "effect/Stream"

declare const TextEncoder: new() => { readonly encode: (text: string) => Uint8Array }

const encoder = new TextEncoder()

/** @internal */
export const utf8 = (text: string): Uint8Array => encoder.encode(text)

/** @internal */
export interface Incoming<out E> {
  readonly method: string
  readonly path: string
  readonly query: ReadonlyArray<readonly [name: string, value: string]>
  readonly headers: Headers.Headers
  readonly body: Stream.Stream<Uint8Array, E>
}

/** @internal */
export interface Outgoing {
  readonly status: number
  readonly headers: Headers.Headers
  readonly body: Uint8Array
}

const decoded = (text: string) => Either.try(() => decodeURIComponent(text))

/**
 * Parses the path and the parameters of a request target. Fails if they are malformed.
 *
 * @internal
 */
export const target = (url: string): Either.Either<Pick<Incoming<never>, "path" | "query">, unknown> => {
  const [path = "", ...rest] = url.split("?")
  const pairs = rest.join("?").split("&").filter((pair) => pair !== "")
  return Either.all({
    path: decoded(path),
    query: Either.all(pairs.map((pair) => {
      const [name = "", ...value] = pair.replaceAll("+", " ").split("=")
      return Either.all([decoded(name), decoded(value.join("="))] as const)
    }))
  })
}

/** @internal */
export const parameter = (request: Incoming<unknown>, name: string): string | undefined =>
  request.query.find(([key]) => key === name)?.[1]

/** @internal */
export const parameters = (request: Incoming<unknown>, name: string): ReadonlyArray<string> =>
  request.query.flatMap(([key, value]) => key === name ? [value] : [])

/** @internal */
export const makeResponse = (
  status: number,
  headers: Readonly<Record<string, string>> = {},
  body: Uint8Array = new Uint8Array()
): Outgoing => ({
  status,
  headers: Headers.fromInput(status === 204 ? headers : { "content-length": String(body.length), ...headers }),
  body
})

/** @internal */
export const json = (status: number, value: unknown, headers: Readonly<Record<string, string>> = {}): Outgoing =>
  makeResponse(status, { "content-type": "application/json", ...headers }, utf8(JSON.stringify(value)))

const statuses = {
  BLOB_UNKNOWN: 404,
  BLOB_UPLOAD_INVALID: 400,
  BLOB_UPLOAD_UNKNOWN: 404,
  DIGEST_INVALID: 400,
  MANIFEST_BLOB_UNKNOWN: 404,
  MANIFEST_INVALID: 400,
  MANIFEST_UNKNOWN: 404,
  NAME_INVALID: 400,
  NAME_UNKNOWN: 404,
  SIZE_INVALID: 400,
  UNAUTHORIZED: 401,
  DENIED: 403,
  UNSUPPORTED: 405,
  TOOMANYREQUESTS: 429
}

/** @internal */
export type Code = keyof typeof statuses

/** @internal */
export const statusOf = (code: Code): number => statuses[code]

/** @internal */
export const errorResponse = (
  code: Code,
  message: string,
  options: { readonly status?: number; readonly headers?: Readonly<Record<string, string>> } = {}
): Outgoing => json(options.status ?? statuses[code], { errors: [{ code, message, detail: null }] }, options.headers)
