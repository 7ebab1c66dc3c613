/**
 * Media types of manifests, configurations and layers, in their OCI and Docker forms.
 *
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/media-types.md
 * @since 0.1.0
 */
import * as Brand from "effect/Brand"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { excerpt } from "./internal/values/text.js"

/**
 * Media type without parameters, `type/subtype`, by the grammar of RFC 6838.
 *
 * @since 0.1.0
 * @category models
 */
export type MediaType = string & Brand.Brand<"@ociman/oci/MediaType">

const grammar = /^[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}\/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}$/

/**
 * Schema of media types without parameters, `type/subtype`, by the grammar of RFC 6838.
 *
 * @see https://www.rfc-editor.org/rfc/rfc6838.html#section-4.2
 * @since 0.1.0
 * @category schemas
 */
export const MediaType = Schema.String.pipe(
  Schema.filter((input) => grammar.test(input), {
    message: ({ actual }) =>
      `Invalid media type ${excerpt(String(actual))}: it must have the form type/subtype, as in ` +
      `"application/vnd.oci.image.manifest.v1+json"`
  }),
  Schema.brand("@ociman/oci/MediaType")
).annotations({
  identifier: "MediaType",
  arbitrary: () => (fc) => fc.stringMatching(/^[A-Za-z0-9][\w.+-]{0,9}\/[A-Za-z0-9][\w.+-]{0,9}$/).map(of)
})

const of = Brand.nominal<MediaType>()

/**
 * Image manifest.
 *
 * @since 0.1.0
 * @category constants
 */
export const ImageManifest: MediaType = of("application/vnd.oci.image.manifest.v1+json")

/**
 * Image index.
 *
 * @since 0.1.0
 * @category constants
 */
export const ImageIndex: MediaType = of("application/vnd.oci.image.index.v1+json")

/**
 * Image configuration.
 *
 * @since 0.1.0
 * @category constants
 */
export const ImageConfig: MediaType = of("application/vnd.oci.image.config.v1+json")

/**
 * Layer as a tar archive.
 *
 * @since 0.1.0
 * @category constants
 */
export const ImageLayer: MediaType = of("application/vnd.oci.image.layer.v1.tar")

/**
 * Layer as a tar archive compressed with gzip.
 *
 * @since 0.1.0
 * @category constants
 */
export const ImageLayerGzip: MediaType = of("application/vnd.oci.image.layer.v1.tar+gzip")

/**
 * Layer as a tar archive compressed with zstd.
 *
 * @since 0.1.0
 * @category constants
 */
export const ImageLayerZstd: MediaType = of("application/vnd.oci.image.layer.v1.tar+zstd")

/**
 * Content descriptor.
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
 * The empty document `{}`, the configuration or layer of an artifact that has none.
 *
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/manifest.md#guidance-for-an-empty-descriptor
 * @since 0.1.0
 * @category constants
 */
export const Empty: MediaType = of("application/vnd.oci.empty.v1+json")

/**
 * Docker image manifest, version 2 schema 2.
 *
 * @see https://github.com/distribution/distribution/blob/v2.8.3/docs/spec/manifest-v2-2.md
 * @since 0.1.0
 * @category constants
 */
export const DockerManifest: MediaType = of("application/vnd.docker.distribution.manifest.v2+json")

/**
 * Docker manifest list.
 *
 * @since 0.1.0
 * @category constants
 */
export const DockerManifestList: MediaType = of("application/vnd.docker.distribution.manifest.list.v2+json")

/**
 * Docker image configuration.
 *
 * @since 0.1.0
 * @category constants
 */
export const DockerConfig: MediaType = of("application/vnd.docker.container.image.v1+json")

/**
 * Docker layer as a tar archive.
 *
 * @since 0.1.0
 * @category constants
 */
export const DockerLayer: MediaType = of("application/vnd.docker.image.rootfs.diff.tar")

/**
 * Docker layer as a tar archive compressed with gzip.
 *
 * @since 0.1.0
 * @category constants
 */
export const DockerLayerGzip: MediaType = of("application/vnd.docker.image.rootfs.diff.tar.gzip")

/**
 * Docker layer that is downloaded from another location and must not be pushed.
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
 * Artifact of files, as defined by the crate ocipkg.
 *
 * @see https://docs.rs/ocipkg/0.3.9/ocipkg/media_types/index.html
 * @since 0.1.0
 * @category constants
 */
export const OcipkgArtifact: MediaType = of("application/vnd.ocipkg.v1.artifact")

/**
 * Configuration of an ocipkg artifact, which lists its files.
 *
 * @since 0.1.0
 * @category constants
 */
export const OcipkgConfig: MediaType = of("application/vnd.ocipkg.v1.config+json")

/**
 * Files of an ocipkg artifact as a tar archive compressed with gzip, the only form that the crate supports.
 *
 * @since 0.1.0
 * @category constants
 */
export const OcipkgLayerGzip: MediaType = of("application/vnd.ocipkg.v1.layer.tar+gzip")

/**
 * Files of an ocipkg artifact as a tar archive.
 *
 * @since 0.1.0
 * @category constants
 */
export const OcipkgLayer: MediaType = of("application/vnd.ocipkg.v1.layer.tar")

/**
 * Files of an ocipkg artifact as a tar archive compressed with zstd.
 *
 * @since 0.1.0
 * @category constants
 */
export const OcipkgLayerZstd: MediaType = of("application/vnd.ocipkg.v1.layer.tar+zstd")

/**
 * Arbitrary bytes.
 *
 * @see https://www.rfc-editor.org/rfc/rfc2046.html#section-4.5.1
 * @since 0.1.0
 * @category constants
 */
export const OctetStream: MediaType = of("application/octet-stream")

/**
 * Compression of a layer.
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
 * Parses the media type of a `Content-Type` header. Parameters are dropped and letters are converted to lower case,
 * since media types are case-insensitive.
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
 * Reports whether a media type is that of a manifest.
 *
 * @since 0.1.0
 * @category predicates
 */
export const isManifest = (self: string): boolean => self === ImageManifest || self === DockerManifest

/**
 * Reports whether a media type is that of an index.
 *
 * @since 0.1.0
 * @category predicates
 */
export const isIndex = (self: string): boolean => self === ImageIndex || self === DockerManifestList

/**
 * Reports whether a media type is that of the configuration of a runnable image.
 *
 * @since 0.1.0
 * @category predicates
 */
export const isConfig = (self: string): boolean => self === ImageConfig || self === DockerConfig

/**
 * Reports whether a media type is that of a file system layer.
 *
 * @since 0.1.0
 * @category predicates
 */
export const isLayer = (self: string): boolean => compressions.has(self)

/**
 * Reports whether a media type is that of a layer that must not be distributed.
 *
 * @since 0.1.0
 * @category predicates
 */
export const isNondistributable = (self: string): boolean =>
  self === DockerForeignLayer || Object.values<string>(nondistributable).includes(self)

/**
 * Gets the compression of a layer media type. None for other media types.
 *
 * @since 0.1.0
 * @category getters
 */
export const compression = (self: string): Option.Option<Compression> => Option.fromNullable(compressions.get(self))
