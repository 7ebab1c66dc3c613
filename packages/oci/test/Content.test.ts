import { describe, it } from "@effect/vitest"
import { deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { NodeHasher } from "@ociman/node"
import { Content, type Descriptor, Digest, ImageManifest, MediaType } from "@ociman/oci"
import { Chunk, Effect, Exit, FastCheck as fc, Stream } from "effect"

const octets = MediaType.MediaType.make("application/octet-stream")

const chunked = (bytes: Uint8Array, sizes: ReadonlyArray<number>): Stream.Stream<Uint8Array> => {
  const parts: Array<Uint8Array> = []
  let at = 0
  for (const size of sizes) {
    parts.push(bytes.subarray(at, at + size))
    at += size
  }
  parts.push(bytes.subarray(at))
  return Stream.fromIterable(parts)
}

const outcome = (descriptor: Descriptor.Descriptor, stream: Stream.Stream<Uint8Array>) =>
  stream.pipe(
    Content.verify(descriptor),
    Stream.runFold(0, (sum, bytes) => sum + bytes.length),
    Effect.match({ onFailure: ({ _tag }) => _tag, onSuccess: (sum) => sum }),
    Effect.provide(NodeHasher.layer)
  )

const describe_ = (bytes: Uint8Array, algorithm?: Digest.Algorithm) =>
  Effect.provide(Content.describe(octets, bytes, algorithm), NodeHasher.layer)

const parts = fc.tuple(
  fc.uint8Array({ maxLength: 50 }),
  fc.array(fc.nat({ max: 20 })),
  fc.constantFrom<Digest.Algorithm>("sha256", "sha512")
)

describe("Content.verify", () => {
  it("passes matching bytes through, in any chunks and with any algorithm", () =>
    fc.assert(fc.asyncProperty(parts, async ([bytes, sizes, algorithm]) => {
      const descriptor = await Effect.runPromise(describe_(bytes, algorithm))
      strictEqual(await Effect.runPromise(outcome(descriptor, chunked(bytes, sizes))), bytes.length)
    })))

  it("fails on missing, excess and different bytes", () =>
    fc.assert(fc.asyncProperty(parts, fc.uint8Array({ minLength: 1, maxLength: 5 }), async ([bytes, sizes], more) => {
      const longer = Uint8Array.of(...bytes, ...more)
      const ofBytes = await Effect.runPromise(describe_(bytes))
      const ofLonger = await Effect.runPromise(describe_(longer))
      strictEqual(await Effect.runPromise(outcome(ofBytes, chunked(longer, sizes))), "SizeMismatch")
      strictEqual(await Effect.runPromise(outcome(ofLonger, chunked(bytes, sizes))), "SizeMismatch")
      const others = longer.map((byte, i) => i === 0 ? byte ^ 1 : byte)
      strictEqual(await Effect.runPromise(outcome(ofLonger, chunked(others, sizes))), "DigestMismatch")
    })))

  it.effect("stops at the first excess byte", () =>
    Effect.gen(function*() {
      const descriptor = yield* describe_(new Uint8Array(10))
      let pulled = 0
      const endless = Stream.repeatEffect(Effect.sync(() => {
        pulled++
        return new Uint8Array(4)
      }))
      strictEqual(yield* outcome(descriptor, endless), "SizeMismatch")
      strictEqual(pulled, 3)
    }))

  it.effect("does not read content whose digest cannot be computed", () =>
    Effect.gen(function*() {
      const descriptor = { mediaType: octets, digest: Digest.WellFormed.make("md5:abc"), size: 3 }
      strictEqual(yield* outcome(descriptor, Stream.dieMessage("was read")), "UnsupportedDigest")
    }))

  it.effect("verifies a stream again each time it is run", () =>
    Effect.gen(function*() {
      const bytes = Uint8Array.of(1, 2, 3)
      const verified = Stream.make(bytes).pipe(Content.verify(yield* describe_(bytes)))
      strictEqual(Chunk.size(yield* Stream.runCollect(verified)), 1)
      strictEqual(Chunk.size(yield* Stream.runCollect(verified)), 1)
    }).pipe(Effect.provide(NodeHasher.layer)))
})

describe("Content.collect", () => {
  it.effect("reads nothing if the descriptor's size exceeds the limit", () =>
    Effect.gen(function*() {
      const descriptor = { ...(yield* describe_(new Uint8Array())), size: Number.MAX_SAFE_INTEGER }
      const exit = yield* Effect.exit(Content.collect(Stream.dieMessage("was read"), descriptor, ImageManifest.codec))
      deepStrictEqual(Exit.isFailure(exit) && exit.cause._tag === "Fail" && exit.cause.error._tag, "InvalidDocument")
    }).pipe(Effect.provide(NodeHasher.layer)))
})
