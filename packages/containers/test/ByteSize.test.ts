import { assert, describe, it } from "@effect/vitest"
import { ByteSize } from "@ociman/containers"
import { Either, FastCheck, Schema } from "effect"
import { messageOf } from "./support/parsing.js"
import { describeVectors } from "./support/vectors.js"

describe("ByteSize", () => {
  it.each<[size: ByteSize.Input, bytes: number]>([
    [0, 0],
    [4096, 4096],
    ["1024", 1024],
    ["1b", 1],
    ["64k", 65536],
    ["512m", 536870912],
    ["1.5g", 1610612736],
    ["1GiB", 1073741824],
    ["2TB", 2199023255552],
    ["1p", 1125899906842624]
  ])("%s is %i bytes", (size, bytes) => {
    assert.strictEqual(ByteSize.toBytes(size), bytes)
  })

  it.each([["1 m", 1048576], [".5k", 512], ["1.k", 1024], ["0.0001k", 0], ["1.9", 1]])(
    "parses %s as %i",
    (text, bytes) => {
      assert.deepStrictEqual(ByteSize.parse(text), Either.right(bytes))
    }
  )

  it.each(["", "-1", "x", "m", " 1m", "1m ", "1  m", "1mm", "1ib", "1e3", "0x10", "1,5g", "1.2.3", "٣"])(
    "rejects %j",
    (text) => {
      assert.strictEqual(
        messageOf(ByteSize.parse(text)),
        `Invalid byte size ${JSON.stringify(text)}: it is not a number with an optional unit such as "512m" or "1.5g"`
      )
    }
  )

  it("rejects sizes that a number cannot represent exactly", () => {
    assert.include(messageOf(ByteSize.parse("8p")), "it is not an integer from 0 to 2^53 - 1")
    assert.include(messageOf(ByteSize.parse("9".repeat(1000))), "it is not an integer from 0 to 2^53 - 1")
    assert.throws(() => ByteSize.toBytes(-1), "Invalid byte size -1")
    assert.throws(() => ByteSize.toBytes(1.5), "Invalid byte size 1.5")
    assert.throws(() => ByteSize.toBytes("-1m"), "Invalid byte size \"-1m\"")
  })

  it.prop("formats a size as a number of bytes", [FastCheck.maxSafeNat()], ([bytes]) => {
    const text = Schema.encodeSync(ByteSize.FromString)(bytes)
    assert.strictEqual(text, `${bytes}`)
    assert.deepStrictEqual(ByteSize.parse(text), Either.right(bytes))
  })

  const Case = Schema.Struct({ value: Schema.String, bytes: Schema.optional(Schema.Number) })
  const Vectors = Schema.Struct({ memory: Schema.Struct({ cases: Schema.Array(Case) }) })

  describeVectors("envfiles.json", Vectors, ({ memory }) => {
    it.each(memory.cases)("parses $value like ociman", ({ bytes, value }) => {
      // Docker's client overflows to a negative number.
      const expected = bytes === undefined || bytes < 0 ? undefined : bytes
      assert.strictEqual(Either.getOrUndefined(ByteSize.parse(value)), expected)
    })
  })
})
