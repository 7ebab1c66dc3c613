import { describe, it } from "@effect/vitest"
import { assertLeft, assertRight, assertTrue, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { NodeHasher } from "@ociman/node"
import {
  Content,
  type ContentError,
  Descriptor,
  Digest,
  ImageConfig,
  ImageIndex,
  ImageManifest,
  MediaType,
  Platform
} from "@ociman/oci"
import * as ImageLayout from "@ociman/oci/author/ImageLayout"
import { Arbitrary, Effect, Either, FastCheck as fc, Option, Schema } from "effect"
import { schemaOf } from "./imageSpec.js"

const bytesOf = (json: unknown) => new TextEncoder().encode(typeof json === "string" ? json : JSON.stringify(json))

const jsonOf = (bytes: Uint8Array): unknown => JSON.parse(new TextDecoder().decode(bytes))

const digest = Digest.Digest.make(`sha256:${"0123456789abcdef".repeat(4)}`)

const layer: Descriptor.Descriptor = { mediaType: MediaType.ImageLayer, digest, size: 7 }

const config: Descriptor.Descriptor = { mediaType: MediaType.ImageConfig, digest, size: 3 }

const manifest = ImageManifest.make({ config, layers: [layer] })

const index = ImageIndex.make([{ mediaType: MediaType.ImageManifest, digest, size: 5 }])

const imageConfig = ImageConfig.make(Platform.make("linux/arm/v7"), [digest])

/** The same JSON with reversed members of every object. */
const reversed = (json: unknown): unknown =>
  Array.isArray(json)
    ? json.map(reversed)
    : typeof json === "object" && json !== null
    ? Object.fromEntries(Object.entries(json).reverse().map(([key, value]) => [key, reversed(value)]))
    : json

const isSet = (key: string) => key === "ExposedPorts" || key === "Volumes"

/** Adds a member to every object of a JSON, except to sets encoded by Go, whose members are objects. */
const extended = (json: unknown): unknown =>
  Array.isArray(json)
    ? json.map(extended)
    : typeof json === "object" && json !== null
    ? {
      ...Object.fromEntries(Object.entries(json).map(([key, value]) => [key, isSet(key) ? value : extended(value)])),
      "com.example.unknown": "kept"
    }
    : json

const contract = <A, I>(
  name: "manifest" | "index" | "config" | "layout",
  codec: Content.Codec<A>,
  schema: Schema.Schema<A, I>,
  isWritable: (value: A) => boolean = () => true
) => {
  const arbitrary = Arbitrary.make(schema).filter(isWritable)
  const isEqual = Schema.equivalence(schema)
  const encode = (value: A) => Either.getOrThrowWith(codec.encode(value), (error) => error)
  const decode = (bytes: Uint8Array) => Either.getOrThrowWith(codec.decode(bytes), (error) => error)

  describe(`the codec of the ${codec.name}`, () => {
    it("round-trips valid documents", () => {
      const validate = schemaOf(name)
      fc.assert(fc.property(arbitrary, (value) => {
        const bytes = encode(value)
        assertTrue(isEqual(decode(bytes), value))
        deepStrictEqual(encode(decode(bytes)), bytes)
        if (validate !== undefined && !validate(jsonOf(bytes))) throw new Error(JSON.stringify(validate.errors))
      }))
    })

    it("encodes equal values to equal bytes, whatever the order of fields", () =>
      fc.assert(fc.property(arbitrary, (value) => {
        const bytes = encode(value)
        deepStrictEqual(encode(decode(bytesOf(reversed(jsonOf(bytes))))), bytes)
      })))

    it("preserves unknown fields at every level", () =>
      fc.assert(fc.property(arbitrary, (value) => {
        const json = extended(jsonOf(encode(value)))
        deepStrictEqual(jsonOf(encode(decode(bytesOf(json)))), json)
      })))
  })
}

contract("manifest", ImageManifest.codec, ImageManifest.ImageManifest, ({ layers }) => layers.length > 0)
contract("index", ImageIndex.codec, ImageIndex.ImageIndex)
contract("config", ImageConfig.codec, ImageConfig.ImageConfig)
contract("layout", ImageLayout.codec, ImageLayout.ImageLayout)

const refusal = (bytes: Uint8Array, codec: Content.Codec<ImageManifest.ImageManifest> = ImageManifest.codec) =>
  Either.match(codec.decode(bytes), {
    onLeft: ({ path, reason }) => [reason, path],
    onRight: () => "was read"
  })

describe("A document is refused", () => {
  const withLayer = (field: object) => bytesOf({ ...manifest, layers: [{ ...layer, ...field }] })

  const cases: ReadonlyArray<
    readonly [name: string, bytes: Uint8Array, reason: ContentError.InvalidDocument["reason"], path: string]
  > = [
    ["no JSON", bytesOf("{"), "InvalidJson", ""],
    ["nothing", new Uint8Array(), "InvalidJson", ""],
    ["a byte order mark", bytesOf(`\uFEFF${JSON.stringify(manifest)}`), "InvalidJson", ""],
    ["no UTF-8", Uint8Array.of(0x22, 0xFF, 0x22), "InvalidUtf8", ""],
    ["no object", bytesOf("[]"), "InvalidField", ""],
    ["too large", new Uint8Array(4 * 1024 * 1024 + 1).fill(0x20), "TooLarge", ""],
    ["endlessly deep", bytesOf(`${"[".repeat(1e6)}${"]".repeat(1e6)}`), "TooDeep", "[0]".repeat(101)],
    ["a size of text", withLayer({ size: "7" }), "InvalidField", "layers[0].size"],
    ["a negative size", withLayer({ size: -1 }), "InvalidField", "layers[0].size"],
    ["a broken size", withLayer({ size: 1.5 }), "InvalidField", "layers[0].size"],
    [
      "a size beyond 2^53",
      bytesOf(JSON.stringify({ ...manifest, layers: [layer] }).replace("\"size\":7", "\"size\":9007199254740993")),
      "InvalidField",
      "layers[0].size"
    ],
    ["a digest that leads elsewhere", withLayer({ digest: "sha256:../../../x" }), "InvalidField", "layers[0].digest"],
    ["a configuration that is null", bytesOf({ ...manifest, config: null }), "InvalidField", "config"],
    [
      "the empty configuration and no type of artifact",
      bytesOf({ ...manifest, config: Descriptor.bare(Descriptor.empty) }),
      "InvalidField",
      ""
    ],
    [
      "the media type of the empty configuration with another digest",
      bytesOf({
        ...manifest,
        artifactType: "application/vnd.example",
        config: { ...Descriptor.bare(Descriptor.empty), digest }
      }),
      "InvalidField",
      ""
    ],
    ["an annotation without a key", bytesOf({ ...manifest, annotations: { "": "a" } }), "InvalidField", "annotations"],
    [
      "a layer with an annotation without a key",
      withLayer({ annotations: { "": "a" } }),
      "InvalidField",
      "layers[0].annotations"
    ],
    [
      "the media type of an index",
      bytesOf({ ...manifest, mediaType: MediaType.ImageIndex }),
      "InvalidField",
      "mediaType"
    ],
    ["an index as well", bytesOf({ ...manifest, manifests: [] }), "InvalidField", ""],
    ["an annotation that is no text", bytesOf({ ...manifest, annotations: { a: 1 } }), "InvalidField", "annotations.a"],
    [
      "a prototype",
      bytesOf(JSON.stringify(manifest).replace("{", "{\"__pr\\u006fto__\":{\"subject\":1},")),
      "UnsafeKey",
      ".__proto__".slice(1)
    ]
  ]

  for (const [name, bytes, reason, path] of cases) {
    it(`if it has ${name}`, () => deepStrictEqual(refusal(bytes), [reason, path]))
  }

  it("if it is an index that could be read as a manifest", () =>
    assertTrue(Either.isLeft(ImageIndex.codec.decode(bytesOf({ ...index, config, layers: [layer] })))))

  it("on encoding too", () => {
    assertTrue(Either.isLeft(ImageManifest.codec.encode({ ...manifest, layers: [{ ...layer, size: -1 }] })))
    assertTrue(Either.isLeft(ImageManifest.codec.encode({ ...manifest, annotations: { a: "x".repeat(5e6) } })))
    assertTrue(Either.isLeft(ImageManifest.codec.encode({ ...manifest, layers: [] })))
  })

  it("with the path and the violated rule", () =>
    assertLeft(
      Either.mapLeft(ImageManifest.codec.decode(withLayer({ size: -1 })), (error) => error.message),
      "Invalid image manifest at layers[0].size: a size must be an integer from 0 to 2^53 - 1, not -1"
    ))
})

describe("A new document", () => {
  it("has its media type", () => {
    strictEqual(manifest.mediaType, MediaType.ImageManifest)
    strictEqual(index.mediaType, MediaType.ImageIndex)
  })

  it("uses the empty document of the specification for artifacts", () =>
    Effect.gen(function*() {
      const artifact = ImageManifest.artifact(MediaType.MediaType.make("application/vnd.example"))
      deepStrictEqual(artifact.config, Descriptor.empty)
      deepStrictEqual(artifact.layers, [Descriptor.empty])
      strictEqual(ImageManifest.artifactType(artifact), "application/vnd.example")
      const described = yield* Content.describe(MediaType.Empty, bytesOf({}))
      deepStrictEqual({ ...described, data: bytesOf({}) }, Descriptor.empty)
    }).pipe(Effect.provide(NodeHasher.layer), Effect.runPromise))

  it("tells the platform of a configuration", () => {
    deepStrictEqual(ImageConfig.platform(imageConfig), Option.some(Platform.make("linux/arm/v7")))
    deepStrictEqual(ImageConfig.platform({ ...imageConfig, os: "" }), Option.none())
    deepStrictEqual(ImageConfig.platform({ ...imageConfig, variant: "" }), Option.some(Platform.make("linux/arm")))
  })
})

describe("An index", () => {
  const entry = (platform: string): Descriptor.Descriptor => ({ ...layer, platform: Platform.make(platform) })

  it("finds the first entry for a platform, under any of its names", () => {
    const index = ImageIndex.make([layer, entry("linux/amd64"), entry("linux/arm64/v8"), entry("linux/arm64")])
    deepStrictEqual(ImageIndex.forPlatform(index, Platform.make("linux/aarch64")), Option.some(entry("linux/arm64/v8")))
    deepStrictEqual(ImageIndex.forPlatform(index, Platform.make("windows/amd64")), Option.none())
  })
})

describe("A document encoded by Go", () => {
  const none = { annotations: null, artifactType: null, mediaType: null, subject: null }
  const noneOfDescriptor = { annotations: null, artifactType: null, data: null, platform: null, urls: null }

  it("may have null for optional fields", () => {
    const config = { Cmd: null, Entrypoint: null, Env: null, ExposedPorts: null, Volumes: null, Labels: null }
    assertRight(
      Either.map(ImageConfig.codec.decode(bytesOf({ ...imageConfig, config, history: null })), (_) => _.config),
      {}
    )
    const { mediaType: _, ...bareManifest } = manifest
    assertRight(
      ImageManifest.codec.decode(bytesOf({ ...manifest, ...none, layers: [{ ...layer, ...noneOfDescriptor }] })),
      bareManifest
    )
    const { mediaType: __, ...bareIndex } = index
    assertRight(
      ImageIndex.codec.decode(
        bytesOf({ ...index, ...none, manifests: index.manifests.map((entry) => ({ ...entry, ...noneOfDescriptor })) })
      ),
      bareIndex
    )
  })

  it("may have null for an empty list", () => {
    assertRight(Either.map(ImageIndex.codec.decode(bytesOf({ ...index, manifests: null })), (_) => _.manifests), [])
    assertRight(Either.map(ImageManifest.codec.decode(bytesOf({ ...manifest, layers: null })), (_) => _.layers), [])
    const rootfs = { type: "layers", diff_ids: null }
    assertRight(
      Either.map(ImageConfig.codec.decode(bytesOf({ ...imageConfig, rootfs })), (_) => _.rootfs.diff_ids),
      []
    )
  })

  it("must have its lists", () => {
    assertTrue(Either.isLeft(ImageIndex.codec.decode(bytesOf({ schemaVersion: 2 }))))
    assertTrue(Either.isLeft(ImageManifest.codec.decode(bytesOf({ schemaVersion: 2, config }))))
  })

  it("is refused with the path of an invalid list item", () =>
    assertLeft(
      Either.mapLeft(
        ImageIndex.codec.decode(bytesOf({ ...index, manifests: [{ ...layer, size: -1 }] })),
        (_) => _.path
      ),
      "manifests[0].size"
    ))
})

describe("Integers beyond 2^53", () => {
  type Value = null | boolean | number | bigint | string | ReadonlyArray<Value> | { readonly [key: string]: Value }

  const texts = fc.oneof(
    fc.string(),
    fc.constantFrom("\\", "\"12345678901234567890", "[{\"a\":12345678901234567890}]")
  ).filter((text) => text !== "__proto__")

  const values = fc.letrec<{ readonly value: Value }>((tie) => ({
    value: fc.oneof(
      { depthSize: "small" },
      fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }),
      fc.constantFrom<Value>(1.5, -0.25, true, null),
      texts,
      fc.array(tie("value"), { maxLength: 3 }),
      fc.dictionary(texts, tie("value"), { maxKeys: 3 })
    )
  })).value

  const print = (value: Value, space: string): string => {
    if (typeof value === "bigint") return `${value}`
    if (typeof value !== "object" || value === null) return JSON.stringify(value)
    if (Array.isArray(value)) return `[${space}${value.map((item) => print(item, space)).join(`${space},${space}`)}]`
    const members = Object.entries(value).sort(([a], [b]) => a < b ? -1 : 1)
    return `{${space}${members.map(([key, item]) => `${JSON.stringify(key)}${space}:${print(item, space)}`).join(",")}}`
  }

  it("in unknown fields are preserved", () =>
    fc.assert(fc.property(values, fc.constantFrom("", " ", "\r\n\t"), (value, space) => {
      const text = JSON.stringify(manifest).replace("{", () => `{"com.example":${print(value, space)},`)
      const read = Either.getOrThrowWith(ImageManifest.codec.decode(bytesOf(text)), (error) => error)
      const written = Either.getOrThrowWith(ImageManifest.codec.encode(read), (error) => error)
      assertTrue(new TextDecoder().decode(written).startsWith(`{"com.example":${print(value, "")},"config":`))
    })))

  it("that no number can hold are not written as null", () => {
    const text = JSON.stringify(manifest).replace("{", `{"com.example":[{"n":1${"0".repeat(400)}}],`)
    const read = Either.getOrThrowWith(ImageManifest.codec.decode(bytesOf(text)), (error) => error)
    assertLeft(
      Either.mapLeft(ImageManifest.codec.encode(read), ({ path, reason }) => `${reason} ${path}`),
      "InexactNumber [\"com.example\"][0].n"
    )
  })
})

