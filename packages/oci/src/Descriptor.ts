/**
 * Descriptors: media type, digest and size of content.
 *
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/descriptor.md
 * @since 0.1.0
 */
import { dual } from "effect/Function"
import * as Schema from "effect/Schema"
import * as annotations from "./Annotations.js"
import * as digest from "./Digest.js"
import * as document from "./internal/documents/document.js"
import * as mediaTypes from "./MediaType.js"
import * as platforms from "./Platform.js"

/**
 * Schema of a number of bytes: an integer from 0 to 2^53 - 1. A larger number is refused, since common JSON parsers do
 * not read it exactly.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Size = Schema.Number.pipe(
  Schema.filter((size) => Number.isSafeInteger(size) && size >= 0, {
    message: ({ actual }) => `a size must be an integer from 0 to 2^53 - 1, not ${String(actual)}`
  })
).annotations({
  identifier: "Size",
  arbitrary: () => (fc) => fc.nat({ max: Number.MAX_SAFE_INTEGER })
})

/**
 * URI with a scheme, as in RFC 3986.
 *
 * @internal
 */
export const Uri = Schema.String.pipe(
  Schema.filter((text) => /^[A-Za-z][A-Za-z0-9+.-]*:[^\s<>"{}|\\^`]*$/.test(text), {
    message: () => "a URL must have a scheme and no spaces, as in \"https://example.com/layer\""
  })
).annotations({ identifier: "Uri", arbitrary: () => (fc) => fc.webUrl() })

/**
 * Schema of descriptors, with the field names of the specification. Unknown fields are preserved by a spread and
 * written again.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Descriptor = Schema.Struct({
  mediaType: mediaTypes.MediaType,
  digest: digest.WellFormed,
  /** Size in bytes. */
  size: Size,
  /** Alternative locations of the content. */
  urls: document.nullable(Schema.Array(Uri)),
  annotations: document.nullable(annotations.Annotations),
  /** The content itself, if it is small. */
  data: document.nullable(Schema.Uint8ArrayFromBase64),
  /** Platform of an entry of an index. */
  platform: document.nullable(platforms.Platform),
  /** Artifact type, if the content is a manifest of an artifact. */
  artifactType: document.nullable(mediaTypes.MediaType)
}).annotations({ identifier: "Descriptor" })

/**
 * Descriptor, with the field names of the specification.
 *
 * @since 0.1.0
 * @category models
 */
export interface Descriptor extends Schema.Schema.Type<typeof Descriptor> {}

/**
 * Reports whether a value is a descriptor.
 *
 * @since 0.1.0
 * @category refinements
 */
export const isDescriptor: (u: unknown) => u is Descriptor = Schema.is(Descriptor)

/**
 * Descriptor of the empty document `{}`, the configuration or layer of an artifact that has none.
 *
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/manifest.md#guidance-for-an-empty-descriptor
 * @since 0.1.0
 * @category constants
 */
export const empty: Descriptor = {
  mediaType: mediaTypes.Empty,
  digest: digest.Digest.make("sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"),
  size: 2,
  data: Uint8Array.of(0x7B, 0x7D)
}

/**
 * Adds annotations. Existing keys are overwritten.
 *
 * @since 0.1.0
 * @category combinators
 */
export const annotate: {
  (added: annotations.Annotations): (self: Descriptor) => Descriptor
  (self: Descriptor, added: annotations.Annotations): Descriptor
} = dual(2, (self: Descriptor, added: annotations.Annotations): Descriptor => ({
  ...self,
  annotations: { ...self.annotations, ...added }
}))

/**
 * Keeps only media type, digest and size.
 *
 * @since 0.1.0
 * @category combinators
 */
export const bare = ({ digest, mediaType, size }: Descriptor): Descriptor => ({ mediaType, digest, size })

/**
 * Reports whether two descriptors have the same digest and size.
 *
 * @since 0.1.0
 * @category predicates
 */
export const isSame: {
  (that: Descriptor): (self: Descriptor) => boolean
  (self: Descriptor, that: Descriptor): boolean
} = dual(2, (self: Descriptor, that: Descriptor): boolean => self.digest === that.digest && self.size === that.size)
