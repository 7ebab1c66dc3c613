/**
 * Image indexes: lists of manifests, by platform or of any kind. Docker manifest lists are read as well.
 *
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/image-index.md
 * @since 0.1.0
 */
import { dual } from "effect/Function"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as annotations from "./Annotations.js"
import type { Codec } from "./Content.js"
import * as descriptors from "./Descriptor.js"
import * as document from "./internal/documents/document.js"
import * as mediaTypes from "./MediaType.js"
import * as platforms from "./Platform.js"

const lacks = (...fields: ReadonlyArray<string>) => (index: object): string | undefined => {
  const field = fields.find((field) => Object.hasOwn(index, field))
  return field === undefined ? undefined : `an index must not have the field "${field}" of a manifest`
}

/**
 * Schema of indexes, with the field names of the specification. Unknown fields are preserved by a spread and written
 * again.
 *
 * A document that could also be read as a manifest is refused.
 *
 * @see https://github.com/opencontainers/image-spec/security/advisories/GHSA-77vh-xpmg-72qh
 * @since 0.1.0
 * @category schemas
 */
export const ImageIndex = Schema.Struct({
  schemaVersion: Schema.Literal(2),
  mediaType: document.nullable(
    mediaTypes.MediaType.pipe(Schema.filter(mediaTypes.isIndex, {
      message: ({ actual }) => `the media type ${String(actual)} is not that of an index`,
      arbitrary: () => (fc) => fc.constantFrom(mediaTypes.ImageIndex, mediaTypes.DockerManifestList)
    }))
  ),
  artifactType: document.nullable(mediaTypes.MediaType),
  /** In order of preference. */
  manifests: document.list(descriptors.Descriptor),
  /** Descriptor of the manifest that this index refers to (`subject`). It need not exist in the same store. */
  subject: document.nullable(descriptors.Descriptor),
  annotations: document.nullable(annotations.Annotations)
}).pipe(Schema.filter(lacks("config", "layers"))).annotations({ identifier: "ImageIndex" })

/**
 * Index, with the field names of the specification.
 *
 * @since 0.1.0
 * @category models
 */
export interface ImageIndex extends Schema.Schema.Type<typeof ImageIndex> {}

/**
 * Reports whether a value is an index.
 *
 * @since 0.1.0
 * @category refinements
 */
export const isImageIndex: (u: unknown) => u is ImageIndex = Schema.is(ImageIndex)

/**
 * Makes an index in the OCI format.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (
  manifests: ReadonlyArray<descriptors.Descriptor>,
  { annotations, artifactType, subject }: {
    readonly subject?: descriptors.Descriptor | undefined
    readonly annotations?: annotations.Annotations | undefined
    readonly artifactType?: mediaTypes.MediaType | undefined
  } = {}
): ImageIndex => ({
  schemaVersion: 2,
  mediaType: mediaTypes.ImageIndex,
  ...(artifactType === undefined ? {} : { artifactType }),
  manifests,
  ...(subject === undefined ? {} : { subject }),
  ...(annotations === undefined ? {} : { annotations })
})

/**
 * Finds the first entry that matches a platform.
 *
 * @since 0.1.0
 * @category getters
 */
export const forPlatform: {
  (platform: platforms.Platform): (self: ImageIndex) => Option.Option<descriptors.Descriptor>
  (self: ImageIndex, platform: platforms.Platform): Option.Option<descriptors.Descriptor>
} = dual(
  2,
  (self: ImageIndex, requested: platforms.Platform): Option.Option<descriptors.Descriptor> =>
    Option.fromNullable(
      self.manifests.find(({ platform }) => platform !== undefined && platforms.matches(platform, requested))
    )
)

/**
 * Codec of indexes. Reads at most 4 MiB.
 *
 * @since 0.1.0
 * @category codecs
 */
export const codec: Codec<ImageIndex> = {
  ...document.bytes("image index", ImageIndex, document.manifestLimit),
  mediaType: (self) => self.mediaType ?? mediaTypes.ImageIndex,
  mediaTypes: [mediaTypes.ImageIndex, mediaTypes.DockerManifestList]
}
