/**
 * Media types of manifests, configurations and layers, in the names of the image specification and in Docker's older
 * ones.
 *
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/media-types.md
 * @since 0.1.0
 */
import * as Brand from "effect/Brand"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { excerpt } from "./internal/text.js"

/**
 * A media type without parameters, `type/subtype`, by the grammar of RFC 6838.
 *
 * @since 0.1.0
 * @category models
 */
export type MediaType = string & Brand.Brand<"@ociman/oci/MediaType">

const grammar = /^[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}\/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}$/

/**
 * A media type without parameters, `type/subtype`, by the grammar of RFC 6838.
 *
 * @see https://www.rfc-editor.org/rfc/rfc6838.html#section-4.2
 * @since 0.1.0
 * @category schemas
 */
export const MediaType = Schema.String.pipe(
  Schema.filter((input) => grammar.test(input), {
    message: ({ actual }) =>
      `Invalid media type ${excerpt(String(actual))}: it is written type/subtype, as in ` +
      `"application/vnd.oci.image.manifest.v1+json"`
  }),
  Schema.brand("@ociman/oci/MediaType")
).annotations({
  identifier: "MediaType",
  arbitrary: () => (fc) => fc.stringMatching(/^[A-Za-z0-9][\w.+-]{0,9}\/[A-Za-z0-9][\w.+-]{0,9}$/).map(of)
})

const of = Brand.nominal<MediaType>()

/**
 * An image manifest.
 *
 * @since 0.1.0
 * @category constants
 */
export const ImageManifest: MediaType = of("application/vnd.oci.image.manifest.v1+json")

/**
 * An index of manifests.
 *
 * @since 0.1.0
 * @category constants
 */
export const ImageIndex: MediaType = of("application/vnd.oci.image.index.v1+json")

/**
 * An image configuration.
 *
 * @since 0.1.0
 * @category constants
 */
export const ImageConfig: MediaType = of("application/vnd.oci.image.config.v1+json")

/**
 * A layer as a tar archive.
 *
 * @since 0.1.0
 * @category constants
 */
export const ImageLayer: MediaType = of("application/vnd.oci.image.layer.v1.tar")

/**
 * A layer as a tar archive compressed with gzip.
 *
 * @since 0.1.0
 * @category constants
 */
export const ImageLayerGzip: MediaType = of("application/vnd.oci.image.layer.v1.tar+gzip")

/**
 * A layer as a tar archive compressed with zstd.
 *
 * @since 0.1.0
 * @category constants
 */
export const ImageLayerZstd: MediaType = of("application/vnd.oci.image.layer.v1.tar+zstd")

/**
 * A content descriptor.
 *
 * @since 0.1.0
 * @category constants
 */
export const Descriptor: MediaType = of("application/vnd.oci.descriptor.v1+json")

/**
 * The `oci-layout` file of an image layout.
 *
 * @since 0.1.0
 * @category constants
 */
export const LayoutHeader: MediaType = of("application/vnd.oci.layout.header.v1+json")

/**
 * The empty document `{}`, in places where a manifest of an artifact needs one.
 *
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/manifest.md#guidance-for-an-empty-descriptor
 * @since 0.1.0
 * @category constants
 */
export const Empty: MediaType = of("application/vnd.oci.empty.v1+json")

/**
 * Docker's image manifest, version 2 schema 2.
 *
 * @see https://github.com/distribution/distribution/blob/v2.8.3/docs/spec/manifest-v2-2.md
 * @since 0.1.0
 * @category constants
 */
export const DockerManifest: MediaType = of("application/vnd.docker.distribution.manifest.v2+json")

/**
 * Docker's list of manifests.
 *
 * @since 0.1.0
 * @category constants
 */
export const DockerManifestList: MediaType = of("application/vnd.docker.distribution.manifest.list.v2+json")

/**
 * Docker's image configuration.
 *
 * @since 0.1.0
 * @category constants
 */
export const DockerConfig: MediaType = of("application/vnd.docker.container.image.v1+json")

/**
 * Docker's layer as a tar archive.
 *
 * @since 0.1.0
 * @category constants
 */
export const DockerLayer: MediaType = of("application/vnd.docker.image.rootfs.diff.tar")

/**
 * Docker's layer as a tar archive compressed with gzip.
 *
 * @since 0.1.0
 * @category constants
 */
export const DockerLayerGzip: MediaType = of("application/vnd.docker.image.rootfs.diff.tar.gzip")

