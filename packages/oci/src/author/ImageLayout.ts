/**
 * The file `oci-layout`, which marks a directory or an archive as an image layout.
 *
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md#oci-layout-file
 * @since 0.1.0
 */
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { Codec } from "../Content.js"
import * as digests from "../Digest.js"
import * as document from "../internal/documents/document.js"
import * as mediaTypes from "../MediaType.js"

/**
 * Schema of the file `oci-layout`.
 *
 * @since 0.1.0
 * @category schemas
 */
export const ImageLayout = Schema.Struct({
  imageLayoutVersion: Schema.Literal("1.0.0")
}).annotations({ identifier: "ImageLayout" })

/**
 * Content of the file `oci-layout`.
 *
 * @since 0.1.0
 * @category models
 */
export interface ImageLayout extends Schema.Schema.Type<typeof ImageLayout> {}

/**
 * Current layout version.
 *
 * @since 0.1.0
 * @category constants
 */
export const current: ImageLayout = { imageLayoutVersion: "1.0.0" }

/**
 * Name of the file that marks a layout.
 *
 * @since 0.1.0
 * @category constants
 */
export const markerName = "oci-layout"

/**
 * Name of the index file of a layout.
 *
 * @since 0.1.0
 * @category constants
 */
export const indexName = "index.json"

/**
 * Path of a blob in a layout, with `/` as separator. The path of a well-formed digest is always below `blobs`.
 *
 * @since 0.1.0
 * @category getters
 */
export const blobPath = (digest: digests.WellFormed): string => `blobs/${digest.replace(":", "/")}`

/**
 * Gets the digest of the blob at a path of a layout, if the digest can be computed.
 *
 * @since 0.1.0
 * @category getters
 * @example
 * import * as ImageLayout from "@ociman/oci/author/ImageLayout"
 * import { Option } from "effect"
 *
 * const digest = `sha256:${"0".repeat(64)}`
 * assert.deepStrictEqual(ImageLayout.blobDigest(`blobs/sha256/${"0".repeat(64)}`), Option.some(digest))
 * assert.deepStrictEqual(ImageLayout.blobDigest("blobs/sha256/../index.json"), Option.none())
 */
export const blobDigest = (path: string): Option.Option<digests.Digest> => {
  const [blobs, algorithm, encoded, ...rest] = path.split("/")
  const digest = `${algorithm}:${encoded}`
  return blobs === "blobs" && rest.length === 0 && digests.isDigest(digest) ? Option.some(digest) : Option.none()
}

/**
 * Codec of the file `oci-layout`. Reads at most 64 KiB.
 *
 * @since 0.1.0
 * @category codecs
 */
export const codec: Codec<ImageLayout> = {
  ...document.bytes("image layout", ImageLayout, 64 * 1024),
  mediaType: () => mediaTypes.LayoutHeader,
  mediaTypes: [mediaTypes.LayoutHeader]
}
