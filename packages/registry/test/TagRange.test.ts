import { assert, describe, it } from "@effect/vitest"
import { assertNone, assertSome, deepStrictEqual } from "@effect/vitest/utils"
import { Reference } from "@ociman/oci"
import { TagRange } from "@ociman/registry"
import { Either, Schema } from "effect"

const tags = ["latest", "1.2", "1.2.3", "v1.10.0", "1.9.0_linux.amd64", "2.0.0-rc.1", "2.0.0", "sha256-abc", "1.2.3.4"]
  .map((tag) => Reference.Tag.make(tag))

const within = (range: string) => tags.filter(TagRange.includes(TagRange.make(range)))

describe("TagRange", () => {
  it("includes tags that are full versions, also with a v or build metadata", () => {
    deepStrictEqual(within("^1.2"), ["1.2.3", "v1.10.0", "1.9.0_linux.amd64"])
    deepStrictEqual(within(">=1.9 <2 || 2.0.0"), ["v1.10.0", "1.9.0_linux.amd64", "2.0.0"])
    deepStrictEqual(within("*"), ["1.2.3", "v1.10.0", "1.9.0_linux.amd64", "2.0.0"])
  })

  it("includes a pre-release only if it names one of the same version", () => {
    deepStrictEqual(within(">=2.0.0-rc.0"), ["2.0.0-rc.1", "2.0.0"])
    deepStrictEqual(within(">=1.9.0-rc.0"), ["v1.10.0", "1.9.0_linux.amd64", "2.0.0"])
  })

  it("compares versions by number", () => {
    assertSome(TagRange.highest(tags, TagRange.make("1.x")), Reference.Tag.make("v1.10.0"))
    assertNone(TagRange.highest(tags, TagRange.make("^3")))
  })

  it("fails to decode an invalid range with a message that shows it", () => {
    const failure = Either.flip(Schema.decodeEither(TagRange.TagRange)("newest"))
    assert.include(String(Either.getOrThrow(failure)), "\"newest\" is not a version range")
    assert.throws(() => TagRange.make(">>1"))
  })
})
