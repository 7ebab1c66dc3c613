/**
 * Annotations of manifests, indexes and descriptors, and the keys that are predefined.
 *
 * @since 0.1.0
 */
export * as Annotations from "./Annotations.js"

/**
 * Artifacts: files as content of a registry or a store.
 *
 * @since 0.1.0
 */
export * as Artifact from "./Artifact.js"

/**
 * What keeps artifacts and images from being made.
 *
 * @since 0.1.0
 */
export * as ArtifactError from "./ArtifactError.js"

/**
 * Compressing layers and reading compressed ones.
 *
 * @since 0.1.0
 */
export * as Compression from "./Compression.js"

/**
 * Documents with their bytes and descriptors, and the verification of bytes.
 *
 * @since 0.1.0
 */
export * as Content from "./Content.js"

/**
 * What can go wrong with content.
 *
 * @since 0.1.0
 */
export * as ContentError from "./ContentError.js"

/**
 * Hashes of what an image is built from.
 *
 * @since 0.1.0
 */
export * as ContentHash from "./ContentHash.js"

/**
 * Copying images between stores.
 *
 * @since 0.1.0
 */
export * as Copy from "./Copy.js"

/**
 * What content is: its media type, digest and size.
 *
 * @since 0.1.0
 */
export * as Descriptor from "./Descriptor.js"

/**
 * Content digests, `algorithm:encoded`.
 *
 * @since 0.1.0
 */
export * as Digest from "./Digest.js"

/**
 * Archives of Docker, read.
 *
 * @since 0.1.0
 */
export * as DockerArchive from "./DockerArchive.js"

/**
 * The files that say what of a directory is not part of a build.
 *
 * @since 0.1.0
 */
export * as DockerIgnore from "./DockerIgnore.js"

/**
 * A lock between processes, for a file that several programs change.
 *
 * @since 0.1.0
 */
export * as FileLock from "./FileLock.js"

/**
 * Reading a directory with all that is in it, in one order everywhere.
 *
 * @since 0.1.0
 */
export * as FileTree from "./FileTree.js"

/**
 * Digests of bytes, streams, files and trees of files.
 *
 * @since 0.1.0
 */
export * as Hasher from "./Hasher.js"

/**
 * Configurations of images.
 *
 * @since 0.1.0
 */
export * as ImageConfig from "./ImageConfig.js"

/**
 * Indexes of manifests.
 *
 * @since 0.1.0
 */
export * as ImageIndex from "./ImageIndex.js"

/**
 * The file that marks an image layout, and where things lie in one.
 *
 * @since 0.1.0
 */
export * as ImageLayout from "./ImageLayout.js"

/**
 * Manifests of images and artifacts.
 *
 * @since 0.1.0
 */
export * as ImageManifest from "./ImageManifest.js"

/**
 * Stores of content, by what they can do.
 *
 * @since 0.1.0
 */
export * as ImageStore from "./ImageStore.js"

/**
 * Layers of images: made from files, compared, and put together.
 *
 * @since 0.1.0
 */
export * as Layer from "./Layer.js"

/**
 * What cannot be in a layer.
 *
 * @since 0.1.0
 */
export * as LayerError from "./LayerError.js"

/**
 * How much of what others have made is read at most.
 *
 * @since 0.1.0
 */
export * as Limits from "./Limits.js"

/**
 * Files of this machine, looked at and changed without following links.
 *
 * @since 0.1.0
 */
export * as LocalFiles from "./LocalFiles.js"

/**
 * The images and artifacts of a user.
 *
 * @since 0.1.0
 */
export * as LocalStore from "./LocalStore.js"

/**
 * Media types of manifests, configurations and layers.
 *
 * @since 0.1.0
 */
export * as MediaType from "./MediaType.js"

/**
 * Image layouts in archives, which are Docker's too.
 *
 * @since 0.1.0
 */
export * as OciArchive from "./OciArchive.js"

/**
 * Image layouts in directories.
 *
 * @since 0.1.0
 */
export * as OciDirectory from "./OciDirectory.js"

/**
 * Platforms: the operating system and the processor an image is made for.
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
 * Images that run, made without an engine.
 *
 * @since 0.1.0
 */
export * as RunnableImage from "./RunnableImage.js"

/**
 * A digest of a sequence of segments, each preceded by its length.
 *
 * @since 0.1.0
 */
export * as SegmentHasher from "./SegmentHasher.js"

/**
 * Archives in the format of tar, as streams.
 *
 * @since 0.1.0
 */
export * as Tar from "./Tar.js"

/**
 * Temporary directories that do not outlast the process that made them.
 *
 * @since 0.1.0
 */
export * as TemporaryDirectory from "./TemporaryDirectory.js"

/**
 * Unpacking layers into a directory that nothing leads out of.
 *
 * @since 0.1.0
 */
export * as Unpack from "./Unpack.js"

/**
 * What keeps layers from being unpacked.
 *
 * @since 0.1.0
 */
export * as UnpackError from "./UnpackError.js"
