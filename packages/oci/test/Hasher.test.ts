import { NodeContext } from "@effect/platform-node"
import { assert, describe, layer } from "@effect/vitest"
import { type Digest, Hasher } from "@ociman/oci"
import { Effect, FastCheck, Layer, Stream } from "effect"
import { createHash } from "node:crypto"
import { directoryOf, hashers } from "./support.js"

const expected = (bytes: Uint8Array, algorithm: Digest.Algorithm) =>
  `${algorithm}:${createHash(algorithm).update(bytes).digest("hex")}`

describe.each(hashers)("Hasher with %s", (_, hasher) => {
  layer(Layer.merge(hasher, NodeContext.layer), { excludeTestServices: true })((it) => {
    it.effect.prop(
      "computes the same digest for bytes and for a stream",
      {
        parts: FastCheck.array(FastCheck.uint8Array()),
        algorithm: FastCheck.constantFrom<Digest.Algorithm>("sha256", "sha512")
      },
      ({ algorithm, parts }) =>
        Effect.gen(function*() {
          const whole = Buffer.concat(parts)
          assert.strictEqual(yield* Hasher.bytes(whole, algorithm), expected(whole, algorithm))
          assert.strictEqual(yield* Hasher.stream(Stream.fromIterable(parts), algorithm), expected(whole, algorithm))
          const incremental = yield* Effect.flatMap(Hasher.Hasher, (_) => _.start(algorithm))
          for (const part of parts) incremental.update(part)
          assert.strictEqual(`${algorithm}:${incremental.digest()}`, expected(whole, algorithm))
        })
    )

    it.effect("uses sha256 by default", () =>
      Effect.gen(function*() {
        const empty = new Uint8Array(0)
        assert.strictEqual(yield* Hasher.bytes(empty), expected(empty, "sha256"))
        assert.strictEqual(yield* Hasher.stream(Stream.empty), expected(empty, "sha256"))
      }))

    it.scoped("digests small and large files, and follows links", () =>
      Effect.gen(function*() {
        const large = new Uint8Array(3_000_001).fill(7)
        const root = yield* directoryOf({ small: "small", large })
        assert.strictEqual(yield* Hasher.file(`${root}/small`), expected(Buffer.from("small"), "sha256"))
        assert.strictEqual(yield* Hasher.file(`${root}/large`, "sha512"), expected(large, "sha512"))
      }))

    it.scoped("keeps the error of a stream, and the path of an unreadable file", () =>
      Effect.gen(function*() {
        assert.strictEqual(yield* Effect.flip(Hasher.stream(Stream.fail("no"))), "no")
        const root = yield* directoryOf({})
        const error = yield* Effect.flip(Hasher.file(`${root}/missing`))
        assert.deepInclude(error, { reason: "Unreadable", path: `${root}/missing` })
      }))
  })
})
