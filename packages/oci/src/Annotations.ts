/**
 * Annotations of manifests, indexes and descriptors, and the keys that the image specification defines.
 *
 * {@link Predefined} holds the values of the predefined keys only. It converts to and from annotations, JSON with flat
 * keys, and TOML with one table per key prefix:
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
import * as document from "./internal/documents/document.js"

/**
 * Annotations: string values by key. Keys are unique and not empty, and should be reversed domain names.
 *
 * @since 0.1.0
 * @category models
 */
export type Annotations = Readonly<Record<string, string>>

/**
 * Schema of annotations.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Annotations = Schema.Record({ key: Schema.String, value: Schema.String }).pipe(
  Schema.filter((annotations) => !Object.hasOwn(annotations, ""), {
    message: () => "an annotation key must not be empty"
  })
).annotations({
  identifier: "Annotations",
  arbitrary: () => (fc) => fc.dictionary(fc.string({ minLength: 1 }).filter((key) => key !== "__proto__"), fc.string())
})

const prefix = "org.opencontainers.image."

/**
 * Date and time of the build, in RFC 3339 form.
 *
 * @since 0.1.0
 * @category keys
 */
export const created = `${prefix}created`

/**
 * Contact details of the people or organisations responsible for the image.
 *
 * @since 0.1.0
 * @category keys
 */
export const authors = `${prefix}authors`

/**
 * URL with more information about the image.
 *
 * @since 0.1.0
 * @category keys
 */
export const url = `${prefix}url`

/**
 * URL of the documentation.
 *
 * @since 0.1.0
 * @category keys
 */
export const documentation = `${prefix}documentation`

/**
 * URL of the source code.
 *
 * @since 0.1.0
 * @category keys
 */
export const source = `${prefix}source`

/**
 * Version of the packaged software.
 *
 * @since 0.1.0
 * @category keys
 */
export const version = `${prefix}version`

/**
 * Source control revision of the packaged software.
 *
 * @since 0.1.0
 * @category keys
 */
export const revision = `${prefix}revision`

/**
 * Name of the organisation or person that distributes the image.
 *
 * @since 0.1.0
 * @category keys
 */
export const vendor = `${prefix}vendor`

/**
 * Licences, as an SPDX expression.
 *
 * @since 0.1.0
 * @category keys
 */
export const licenses = `${prefix}licenses`

/**
 * Name of an entry in the index of a layout: a tag, a full reference, or any other text.
 *
 * @since 0.1.0
 * @category keys
 */
export const refName = `${prefix}ref.name`

/**
 * Human-readable title. On a layer of an artifact, the file name.
 *
 * @since 0.1.0
 * @category keys
 */
export const title = `${prefix}title`

/**
 * Human-readable description.
 *
 * @since 0.1.0
 * @category keys
 */
export const description = `${prefix}description`

/**
 * Digest of the manifest of the base image.
 *
 * @since 0.1.0
 * @category keys
 */
export const baseDigest = `${prefix}base.digest`

/**
 * Reference of the base image.
 *
 * @since 0.1.0
 * @category keys
 */
export const baseName = `${prefix}base.name`

const text = document.optional(Schema.String)

/**
 * Schema of the values of the predefined keys.
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
 * Values of the predefined keys.
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
 * Extracts the values of the predefined keys. Other keys are dropped.
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
 * Makes annotations from values of predefined keys.
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
 * Reads annotations from a JSON object with flat keys.
 *
 * @since 0.1.0
 * @category conversions
 */
export const fromJson = (bytes: Uint8Array): Either.Either<Annotations, InvalidDocument> => flat.decode(bytes)

/**
 * Writes annotations as a JSON object with sorted keys.
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
 * Reads predefined keys from an object nested by the parts of the keys, such as decoded JSON or TOML. Other keys are
 * dropped. TOML dates are not strings, so `created` must be quoted.
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
 * Writes predefined keys as an object nested by the parts of the keys.
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
        rule: cause instanceof Error ? cause.message : "not valid TOML"
      })
  }).pipe(Either.flatMap(fromNested))

/**
 * Writes predefined keys as TOML.
 *
 * @since 0.1.0
 * @category conversions
 */
export const toToml = (values: Predefined): string => Toml.stringify(toNested(values))
