/**
 * Manifests: the configuration and the layers of one image or artifact. Docker's version 2 schema 2 is read as well.
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
import * as document from "./internal/document.js"
import * as mediaTypes from "./MediaType.js"

const lacks = (field: string) => (manifest: object): string | undefined =>
  Object.hasOwn(manifest, field) ? `a manifest has no "${field}", which an index has` : undefined

/** Of the document `{}`, by algorithm. Those of other algorithms are not known here. */
const emptyDigests: Partial<Record<string, string>> = {
  sha256: descriptors.empty.digest,
  sha512: "sha512:27c74670adb75075fad058d5ceaf7b20c4e7786c83bae8a32f626f9782af34c9" +
    "a33c2046ef60fd2a7878d378e29fec851806bbd9a67878f3a9f1cda4830763fd"
}

/** Breaks of the rules about the empty configuration, as a sentence. */
const misusesEmptyConfig = (
  { artifactType, config }: { readonly artifactType?: string; readonly config: descriptors.Descriptor }
): string | undefined => {
  if (config.mediaType !== mediaTypes.Empty) return undefined
  const [algorithm = ""] = config.digest.split(":")
  const expected = emptyDigests[algorithm] ?? config.digest
  if (config.digest !== expected || config.size !== descriptors.empty.size) {
    return `the configuration of the media type ${mediaTypes.Empty} has ${descriptors.empty.size} bytes and the digest ${expected}`
  }
  return artifactType === undefined ? "a manifest with the empty configuration has an \"artifactType\"" : undefined
}

/** At least one is written. Some programs write none for an image without files, which is read. */
const Layers = Schema.transformOrFail(
  document.list(descriptors.Descriptor),
  Schema.Array(Schema.typeSchema(descriptors.Descriptor)),
  {
    strict: true,
    decode: ParseResult.succeed,
    encode: (layers, _, ast) =>
      layers.length === 0
        ? ParseResult.fail(new ParseResult.Type(ast, layers, "a manifest has at least one layer"))
        : ParseResult.succeed(layers)
  }
)

/**
 * A manifest, with the fields and names of the specification. Unknown fields of one that was read are still there when
 * it is copied with a spread, and are written again.
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
  /** Of what type the artifact is. An artifact with the empty configuration must have it. */
  artifactType: document.nullable(mediaTypes.MediaType),
  config: descriptors.Descriptor,
  /** From the base upwards; an artifact without files has the empty one. None is read, but not written. */
  layers: Layers,
  /** What this is about, as a signature is about an image. It may be absent from where this is. */
  subject: document.nullable(descriptors.Descriptor),
  annotations: document.nullable(annotations.Annotations)
}).pipe(Schema.filter(lacks("manifests")), Schema.filter(misusesEmptyConfig)).annotations({
  identifier: "ImageManifest"
})

/**
 * A manifest, with the fields and names of the specification.
 *
 * @since 0.1.0
 * @category models
 */
export interface ImageManifest extends Schema.Schema.Type<typeof ImageManifest> {}

/**
 * Whether a value is a manifest.
 *
 * @since 0.1.0
 * @category refinements
 */
export const isImageManifest: (u: unknown) => u is ImageManifest = Schema.is(ImageManifest)

/**
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
 * A manifest in the words of the image specification.
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
 * A manifest of an artifact that has no configuration; without layers it has the empty one.
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
 * Of what type the artifact is: what it says, else the media type of its configuration.
 *
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#listing-referrers
 * @since 0.1.0
 * @category getters
 */
export const artifactType = (self: ImageManifest): mediaTypes.MediaType => self.artifactType ?? self.config.mediaType

/**
 * A manifest as bytes. At most 4 MiB are read.
 *
 * @since 0.1.0
 * @category codecs
 */
export const codec: Codec<ImageManifest> = {
  ...document.bytes("image manifest", ImageManifest, document.manifestLimit),
  mediaType: (self) => self.mediaType ?? mediaTypes.ImageManifest,
  mediaTypes: [mediaTypes.ImageManifest, mediaTypes.DockerManifest]
}
