/**
 * Annotations: texts by key on manifests, indexes and descriptors, and the keys that the image specification defines.
 *
 * {@link Predefined} are the values of those keys alone. They can be read from and written to annotations, JSON with
 * flat keys, and TOML whose tables are the parts of the keys:
 *
 * ```toml
 * [org.opencontainers.image]
 * title = "example"
 *
 * [org.opencontainers.image.ref]
 * name = "v1"
 * ```
 *
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/annotations.md
 * @since 0.1.0
 */
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import * as Toml from "smol-toml"
import { InvalidDocument } from "./ContentError.js"
import * as document from "./internal/document.js"

/**
 * Texts by key. Keys are unique, not empty, and best written as reversed domain names.
 *
 * @since 0.1.0
 * @category models
 */
export type Annotations = Readonly<Record<string, string>>

/**
 * Texts by key.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Annotations = Schema.Record({ key: Schema.String, value: Schema.String }).pipe(
  Schema.filter((annotations) => !Object.hasOwn(annotations, ""), {
    message: () => "the key of an annotation is not empty"
  })
).annotations({
  identifier: "Annotations",
  arbitrary: () => (fc) => fc.dictionary(fc.string({ minLength: 1 }).filter((key) => key !== "__proto__"), fc.string())
})

const prefix = "org.opencontainers.image."

/**
 * When the image was built, as in RFC 3339.
 *
 * @since 0.1.0
 * @category keys
 */
export const created = `${prefix}created`

/**
 * People or organisations responsible for the image.
 *
 * @since 0.1.0
 * @category keys
 */
export const authors = `${prefix}authors`

/**
 * Where to find more about the image.
 *
 * @since 0.1.0
 * @category keys
 */
export const url = `${prefix}url`

/**
 * Where the documentation is.
 *
 * @since 0.1.0
 * @category keys
 */
export const documentation = `${prefix}documentation`

/**
 * Where the source code is.
 *
 * @since 0.1.0
 * @category keys
 */
export const source = `${prefix}source`

/**
 * The version of the packaged software.
 *
 * @since 0.1.0
 * @category keys
 */
export const version = `${prefix}version`

/**
 * The revision in the source control of the packaged software.
 *
 * @since 0.1.0
 * @category keys
 */
export const revision = `${prefix}revision`

/**
 * Who distributes the image.
 *
 * @since 0.1.0
 * @category keys
 */
export const vendor = `${prefix}vendor`

/**
 * Under which licences, as an SPDX expression.
 *
 * @since 0.1.0
 * @category keys
 */
export const licenses = `${prefix}licenses`

/**
 * The name of an entry in the index of a layout: a tag, a full name, or what a tool likes.
 *
 * @since 0.1.0
 * @category keys
 */
export const refName = `${prefix}ref.name`

/**
 * A title for people; of a layer of an artifact, its file name.
 *
 * @since 0.1.0
 * @category keys
 */
export const title = `${prefix}title`

/**
 * A description for people.
 *
 * @since 0.1.0
 * @category keys
 */
export const description = `${prefix}description`

/**
 * The digest of the manifest of the image this one is based on.
 *
 * @since 0.1.0
 * @category keys
 */
export const baseDigest = `${prefix}base.digest`

/**
 * The reference of the image this one is based on.
 *
 * @since 0.1.0
 * @category keys
 */
export const baseName = `${prefix}base.name`

const text = document.optional(Schema.String)

/**
 * The values of the predefined keys.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Predefined = Schema.Struct({
  created: text,
  authors: text,
  url: text,
  documentation: text,
  source: text,
  version: text,
  revision: text,
  vendor: text,
  licenses: text,
  refName: text,
  title: text,
  description: text,
  baseDigest: text,
  baseName: text
}).annotations({ identifier: "Annotations.Predefined" })

/**
 * The values of the predefined keys.
 *
 * @since 0.1.0
 * @category models
 */
export interface Predefined extends Schema.Schema.Type<typeof Predefined> {}

const keys: ReadonlyArray<readonly [field: keyof Predefined, key: string]> = [
  ["created", created],
  ["authors", authors],
  ["url", url],
  ["documentation", documentation],
  ["source", source],
  ["version", version],
  ["revision", revision],
  ["vendor", vendor],
  ["licenses", licenses],
  ["refName", refName],
  ["title", title],
  ["description", description],
  ["baseDigest", baseDigest],
  ["baseName", baseName]
]

