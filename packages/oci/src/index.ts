/**
 * Content digests, `algorithm:encoded`.
 *
 * @since 0.1.0
 */
export * as Digest from "./Digest.js"

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
