import { assert, describe, it, layer } from "@effect/vitest"
import { NodeHasher } from "@ociman/node"
import * as SegmentHasher from "@ociman/oci/author/SegmentHasher"
import { Cause, Chunk, Effect, Exit, FastCheck, Stream } from "effect"
import { recording } from "./support.js"

const digest = (segments: ReadonlyArray<string | Uint8Array>) =>
  Effect.map(SegmentHasher.make, (hasher) => {
    for (const segment of segments) hasher.push(segment)
    return hasher.digest()
  })

const known: ReadonlyArray<readonly [segments: ReadonlyArray<string>, digest: string]> = [
  [[], "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"],
  [[""], "af5570f5a1810b7af78caf4bc70a660f0df51e42baf91d4de5b2328de0e83dfc"],
  [["hello"], "fe745503750fdbf3e6ef676d16d85ee0d63626c594222f7e991908bdffef7ac9"],
  [["ab", "c"], "43ee655579de01ca739b3f95c1c2d3f46d353b2c0df818064ea594506cdb2617"],
  [["a", "bc"], "9a8acca1b6c6c0befd3fbc756aed625da998c998f7252e738c4ef061906b9b21"]
]

describe("SegmentHasher", () => {
  layer(NodeHasher.layer)((it) => {
    for (const [segments, expected] of known) {
      it.effect(`digests ${JSON.stringify(segments)}`, () =>
        Effect.gen(function*() {
          assert.strictEqual(yield* digest(segments), expected)
        }))
    }

    it.effect("hashes text as UTF-8", () =>
      Effect.gen(function*() {
        assert.strictEqual(yield* digest(["é"]), yield* digest([Uint8Array.of(0xC3, 0xA9)]))
      }))

    it.effect.prop(
      "hashes a stream like its bytes",
      { parts: FastCheck.array(FastCheck.uint8Array()) },
      ({ parts }) =>
        Effect.gen(function*() {
          const whole = Uint8Array.from(parts.flatMap((part) => Array.from(part)))
          const hasher = yield* SegmentHasher.make
          yield* hasher.pushStream(whole.length, Stream.fromChunks(...parts.map(Chunk.of)))
          assert.strictEqual(hasher.digest(), yield* digest([whole]))
        })
    )

    it.effect("dies if a stream does not have the given length", () =>
      Effect.gen(function*() {
        const hasher = yield* SegmentHasher.make
        const exit = yield* Effect.exit(hasher.pushStream(3, Stream.make(Uint8Array.of(1, 2))))
        assert.isTrue(Exit.isFailure(exit) && Cause.isDie(exit.cause))
      }))
  })

  it.effect("writes lengths beyond 32 bits", () =>
    Effect.gen(function*() {
      const written: Array<number> = []
      const hasher = yield* SegmentHasher.make.pipe(Effect.provide(recording(written)))
      yield* Effect.exit(hasher.pushStream(2 ** 33 + 5, Stream.empty))
      assert.deepStrictEqual(written, [5, 0, 0, 0, 2, 0, 0, 0])
    }))
})
