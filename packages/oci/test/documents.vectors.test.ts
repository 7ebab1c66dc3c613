import { assert, describe, it } from "@effect/vitest"
import { Descriptor, Digest, ImageConfig, ImageIndex, ImageManifest } from "@ociman/oci"
import * as ImageLayout from "@ociman/oci/author/ImageLayout"
import { Either, Schema } from "effect"
import { existsSync, readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { schemaOf } from "./imageSpec.js"

interface Vectors {
  readonly cases: ReadonlyArray<{ readonly name: string; readonly text: string }>
}

const read = (name: string): Vectors | undefined => {
  const file = fileURLToPath(new URL(`../../../../shared/vectors/${name}.json`, import.meta.url))
  return existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : undefined
}

const encode = (text: string) => new TextEncoder().encode(text)

const decodeDescriptor = (bytes: Uint8Array) =>
  Either.try(() => JSON.parse(new TextDecoder().decode(bytes))).pipe(
    Either.flatMap(Schema.decodeUnknownEither(Descriptor.Descriptor))
  )

const kinds: ReadonlyArray<
  readonly [
    file: string,
    kind: Parameters<typeof schemaOf>[0],
    again: (bytes: Uint8Array) => Either.Either<unknown, unknown>
  ]
> = [
  ["manifests", "manifest", (_) => Either.flatMap(ImageManifest.codec.decode(_), ImageManifest.codec.encode)],
  ["indexes", "index", (_) => Either.flatMap(ImageIndex.codec.decode(_), ImageIndex.codec.encode)],
  ["configs", "config", (_) => Either.flatMap(ImageConfig.codec.decode(_), ImageConfig.codec.encode)],
  ["layouts", "layout", (_) => Either.flatMap(ImageLayout.codec.decode(_), ImageLayout.codec.encode)],
  [
    "descriptors",
    "descriptor",
    (_) =>
      Either.flatMap(
        decodeDescriptor(_),
        (value) => Either.map(Schema.encodeEither(Descriptor.Descriptor)(value), (json) => encode(JSON.stringify(json)))
      )
  ]
]

for (const [file, kind, again] of kinds) {
  const valid = read(`${file}-valid`)
  const invalid = read(`${file}-invalid`)
  describe.skipIf(valid === undefined && process.env["CI"] !== "true")(`the vectors of ${file}`, () => {
    it("exist", () => {
      assert.isNotEmpty(valid?.cases)
      assert.isNotEmpty(invalid?.cases)
    })

    for (const { name, text } of valid?.cases ?? []) {
      it(`include a valid document: ${name}`, () => {
        const written = Either.getOrThrowWith(again(encode(text)), (error) => error)
        assert.instanceOf(written, Uint8Array)
        const json: unknown = JSON.parse(new TextDecoder().decode(written as Uint8Array))
        const validate = schemaOf(kind)
        assert.isTrue(validate?.(json) ?? true, JSON.stringify(validate?.errors))
      })
    }

    for (const { name, text } of invalid?.cases ?? []) {
      it(`include an invalid document: ${name}`, () => assert.isTrue(Either.isLeft(again(encode(text)))))
    }
  })
}

describe("Digests of other algorithms", () => {
  const cases: ReadonlyArray<readonly [string, boolean]> = [
    [`sha256:${"a".repeat(64)}`, true],
    [`sha256:${"A".repeat(64)}`, false],
    [`sha256:${"a".repeat(63)}`, false],
    [`sha384:${"a".repeat(96)}`, true],
    [`sha384:${"a".repeat(95)}`, false],
    [`sha384:${"A".repeat(96)}`, false],
    ["sha256+b64u:LCa0a2j_xo_5m0U8HTBBNBNCLXBkg7-g-YpeiGJm564=", true],
    ["a..b:c", false],
    ["a:../b", false],
    ["a/b:c", false],
    ["a:", false],
    ["a:b\n", false]
  ]
  for (const [input, expected] of cases) {
    it(`${expected ? "are accepted" : "are refused"}: ${JSON.stringify(input)}`, () =>
      assert.strictEqual(Schema.is(Digest.WellFormed)(input), expected))
  }
})
