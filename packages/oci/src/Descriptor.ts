/**
 * Descriptors: what content is (its media type, digest and size), wherever it lies.
 *
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/descriptor.md
 * @since 0.1.0
 */
import { dual } from "effect/Function"
import * as Schema from "effect/Schema"
import * as annotations from "./Annotations.js"
import * as digest from "./Digest.js"
import * as document from "./internal/document.js"
import * as mediaTypes from "./MediaType.js"
import * as platforms from "./Platform.js"

/**
 * A number of bytes: an integer from 0 to 2^53 - 1. A document with a larger one is refused, since no program that
 * reads numbers as JSON is used to would read it exactly.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Size = Schema.Number.pipe(
  Schema.filter((size) => Number.isSafeInteger(size) && size >= 0, {
    message: ({ actual }) => `a size is an integer from 0 to 2^53 - 1, and not ${String(actual)}`
  })
).annotations({
  identifier: "Size",
  arbitrary: () => (fc) => fc.nat({ max: Number.MAX_SAFE_INTEGER })
})

/**
 * A URI with its scheme, as far as RFC 3986 wants one.
 *
 * @internal
 */
export const Uri = Schema.String.pipe(
  Schema.filter((text) => /^[A-Za-z][A-Za-z0-9+.-]*:[^\s<>"{}|\\^`]*$/.test(text), {
    message: () => "a URL has a scheme and no spaces, like \"https://example.com/layer\""
  })
).annotations({ identifier: "Uri", arbitrary: () => (fc) => fc.webUrl() })

/**
 * A descriptor, with the fields and names of the specification. Unknown fields of one that was read are still there
 * when it is copied with a spread, and are written again.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Descriptor = Schema.Struct({
  mediaType: mediaTypes.MediaType,
  digest: digest.WellFormed,
  /** In bytes. */
  size: Size,
  /** Other places to get the content from. */
  urls: document.nullable(Schema.Array(Uri)),
  annotations: document.nullable(annotations.Annotations),
  /** The content itself, if it is small. */
  data: document.nullable(Schema.Uint8ArrayFromBase64),
  /** What an entry of an index is made for. */
  platform: document.nullable(platforms.Platform),
  /** Of what type the artifact is, if it is the manifest of one. */
  artifactType: document.nullable(mediaTypes.MediaType)
}).annotations({ identifier: "Descriptor" })

/**
 * A descriptor, with the fields and names of the specification.
 *
 * @since 0.1.0
 * @category models
 */
export interface Descriptor extends Schema.Schema.Type<typeof Descriptor> {}

/**
 * Whether a value is a descriptor.
 *
 * @since 0.1.0
 * @category refinements
 */
export const isDescriptor: (u: unknown) => u is Descriptor = Schema.is(Descriptor)

/**
 * The empty document `{}`, which stands where a manifest of an artifact needs a configuration or a layer and has none.
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
 * The same content with more annotations; where both have a key, the new value holds.
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
 * What names the content and nothing else: media type, digest and size.
 *
 * @since 0.1.0
 * @category combinators
 */
export const bare = ({ digest, mediaType, size }: Descriptor): Descriptor => ({ mediaType, digest, size })

/**
 * Whether two descriptors are of the same content.
 *
 * @since 0.1.0
 * @category predicates
 */
export const isSame: {
  (that: Descriptor): (self: Descriptor) => boolean
  (self: Descriptor, that: Descriptor): boolean
} = dual(2, (self: Descriptor, that: Descriptor): boolean => self.digest === that.digest && self.size === that.size)