/**
 * The values of the predefined keys; other keys are left out.
 *
 * @since 0.1.0
 * @category conversions
 */
export const predefined = (self: Annotations): Predefined =>
  Object.fromEntries(keys.flatMap(([field, key]) => {
    const value = Object.hasOwn(self, key) ? self[key] : undefined
    return value === undefined ? [] : [[field, value]]
  }))

/**
 * Annotations of predefined keys.
 *
 * @since 0.1.0
 * @category constructors
 * @example
 * import { Annotations } from "@ociman/oci"
 *
 * assert.deepStrictEqual(Annotations.fromPredefined({ title: "example", version: "1.0" }), {
 *   "org.opencontainers.image.title": "example",
 *   "org.opencontainers.image.version": "1.0"
 * })
 */
export const fromPredefined = (values: Predefined): Annotations =>
  Object.fromEntries(keys.flatMap(([field, key]) => {
    const value = values[field]
    return value === undefined ? [] : [[key, value]]
  }))

const limit = document.manifestLimit

const flat = document.bytes("annotations", Annotations, limit)

/**
 * Reads a JSON object of texts by flat keys.
 *
 * @since 0.1.0
 * @category conversions
 */
export const fromJson = (bytes: Uint8Array): Either.Either<Annotations, InvalidDocument> => flat.decode(bytes)

/**
 * Annotations as a JSON object, keys in their order.
 *
 * @since 0.1.0
 * @category conversions
 */
export const toJson = (self: Annotations): Either.Either<Uint8Array, InvalidDocument> => flat.encode(self)

const Nested = Schema.Struct({
  org: document.optional(Schema.Struct({
    opencontainers: document.optional(Schema.Struct({
      image: document.optional(Schema.Struct({
        created: text,
        authors: text,
        url: text,
        documentation: text,
        source: text,
        version: text,
        revision: text,
        vendor: text,
        licenses: text,
        title: text,
        description: text,
        ref: document.optional(Schema.Struct({ name: text })),
        base: document.optional(Schema.Struct({ digest: text, name: text }))
      }))
    }))
  }))
})

const nested = document.fields("annotations", Nested)

const present = (values: Readonly<Record<string, string | undefined>>): Predefined =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined))

/**
 * Reads predefined keys from an object whose levels are the parts of the keys, as in JSON or TOML that people write.
 * Other keys are left out; TOML's own dates are not texts, so put quotes around `created`.
 *
 * @since 0.1.0
 * @category conversions
 */
export const fromNested = (input: unknown): Either.Either<Predefined, InvalidDocument> =>
  Either.map(nested.fromJson(input), ({ org }) => {
    const { base, ref, ...image } = org?.opencontainers?.image ?? {}
    return predefined(fromPredefined({
      ...image,
      ...present({ refName: ref?.name, baseDigest: base?.digest, baseName: base?.name })
    }))
  })

/**
 * Predefined keys as an object whose levels are the parts of the keys.
 *
 * @since 0.1.0
 * @category conversions
 */
export const toNested = ({ baseDigest, baseName, refName, ...image }: Predefined): typeof Nested.Type => {
  const table = (values: Readonly<Record<string, string | undefined>>) => {
    const entries = Object.entries(values).filter(([, value]) => value !== undefined)
    return entries.length === 0 ? undefined : Object.fromEntries(entries)
  }
  const ref = table({ name: refName })
  const base = table({ digest: baseDigest, name: baseName })
  return {
    org: {
      opencontainers: {
        image: { ...image, ...(ref === undefined ? {} : { ref }), ...(base === undefined ? {} : { base }) }
      }
    }
  }
}

/**
 * Reads predefined keys from TOML.
 *
 * @since 0.1.0
 * @category conversions
 */
export const fromToml = (toml: string): Either.Either<Predefined, InvalidDocument> =>
  Either.try({
    try: (): unknown => Toml.parse(toml),
    catch: (cause) =>
      new InvalidDocument({
        document: "annotations",
        path: "",
        reason: "InvalidToml",
        rule: cause instanceof Error ? cause.message : "it is not TOML"
      })
  }).pipe(Either.flatMap(fromNested))

/**
 * Predefined keys as TOML.
 *
 * @since 0.1.0
 * @category conversions
 */
export const toToml = (values: Predefined): string => Toml.stringify(toNested(values))
