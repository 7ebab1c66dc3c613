import * as Effect from "effect/Effect"
import { toText } from "../values/bytes.js"
import type { Source } from "./byteSource.js"

/**
 * HTTP response of an engine. Bodies are JSON documents of modest size.
 */
export interface Response {
  readonly status: number
  readonly body: string
}

// Limits of Go's HTTP server and client.
const headLimit = 1024 * 1024
const bodyLimit = 64 * 1024 * 1024

/**
 * Error of bytes that are not an HTTP/1.1 response (RFC 9112).
 */
export interface Malformed {
  readonly _tag: "Malformed"
  readonly detail: string
}

const malformed = (detail: string): Malformed => ({ _tag: "Malformed", detail })

/**
 * Reads one response. A response that switches protocols has no body, and the
 * bytes after it remain in the source.
 */
export const read = Effect.fnUntraced(function*<E>(
  source: Source<E>
): Effect.fn.Return<Response, E | Malformed> {
  const line = source.line(headLimit).pipe(
    Effect.flatMap((bytes) =>
      bytes === undefined ? Effect.fail(malformed("a line is too long")) : Effect.succeed(bytes)
    ),
    Effect.map((bytes) => toText(bytes).replace(/\r$/, ""))
  )
  const first = yield* line
  const status = Number(/^HTTP\/1\.[01] ([1-5]\d\d)(?: |$)/.exec(first)?.[1] ?? "0")
  if (status === 0) return yield* Effect.fail(malformed(`"${first.slice(0, 200)}" is not a status line`))
  const headers = new Map<string, string>()
  let size = 0
  for (let text = yield* line; text !== ""; text = yield* line) {
    size += text.length
    if (size > headLimit) return yield* Effect.fail(malformed("the header is too long"))
    const end = text.indexOf(":")
    headers.set(text.slice(0, end).toLowerCase(), text.slice(end + 1).trim())
  }
  if (status < 200 || status === 204 || status === 304) return { status, body: "" }
  const body = headers.get("transfer-encoding")?.toLowerCase() === "chunked"
    ? yield* chunked(source, line)
    : headers.has("content-length")
    ? yield* sized(source, headers.get("content-length") ?? "", 10)
    : yield* source.rest(bodyLimit)
  return body === undefined ? yield* Effect.fail(malformed("the body is too long")) : { status, body: toText(body) }
})

const sized = <E>(source: Source<E>, text: string, radix: 10 | 16): Effect.Effect<Uint8Array, E | Malformed> => {
  const isNumber = radix === 10 ? /^\d{1,12}$/.test(text) : /^[\da-f]{1,12}$/i.test(text)
  const length = isNumber ? Number.parseInt(text, radix) : Infinity
  return length > bodyLimit
    ? Effect.fail(malformed(`a body of "${text.slice(0, 200)}" bytes`))
    : source.exactly(length)
}

const chunked = Effect.fnUntraced(function*<E>(
  source: Source<E>,
  line: Effect.Effect<string, E | Malformed>
): Effect.fn.Return<Uint8Array | undefined, E | Malformed> {
  const chunks: Array<Uint8Array> = []
  let size = 0
  while (true) {
    const chunk = yield* sized(source, ((yield* line).split(";", 1)[0] ?? "").trim(), 16)
    if (chunk.length === 0) break
    size += chunk.length
    if (size > bodyLimit) return undefined
    chunks.push(chunk)
    yield* line
  }
  // Trailers end with an empty line, like a header.
  while ((yield* line) !== "") continue
  const bytes = new Uint8Array(size)
  let offset = 0
  for (const chunk of chunks) {
    bytes.set(chunk, offset)
    offset += chunk.length
  }
  return bytes
})
