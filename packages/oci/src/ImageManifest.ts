/**
 * Image manifests: configuration and layers of one image or artifact. Docker's version 2 schema 2 is read as well.
 *
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/manifest.md
 * @since 0.1.0
 */
import type * as Arr from "effect/Array"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import * as annotations from "./Annotations.js"
import type { Codec } from "./Content.js"
import * as descriptors from "./Descriptor.js"
import * as document from "./internal/documents/document.js"
import * as mediaTypes from "./MediaType.js"

const lacks = (field: string) => (manifest: object): string | undefined =>
  Object.hasOwn(manifest, field) ? `a manifest must not have the field "${field}" of an index` : undefined

/** Digests of the document `{}` by algorithm. */
const emptyDigests: Partial<Record<string, string>> = {
  sha256: descriptors.empty.digest,
  sha512: "sha512:27c74670adb75075fad058d5ceaf7b20c4e7786c83bae8a32f626f9782af34c9" +
    "a33c2046ef60fd2a7878d378e29fec851806bbd9a67878f3a9f1cda4830763fd"
}

/** Violated rule about the empty configuration, if any. */
const misusesEmptyConfig = (
  { artifactType, config }: { readonly artifactType?: string; readonly config: descriptors.Descriptor }
): string | undefined => {
  if (config.mediaType !== mediaTypes.Empty) return undefined
  const [algorithm = ""] = config.digest.split(":")
  const expected = emptyDigests[algorithm] ?? config.digest
  if (config.digest !== expected || config.size !== descriptors.empty.size) {
    return `the configuration of the media type ${mediaTypes.Empty} has ${descriptors.empty.size} bytes and the digest ${expected}`
  }
  return artifactType === undefined
    ? "a manifest with the empty configuration must have an \"artifactType\""
    : undefined
}

/** Encodes at least one layer, but decodes an empty list: some programs write one for an image without files. */
const Layers = Schema.transformOrFail(
  document.list(descriptors.Descriptor),
  Schema.Array(Schema.typeSchema(descriptors.Descriptor)),
  {
    strict: true,
    decode: ParseResult.succeed,
    encode: (layers, _, ast) =>
      layers.length === 0
        ? ParseResult.fail(new ParseResult.Type(ast, layers, "a manifest must have at least one layer"))
        : ParseResult.succeed(layers)
  }
)

/**
 * Schema of manifests, with the field names of the specification. Unknown fields are preserved by a spread and written
 * again.
 *
 * A document that could also be read as an index is refused.
 *
 * @see https://github.com/opencontainers/image-spec/security/advisories/GHSA-77vh-xpmg-72qh
 * @since 0.1.0
 * @category schemas
 */
export const ImageManifest = Schema.Struct({
  schemaVersion: Schema.Literal(2),
  mediaType: document.nullable(
    mediaTypes.MediaType.pipe(Schema.filter(mediaTypes.isManifest, {
      message: ({ actual }) => `the media type ${String(actual)} is not that of a manifest`,
      arbitrary: () => (fc) => fc.constantFrom(mediaTypes.ImageManifest, mediaTypes.DockerManifest)
    }))
  ),
  /** Artifact type. Required with the empty configuration. */
  artifactType: document.nullable(mediaTypes.MediaType),
  config: descriptors.Descriptor,
  /**
   * From the base upwards. An artifact without files has the empty layer. An empty list can be read, but not written.
   */
  layers: Layers,
  /**
   * Descriptor of the manifest that this one refers to, for example the image of a signature (`subject`). It need not
   * exist in the same store.
   */
  subject: document.nullable(descriptors.Descriptor),
  annotations: document.nullable(annotations.Annotations)
}).pipe(Schema.filter(lacks("manifests")), Schema.filter(misusesEmptyConfig)).annotations({
  identifier: "ImageManifest"
})

/**
 * Manifest, with the field names of the specification.
 *
 * @since 0.1.0
 * @category models
 */
export interface ImageManifest extends Schema.Schema.Type<typeof ImageManifest> {}

/**
 * Reports whether a value is a manifest.
 *
 * @since 0.1.0
 * @category refinements
 */
export const isImageManifest: (u: unknown) => u is ImageManifest = Schema.is(ImageManifest)

/**
 * Fields of a new manifest.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  readonly config: descriptors.Descriptor
  readonly layers: Arr.NonEmptyReadonlyArray<descriptors.Descriptor>
  readonly subject?: descriptors.Descriptor | undefined
  readonly annotations?: annotations.Annotations | undefined
  readonly artifactType?: mediaTypes.MediaType | undefined
}

/**
 * Makes a manifest in the OCI format.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = ({ annotations, artifactType, config, layers, subject }: Options): ImageManifest => ({
  schemaVersion: 2,
  mediaType: mediaTypes.ImageManifest,
  ...(artifactType === undefined ? {} : { artifactType }),
  config,
  layers,
  ...(subject === undefined ? {} : { subject }),
  ...(annotations === undefined ? {} : { annotations })
})

/**
 * Makes a manifest of an artifact with the empty configuration. Without layers, it has the empty layer.
 *
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/manifest.md#guidelines-for-artifact-usage
 * @since 0.1.0
 * @category constructors
 */
export const artifact = (
  artifactType: mediaTypes.MediaType,
  options: {
    readonly layers?: ReadonlyArray<descriptors.Descriptor> | undefined
    readonly subject?: descriptors.Descriptor | undefined
    readonly annotations?: annotations.Annotations | undefined
  } = {}
): ImageManifest => {
  const [first = descriptors.empty, ...rest] = options.layers ?? []
  return make({ ...options, artifactType, config: descriptors.empty, layers: [first, ...rest] })
}

/**
 * Gets the artifact type, or the media type of the configuration if there is none.
 *
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#listing-referrers
 * @since 0.1.0
 * @category getters
 */
export const artifactType = (self: ImageManifest): mediaTypes.MediaType => self.artifactType ?? self.config.mediaType

/**
 * Codec of manifests. Reads at most 4 MiB.
 *
 * @since 0.1.0
 * @category codecs
 */
export const codec: Codec<ImageManifest> = {
  ...document.bytes("image manifest", ImageManifest, document.manifestLimit),
  mediaType: (self) => self.mediaType ?? mediaTypes.ImageManifest,
  mediaTypes: [mediaTypes.ImageManifest, mediaTypes.DockerManifest]
}
