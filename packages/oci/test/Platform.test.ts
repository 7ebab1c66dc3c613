import { assert, describe, it } from "@effect/vitest"
import { assertSome } from "@effect/vitest/utils"
import { Platform } from "@ociman/oci"
import { Arbitrary, Chunk, Effect, Either, Equal, Option, Schema } from "effect"

const decodeDocument = Schema.decodeUnknown(Platform.Platform)

describe("A Platform", () => {
  for (const text of ["linux/amd64", "linux/arm/v7", "Windows/x86-64", "a.b_c-1/d/e"]) {
    it.effect(`parses and formats ${text}`, () =>
      Effect.gen(function*() {
        const platform = yield* Schema.decode(Platform.FromString)(text)
        assert.strictEqual(yield* Schema.encode(Platform.FromString)(platform), text)
        assert.strictEqual(String(platform), text)
        assert.isTrue(Platform.isPlatform(platform))
        assert.isTrue(Equal.equals(platform, Platform.make(text)))
      }))
  }

  const invalid: ReadonlyArray<readonly [string, Platform.InvalidPlatform["reason"]]> = [
    ["", "MissingArchitecture"],
    ["linux", "MissingArchitecture"],
    ["linux/", "InvalidCharacter"],
    ["/amd64", "InvalidCharacter"],
    ["linux/amd64/", "InvalidCharacter"],
    ["linux/am d64", "InvalidCharacter"],
    ["linux/ämd64", "InvalidCharacter"],
    ["linux(10)/amd64", "InvalidCharacter"],
    ["linux/arm/v7/x", "TooManyParts"],
    ["linux/arm/v7/x/y/z", "TooManyParts"]
  ]
  for (const [text, reason] of invalid) {
    it(`refuses ${JSON.stringify(text)}`, () => {
      const error = Either.getOrThrow(Either.flip(Platform.parse(text)))
      assert.strictEqual(error.reason, reason)
      assert.include(error.message, JSON.stringify(text))
      assert.throws(() => Platform.make(text), Platform.InvalidPlatform)
    })
  }

  it.effect("is encoded in documents with the field names of the specification", () =>
    Effect.gen(function*() {
      const document = {
        os: "windows",
        architecture: "amd64",
        "os.version": "10.0.17763.1217",
        "os.features": ["win32k"]
      }
      const platform = yield* decodeDocument(document)
      assertSome(platform.osVersion, "10.0.17763.1217")
      assert.deepStrictEqual(Chunk.toReadonlyArray(platform.osFeatures), ["win32k"])
      assert.deepStrictEqual(yield* Schema.encode(Platform.Platform)(platform), document)
      assert.strictEqual(String(platform), "windows/amd64")
      const plain = yield* decodeDocument({ os: "linux", architecture: "arm", variant: "v7" })
      assert.isTrue(Equal.equals(plain, Platform.make("linux/arm/v7")))
      assert.isTrue(Either.isLeft(Schema.decodeUnknownEither(Platform.Platform)({ os: "linux" })))
      assert.isTrue(Either.isLeft(Schema.decodeUnknownEither(Platform.Platform)({ os: "a/b", architecture: "c" })))
    }))

  const normalized: ReadonlyArray<readonly [from: string, to: string]> = [
    ["linux/amd64", "linux/amd64"],
    ["Linux/X86_64", "linux/amd64"],
    ["linux/x86-64", "linux/amd64"],
    ["linux/amd64/v1", "linux/amd64"],
    ["linux/amd64/V3", "linux/amd64/v3"],
    ["linux/i386", "linux/386"],
    ["linux/i386/sse2", "linux/386"],
    ["linux/aarch64", "linux/arm64"],
    ["linux/arm64/8", "linux/arm64"],
    ["linux/arm64/v8", "linux/arm64"],
    ["linux/arm64/9", "linux/arm64/v9"],
    ["linux/arm64/v9", "linux/arm64/v9"],
    ["linux/arm64/v8.1", "linux/arm64/v8.1"],
    ["linux/arm", "linux/arm/v7"],
    ["linux/arm/7", "linux/arm/v7"],
    ["linux/arm/6", "linux/arm/v6"],
    ["linux/arm/5", "linux/arm/v5"],
    ["linux/arm/8", "linux/arm/v8"],
    ["linux/armhf", "linux/arm/v7"],
    ["linux/armel", "linux/arm/v6"],
    ["linux/arm/constructor", "linux/arm/constructor"],
    ["macos/arm64", "darwin/arm64"],
    ["linux/riscv64", "linux/riscv64"],
    ["linux/toString", "linux/tostring"]
  ]
  for (const [from, to] of normalized) {
    it(`normalizes ${from} to ${to}`, () => {
      assert.isTrue(Equal.equals(Platform.normalize(Platform.make(from)), Platform.make(to)))
    })
  }

  it.prop("is unchanged by a second normalization", { platform: Arbitrary.make(Platform.Platform) }, ({ platform }) => {
    const once = Platform.normalize(platform)
    assert.isTrue(Equal.equals(Platform.normalize(once), once))
  })

  describe("matches", () => {
    const windows = (osVersion: string | undefined, osFeatures: ReadonlyArray<string> = []) =>
      new Platform.Platform({
        ...Platform.make("windows/amd64"),
        osVersion: Option.fromNullable(osVersion),
        osFeatures: Chunk.fromIterable(osFeatures)
      })

    it("accepts another name of the same platform, data first and data last", () => {
      assert.isTrue(Platform.matches(Platform.make("linux/x86_64"), Platform.make("linux/amd64")))
      assert.isTrue(Platform.make("linux/arm64").pipe(Platform.matches(Platform.make("linux/aarch64/v8"))))
    })

    it("refuses every other platform", () => {
      const requested = Platform.make("linux/arm/v7")
      for (const other of ["windows/arm/v7", "linux/arm64", "linux/arm/v6", "linux/amd64"]) {
        assert.isFalse(Platform.matches(Platform.make(other), requested))
      }
    })

    it("accepts a version of the system that extends the requested one", () => {
      const matches = (self: string | undefined, requested: string | undefined) =>
        Platform.matches(windows(self), windows(requested))
      assert.isTrue(matches("10.0.17763.1217", "10.0.17763"))
      assert.isTrue(matches("10.0.17763", "10.0.17763"))
      assert.isTrue(matches("10.0.17763", undefined))
      assert.isFalse(matches("10.0.177631", "10.0.17763"))
      assert.isFalse(matches("10.0", "10.0.17763"))
      assert.isFalse(matches(undefined, "10.0.17763"))
    })

    it("requires all requested features", () => {
      assert.isTrue(Platform.matches(windows(undefined, ["a", "b"]), windows(undefined, ["b"])))
      assert.isFalse(Platform.matches(windows(undefined, ["a"]), windows(undefined, ["a", "b"])))
    })
  })

  it("is ordered by its text", () => {
    const sorted = ["linux/arm/v7", "linux/amd64", "darwin/arm64"].map(Platform.make).sort(Platform.Order).map(String)
    assert.deepStrictEqual(sorted, ["darwin/arm64", "linux/amd64", "linux/arm/v7"])
  })
})
