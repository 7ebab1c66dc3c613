/**
 * Annotations of manifests, indexes and descriptors, and the keys that the image specification defines.
 *
 * @since 0.1.0
 */
export * as Annotations from "./Annotations.js"

/**
 * Artifacts: files or other content, packed into a store or a registry in the form of an image.
 *
 * @since 0.1.0
 */
export * as Artifact from "./Artifact.js"

/**
 * Compression and decompression of layers.
 *
 * @since 0.1.0
 */
export * as Compression from "./Compression.js"

/**
 * Documents with their bytes and descriptors, and verification of bytes.
 *
 * @since 0.1.0
 */
export * as Content from "./Content.js"

/**
 * Errors of reading and writing content: missing or damaged content, invalid documents, and failures of a store.
 *
 * @since 0.1.0
 */
export * as ContentError from "./ContentError.js"

/**
 * Hashes of build inputs, used as tags to avoid building the same image twice.
 *
 * @since 0.1.0
 */
export * as ContentHash from "./ContentHash.js"

/**
 * Copies images between any two stores, byte for byte: digests stay the same through any number of copies.
 *
 * @since 0.1.0
 */
export * as Copy from "./Copy.js"

/**
 * Descriptors: media type, digest and size of content.
 *
 * @since 0.1.0
 */
export * as Descriptor from "./Descriptor.js"

/**
 * Content digests, `algorithm:encoded`, as defined by the image specification.
 *
 * @since 0.1.0
 */
export * as Digest from "./Digest.js"

/**
 * Archives in Docker's own format, as written by `docker save` before Docker 25 and by `podman save` by default: a
 * store to read from.
 *
 * @since 0.1.0
 */
export * as DockerArchive from "./DockerArchive.js"

/**
 * Digests of bytes, streams, files and trees of files.
 *
 * @since 0.1.0
 */
export * as Hasher from "./Hasher.js"

/**
 * Image configurations: how to run an image, and how it was made.
 *
 * @since 0.1.0
 */
export * as ImageConfig from "./ImageConfig.js"

/**
 * Image indexes: lists of manifests, by platform or of any kind.
 *
 * @since 0.1.0
 */
export * as ImageIndex from "./ImageIndex.js"

/**
 * Image layers: built from files, compared, and squashed.
 *
 * @since 0.1.0
 */
export * as ImageLayer from "./ImageLayer.js"

/**
 * Image manifests: configuration and layers of one image or artifact.
 *
 * @since 0.1.0
 */
export * as ImageManifest from "./ImageManifest.js"

/**
 * Content stores, described by their capabilities.
 *
 * @since 0.1.0
 */
export * as ImageStore from "./ImageStore.js"

/**
 * Files of this machine, read and changed without following links.
 *
 * @since 0.1.0
 */
export * as LocalFiles from "./LocalFiles.js"

/**
 * Images and artifacts of a user, in a data directory: one layout shared by several processes, and the files of
 * unpacked images.
 *
 * @since 0.1.0
 */
export * as LocalStore from "./LocalStore.js"

/**
 * Media types of manifests, configurations and layers, in their OCI and Docker forms.
 *
 * @since 0.1.0
 */
export * as MediaType from "./MediaType.js"

/**
 * Image layouts in archives: single files that skopeo, umoci and container engines read.
 *
 * @since 0.1.0
 */
export * as OciArchive from "./OciArchive.js"

/**
 * Image layouts in directories: a store readable by any tool and safe for concurrent processes.
 *
 * @since 0.1.0
 */
export * as OciDirectory from "./OciDirectory.js"

/**
 * Platforms: operating system and processor of an image.
 *
 * @since 0.1.0
 */
export * as Platform from "./Platform.js"

/**
 * Image references: `[domain[:port]/]path[:tag][@digest]`.
 *
 * @since 0.1.0
 */
export * as Reference from "./Reference.js"

/**
 * Runnable images, built without a container engine: from statically linked programs, from layers, or on top of another
 * image.
 *
 * @since 0.1.0
 */
export * as RunnableImage from "./RunnableImage.js"

/**
 * Tar archives, read and written as streams in bounded memory.
 *
 * @since 0.1.0
 */
export * as Tar from "./Tar.js"

/**
 * Unpacks layers into a directory, safely.
 *
 * @since 0.1.0
 */
export * as Unpack from "./Unpack.js"
