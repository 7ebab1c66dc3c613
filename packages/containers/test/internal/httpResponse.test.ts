import { assert, describe, it } from "@effect/vitest"
import { Effect, FastCheck, Stream } from "effect"
import * as ByteSource from "../../src/internal/cli/byteSource.js"
import * as HttpResponse from "../../src/internal/cli/httpResponse.js"

const encoder = new TextEncoder()

const concat = (parts: ReadonlyArray<Uint8Array>) => Uint8Array.from(parts.flatMap((part) => Array.from(part)))

/** Bytes in chunks of the given sizes, repeated cyclically. */
const inPieces = (bytes: Uint8Array, sizes: ReadonlyArray<number>) => {
  const pieces: Array<Uint8Array> = []
  for (let offset = 0, index = 0; offset < bytes.length; index++) {
    const size = sizes[index % sizes.length] ?? 1
    pieces.push(bytes.subarray(offset, offset + size))
    offset += size
  }
  return Stream.fromIterable(pieces)
}

const ended = { _tag: "Ended" } as const

const readAll = (bytes: Uint8Array, sizes: ReadonlyArray<number>, count: number) =>
  Effect.gen(function*() {
    const source = yield* ByteSource.make(inPieces(bytes, sizes), Effect.fail(ended))
    return yield* Effect.replicateEffect(HttpResponse.read(source), count)
  }).pipe(Effect.scoped)

const sized = (body: string) => {
  const bytes = encoder.encode(body)
  return concat([encoder.encode(`HTTP/1.1 200 OK\r\nContent-Length: ${bytes.length}\r\nX: y\r\n\r\n`), bytes])
}

const chunked = (body: string, size: number) => {
  const bytes = encoder.encode(body)
  const chunks: Array<Uint8Array> = [encoder.encode("HTTP/1.1 404 Not Found\r\ntransfer-encoding: chunked\r\n\r\n")]
  for (let offset = 0; offset < bytes.length; offset += size) {
    const chunk = bytes.subarray(offset, offset + size)
    chunks.push(encoder.encode(`${chunk.length.toString(16)};x=y\r\n`), chunk, encoder.encode("\r\n"))
  }
  return concat([...chunks, encoder.encode("0\r\nTrailer: z\r\n\r\n")])
}

const text = FastCheck.string({ unit: "grapheme", maxLength: 200 })
const sizes = FastCheck.array(FastCheck.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 5 })

describe("an HTTP response of an engine", () => {
  it.effect.prop(
    "is read independently of its chunks, and so is the next one on the connection",
    { bodies: FastCheck.tuple(text, text, text), sizes, chunk: FastCheck.integer({ min: 1, max: 20 }) },
    ({ bodies: [first, second, third], chunk, sizes }) =>
      Effect.gen(function*() {
        const bytes = concat([
          sized(first),
          chunked(second, chunk),
          encoder.encode("HTTP/1.1 204 No Content\r\n\r\n"),
          sized(third)
        ])
        assert.deepStrictEqual(yield* readAll(bytes, sizes, 4), [
          { status: 200, body: first },
          { status: 404, body: second },
          { status: 204, body: "" },
          { status: 200, body: third }
        ])
      })
  )

  it.effect.prop(
    "fails if the connection ends early",
    { body: FastCheck.string({ minLength: 1, maxLength: 50 }), sizes, cut: FastCheck.nat() },
    ({ body, cut, sizes }) =>
      Effect.gen(function*() {
        for (const bytes of [sized(body), chunked(body, 7)]) {
          const error = yield* Effect.flip(readAll(bytes.subarray(0, cut % bytes.length), sizes, 1))
          assert.deepStrictEqual(error, ended)
        }
      })
  )

  it.effect("without a length ends with the connection", () =>
    Effect.gen(function*() {
      const bytes = encoder.encode("HTTP/1.0 500 Internal Server Error\r\n\r\nall of it")
      assert.deepStrictEqual(yield* readAll(bytes, [3], 1), [{ status: 500, body: "all of it" }])
    }))

  for (
    const [what, bytes] of [
      ["plain text", "FakeEngine: no answer\n"],
      ["another protocol", "HTTP/2 200\r\n\r\n"],
      ["a negative length", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n"],
      ["an excessive length", "HTTP/1.1 200 OK\r\nContent-Length: 999999999999\r\n\r\n"],
      ["a chunk without a length", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n"],
      ["a line without an end", "x".repeat(2 * 1024 * 1024)]
    ] as const
  ) {
    it.effect(`fails with Malformed if it consists of ${what}`, () =>
      Effect.gen(function*() {
        const error = yield* Effect.flip(readAll(encoder.encode(bytes), [65_536], 1))
        assert.strictEqual(error._tag, "Malformed")
      }))
  }
})