describe("Content", () => {
  const spaced = bytesOf(JSON.stringify({ ...manifest, "com.example.more": [1, { a: null }] }, undefined, 3))

  it.effect("keeps the bytes that were read", () =>
    Effect.gen(function*() {
      const descriptor = yield* Content.describe(MediaType.ImageManifest, spaced)
      const content = yield* Content.fromBytes(ImageManifest.codec, descriptor, spaced)
      deepStrictEqual(content.bytes, spaced)
      deepStrictEqual(content.value.layers, [layer])
    }).pipe(Effect.provide(NodeHasher.layer)))

  it.effect("preserves unknown fields of a changed value", () =>
    Effect.gen(function*() {
      const descriptor = yield* Content.describe(MediaType.ImageManifest, spaced)
      const content = yield* Content.fromBytes(
        ImageManifest.codec,
        { ...descriptor, annotations: { kept: "yes" }, data: spaced },
        spaced
      )
      const changed = yield* Content.update(content, ImageManifest.codec, (value) => ({
        ...value,
        annotations: { a: "b" }
      }))
      deepStrictEqual(jsonOf(changed.bytes), {
        ...manifest,
        annotations: { a: "b" },
        "com.example.more": [1, { a: null }]
      })
      deepStrictEqual(changed.descriptor, {
        ...(yield* Content.describe(MediaType.ImageManifest, changed.bytes)),
        annotations: { kept: "yes" }
      })
    }).pipe(Effect.provide(NodeHasher.layer)))

  it.effect("preserves integers beyond 2^53 of a changed value", () =>
    Effect.gen(function*() {
      const bytes = bytesOf(JSON.stringify(manifest).replace("{", "{\"com.example\":[{\"n\":12345678901234567890}],"))
      const descriptor = yield* Content.describe(MediaType.ImageManifest, bytes)
      const content = yield* Content.fromBytes(ImageManifest.codec, descriptor, bytes)
      const changed = yield* Content.update(content, ImageManifest.codec, (value) => value)
      assertTrue(new TextDecoder().decode(changed.bytes).includes("\"com.example\":[{\"n\":12345678901234567890}]"))
    }).pipe(Effect.provide(NodeHasher.layer)))

  it.effect("keeps the media type and the algorithm of a changed configuration", () =>
    Effect.gen(function*() {
      const bytes = bytesOf(imageConfig)
      const descriptor = yield* Content.describe(MediaType.DockerConfig, bytes, "sha512")
      const content = yield* Content.fromBytes(ImageConfig.codec, descriptor, bytes)
      const changed = yield* Content.update(content, ImageConfig.codec, (value) => ({ ...value, author: "somebody" }))
      strictEqual(changed.descriptor.mediaType, MediaType.DockerConfig)
      assertTrue(changed.descriptor.digest.startsWith("sha512:"))
    }).pipe(Effect.provide(NodeHasher.layer)))

  it.effect("refuses a document with another media type than its descriptor", () =>
    Effect.gen(function*() {
      const bytes = bytesOf(manifest)
      const refused = Effect.fnUntraced(function*(mediaType: MediaType.MediaType) {
        const descriptor = yield* Content.describe(mediaType, bytes)
        return (yield* Effect.flip(Content.fromBytes(ImageManifest.codec, descriptor, bytes)))._tag
      })
      strictEqual(yield* refused(MediaType.ImageIndex), "InvalidDocument")
      strictEqual(yield* refused(MediaType.DockerManifest), "InvalidDocument")
    }).pipe(Effect.provide(NodeHasher.layer)))
})