/**
 * Docker's layer that is fetched from elsewhere and not pushed.
 *
 * @since 0.1.0
 * @category constants
 */
export const DockerForeignLayer: MediaType = of("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip")

const nondistributable = {
  tar: of("application/vnd.oci.image.layer.nondistributable.v1.tar"),
  gzip: of("application/vnd.oci.image.layer.nondistributable.v1.tar+gzip"),
  zstd: of("application/vnd.oci.image.layer.nondistributable.v1.tar+zstd")
}

/**
 * The artifact of files that the crate ocipkg has defined.
 *
 * @see https://docs.rs/ocipkg/0.3.9/ocipkg/media_types/index.html
 * @since 0.1.0
 * @category constants
 */
export const OcipkgArtifact: MediaType = of("application/vnd.ocipkg.v1.artifact")

/**
 * The configuration of such an artifact, which lists its files.
 *
 * @since 0.1.0
 * @category constants
 */
export const OcipkgConfig: MediaType = of("application/vnd.ocipkg.v1.config+json")

/**
 * Files of such an artifact. The crate has this type only.
 *
 * @since 0.1.0
 * @category constants
 */
export const OcipkgLayerGzip: MediaType = of("application/vnd.ocipkg.v1.layer.tar+gzip")

/**
 * Files of such an artifact, not compressed.
 *
 * @since 0.1.0
 * @category constants
 */
export const OcipkgLayer: MediaType = of("application/vnd.ocipkg.v1.layer.tar")

/**
 * Files of such an artifact, compressed by zstd.
 *
 * @since 0.1.0
 * @category constants
 */
export const OcipkgLayerZstd: MediaType = of("application/vnd.ocipkg.v1.layer.tar+zstd")

/**
 * Bytes of which nothing is known.
 *
 * @see https://www.rfc-editor.org/rfc/rfc2046.html#section-4.5.1
 * @since 0.1.0
 * @category constants
 */
export const OctetStream: MediaType = of("application/octet-stream")

/**
 * How a layer is compressed.
 *
 * @since 0.1.0
 * @category models
 */
export type Compression = "none" | "gzip" | "zstd"

const compressions = new Map<string, Compression>([
  [ImageLayer, "none"],
  [ImageLayerGzip, "gzip"],
  [ImageLayerZstd, "zstd"],
  [nondistributable.tar, "none"],
  [nondistributable.gzip, "gzip"],
  [nondistributable.zstd, "zstd"],
  [DockerLayer, "none"],
  [DockerLayerGzip, "gzip"],
  [DockerForeignLayer, "gzip"],
  [OcipkgLayer, "none"],
  [OcipkgLayerGzip, "gzip"],
  [OcipkgLayerZstd, "zstd"]
])

/**
 * The media type that a `Content-Type` header names: parameters are dropped and letters are lowered, since media types
 * are compared without regard to case.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9110.html#section-8.3.1
 * @since 0.1.0
 * @category constructors
 */
export const fromContentType = (header: string): Option.Option<MediaType> => {
  const semicolon = header.indexOf(";")
  const essence = header.slice(0, semicolon === -1 ? header.length : semicolon).trim().toLowerCase()
  return grammar.test(essence) ? Option.some(of(essence)) : Option.none()
}

/**
 * Whether it is the manifest of one image or artifact.
 *
 * @since 0.1.0
 * @category predicates
 */
export const isManifest = (self: string): boolean => self === ImageManifest || self === DockerManifest

/**
 * Whether it is an index of manifests.
 *
 * @since 0.1.0
 * @category predicates
 */
export const isIndex = (self: string): boolean => self === ImageIndex || self === DockerManifestList

/**
 * Whether it is the configuration of an image that can run.
 *
 * @since 0.1.0
 * @category predicates
 */
export const isConfig = (self: string): boolean => self === ImageConfig || self === DockerConfig

/**
 * Whether it is a layer of a file system.
 *
 * @since 0.1.0
 * @category predicates
 */
export const isLayer = (self: string): boolean => compressions.has(self)

/**
 * Whether it is a layer whose owner forbids to distribute it.
 *
 * @since 0.1.0
 * @category predicates
 */
export const isNondistributable = (self: string): boolean =>
  self === DockerForeignLayer || Object.values<string>(nondistributable).includes(self)

/**
 * How a layer is compressed, if it is a layer.
 *
 * @since 0.1.0
 * @category getters
 */
export const compression = (self: string): Option.Option<Compression> => Option.fromNullable(compressions.get(self))
