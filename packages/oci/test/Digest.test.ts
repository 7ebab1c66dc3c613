import { assert, describe, it } from "@effect/vitest"
import { Digest } from "@ociman/oci"
import { Arbitrary, Either, Equal, Schema } from "effect"

const hex = (digits: number): string => "0123456789abcdef".repeat(9).slice(0, digits)

const valid: ReadonlyArray<readonly [algorithm: Digest.Algorithm, encoded: string]> = [
  ["sha256", hex(64)],
  ["sha512", hex(128)]
]

const invalid: ReadonlyArray<readonly [input: string, reason: Digest.InvalidDigestReason, position: number]> = [
  ["", "InvalidFormat", 0],
  [":", "InvalidFormat", 0],
  [hex(64), "InvalidFormat", 64],
  [`:${hex(64)}`, "InvalidFormat", 0],
  ["sha256:", "InvalidLength", 7],
  [`sha256:${hex(63)}`, "InvalidLength", 70],
  [`sha256:${hex(65)}`, "InvalidLength", 71],
  [`sha256:${hex(128)}`, "InvalidLength", 71],
  [`sha512:${hex(64)}`, "InvalidLength", 71],
  [`sha512:${hex(127)}`, "InvalidLength", 134],
  [`sha256:${hex(63)}A`, "InvalidFormat", 70],
  [`sha256:${hex(10)}g${hex(53)}`, "InvalidFormat", 17],
  [`sha256: ${hex(63)}`, "InvalidFormat", 7],
  [`SHA256:${hex(64)}`, "InvalidFormat", 0],
  [`sha256 :${hex(64)}`, "InvalidFormat", 0],
  [`sha-256:${hex(64)}`, "Unsupported", 0],
  [`sha--256:${hex(64)}`, "InvalidFormat", 0],
  [`-sha256:${hex(64)}`, "InvalidFormat", 0],
  [`sha256-:${hex(64)}`, "InvalidFormat", 0],
  [`sha384:${hex(96)}`, "Unsupported", 0],
  [`md5:${hex(32)}`, "Unsupported", 0],
  ["toString:0", "InvalidFormat", 0]
]

describe("Digest", () => {
  for (const [algorithm, encoded] of valid) {
    it(`parses a ${algorithm} digest`, () => {
      const digest = Digest.Digest.make(`${algorithm}:${encoded}`)
      assert.strictEqual(Digest.algorithm(digest), algorithm)
      assert.strictEqual(Digest.encoded(digest), encoded)
      assert.isTrue(Equal.equals(Either.getOrThrow(Digest.parse(digest)), digest))
    })
  }

  for (const [input, reason, position] of invalid) {
    it(`refuses ${JSON.stringify(input)}`, () => {
      assert.deepInclude(Either.flip(Digest.parse(input)).pipe(Either.getOrThrow), { reason, position })
      assert.isFalse(Digest.isDigest(input))
    })
  }

  it("tells the expected number of digits in the error", () => {
    const [error] = [Either.flip(Digest.parse("sha256:abc")).pipe(Either.getOrThrow)]
    assert.strictEqual(
      error.message,
      "Invalid digest \"sha256:abc\" at position 10: a sha256 digest has 64 digits after the colon, this one has 3"
    )
  })

  it("has the same message in the error of its schema", () => {
    const result = Schema.decodeUnknownEither(Digest.Digest)("sha256:abc")
    assert.isTrue(Either.isLeft(result) && result.left.message.includes("this one has 3"))
  })

  it.prop("generates valid digests for property tests", { digest: Arbitrary.make(Digest.Digest) }, ({ digest }) => {
    assert.strictEqual(`${Digest.algorithm(digest)}:${Digest.encoded(digest)}`, digest)
    assert.isTrue(Digest.isDigest(digest))
  })
})
