import { assert, describe, it } from "@effect/vitest"
import { NodeImages } from "@ociman/node"
import { Compression } from "@ociman/oci"
import { Chunk, Effect, Either, Stream } from "effect"
import { randomFillSync } from "node:crypto"
import * as zlib from "node:zlib"
import { make } from "../src/internal/zstdFrames.js"

type Zstd = typeof zlib & { readonly zstdCompressSync?: (bytes: Uint8Array) => Buffer }

/** Missing in older versions of Node.js. */
const { zstdCompressSync }: Zstd = zlib

/** By the program zstd, with a checksum at its end. */
const frame = Buffer.from("KLUv/QRYZQAAMGhlbGxvIAEAmUsRF16uDQ==", "base64")

const text = (bytes: Iterable<Uint8Array>) => Buffer.concat([...bytes]).toString()

const skippableFrame = Buffer.from([0x50, 0x2A, 0x4D, 0x18, 3, 0, 0, 0, 1, 2, 3])

/** All bytes at once, one at a time, and in pieces of a prime number. */
const waysToCut = [Number.MAX_SAFE_INTEGER, 1, 7]

const cut = (bytes: Uint8Array, length: number) =>
  Array.from(
    { length: Math.ceil(bytes.length / Math.min(length, bytes.length)) },
    (_, i) => bytes.subarray(i * length, (i + 1) * length)
  )

const decompress = (format: Compression.Format, pieces: ReadonlyArray<Uint8Array>) =>
  Effect.gen(function*() {
    const { decompress } = yield* Compression.Compression
    return text(yield* Stream.runCollect(decompress(format)(Stream.fromIterable(pieces))))
  }).pipe(Effect.provide(NodeImages.layerCompression))

describe("NodeCompression", () => {
  it.live("decompresses all members of gzip, in chunks of any size", () =>
    Effect.gen(function*() {
      const bytes = Buffer.concat([zlib.gzipSync("hello "), zlib.gzipSync("world"), Buffer.alloc(20)])
      for (const length of waysToCut) {
        assert.strictEqual(yield* decompress("gzip", cut(bytes, length)), "hello world")
        const truncated = yield* Effect.either(decompress("gzip", cut(bytes.subarray(0, 35), length)))
        assert.isTrue(Either.isLeft(truncated) && truncated.left.reason === "Damaged")
      }
    }))

  it.live("decompresses all frames of zstd, in chunks of any size, or fails if the platform has no zstd", () =>
    Effect.gen(function*() {
      if (zstdCompressSync === undefined) {
        const error = yield* Effect.flip(decompress("zstd", [frame]))
        assert.strictEqual(error.reason, "Unavailable")
        return assert.include(error.message, "22.15")
      }
      const [hello, world] = [zstdCompressSync(Buffer.from("hello ")), zstdCompressSync(Buffer.from("world"))]
      const large = Buffer.alloc(1_000_000, "what is repeated ")
      const whole = [
        [[hello, world], "hello world"],
        [[skippableFrame, hello, skippableFrame, skippableFrame, world, skippableFrame], "hello world"],
        [[hello, world, Buffer.alloc(20)], "hello world"],
        [[zstdCompressSync(Buffer.alloc(0)), hello], "hello "],
        [[zstdCompressSync(large), world], `${large.toString()}world`],
        [[zstdCompressSync(Buffer.alloc(300_000)), world], `${"\0".repeat(300_000)}world`]
      ] as const
      const damaged = [
        [],
        [hello, world.subarray(0, -1)],
        [hello, skippableFrame.subarray(0, 9)],
        [hello, Buffer.from("nothing")],
        [hello, Buffer.alloc(3), world],
        [Buffer.alloc(3)]
      ]
      for (const length of waysToCut) {
        for (const [parts, expected] of whole) {
          if (length === 1 && expected.length > 100_000) continue
          assert.strictEqual(yield* decompress("zstd", cut(Buffer.concat(parts), length)), expected)
        }
        for (const parts of damaged) {
          const error = yield* Effect.flip(decompress("zstd", cut(Buffer.concat(parts), length)))
          assert.strictEqual(error.reason, "Damaged")
        }
      }
    }))

  it.live("decompresses what it compresses, with zstd of any level if the platform has it", () =>
    Effect.gen(function*() {
      const { compress } = yield* Compression.Compression
      const content = "content ".repeat(10_000)
      for (const format of ["gzip", "zstd"] as const) {
        if (format === "zstd" && zstdCompressSync === undefined) continue
        for (const level of [undefined, 1, 9]) {
          const bytes = Stream.make(new TextEncoder().encode(content))
          const compressed = yield* Stream.runCollect(compress(format, { level })(bytes))
          assert.isBelow(text(compressed).length, 1000)
          assert.strictEqual(yield* decompress(format, Chunk.toReadonlyArray(compressed)), content)
        }
      }
    }).pipe(Effect.provide(NodeImages.layerCompression)))

  for (const operation of ["compress", "decompress"] as const) {
    it.live(`does not read ahead of a slow consumer when it ${operation}es`, () =>
      Effect.gen(function*() {
        const service = yield* Compression.Compression
        const piece = randomFillSync(Buffer.alloc(64 * 1024))
        const compressed = zlib.gzipSync(piece)
        let pulled = 0
        const source = Stream.repeatEffect(Effect.sync(() => {
          pulled++
          return operation === "compress" ? piece : compressed
        })).pipe(Stream.take(1000))
        const output = operation === "compress" ? service.compress("gzip")(source) : service.decompress("gzip")(source)
        yield* output.pipe(Stream.tap(() => Effect.sleep("100 millis")), Stream.take(2), Stream.runDrain)
        assert.isBelow(pulled, 20)
      }).pipe(Effect.provide(NodeImages.layerCompression)))
  }

  it.live("fails with the error of its source", () =>
    Effect.gen(function*() {
      const { compress, decompress } = yield* Compression.Compression
      const failing = Stream.concat(Stream.make(zlib.gzipSync("begin").subarray(0, 15)), Stream.fail("broken" as const))
      for (const through of [compress("gzip"), decompress("gzip")]) {
        assert.strictEqual(yield* Effect.flip(Stream.runDrain(through(failing))), "broken")
      }
    }).pipe(Effect.provide(NodeImages.layerCompression)))

  it("finds the ends of zstd frames on any version of Node.js", () => {
    for (const length of waysToCut) {
      const frames = make()
      const pieces: Array<Uint8Array> = []
      const bytes = Buffer.concat([frame, skippableFrame, frame])
      for (const piece of cut(bytes, length)) assert.isUndefined(frames.push(piece, pieces))
      assert.isUndefined(frames.end())
      assert.isTrue(Buffer.concat(pieces).equals(bytes))
      const ends = pieces.map(((at) => (piece: Uint8Array) => at += piece.length)(0))
      assert.includeMembers(ends, [frame.length, frame.length + skippableFrame.length, bytes.length])
    }
  })
})
