/**
 * Hashes of what an image is built from.
 *
 * @since 0.1.0
 */
export * as ContentHash from "./ContentHash.js"

/**
 * Content digests, `algorithm:encoded`.
 *
 * @since 0.1.0
 */
export * as Digest from "./Digest.js"

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
 * Media types of manifests, configurations and layers.
 *
 * @since 0.1.0
 */
export * as MediaType from "./MediaType.js"

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
 * A digest of a sequence of segments, each preceded by its length.
 *
 * @since 0.1.0
 */
export * as SegmentHasher from "./SegmentHasher.js"
