/**
 * The `Compression` of Node.js, by `node:zlib`.
 *
 * @since 0.1.0
 */
export * as NodeCompression from "./NodeCompression.js"

/**
 * The `Hasher` of Node.js: digests by `node:crypto`, files by `node:fs`.
 *
 * @since 0.1.0
 */
export * as NodeHasher from "./NodeHasher.js"

/**
 * The `LocalFiles` of Node.js, by `node:fs`.
 *
 * @since 0.1.0
 */
export * as NodeLocalFiles from "./NodeLocalFiles.js"

/**
 * Everything wired for Node.js.
 *
 * @since 0.1.0
 */
export * as NodeOciman from "./NodeOciman.js"

/**
 * The `HttpClient` of Node.js as a client of registries needs it.
 *
 * @since 0.1.0
 */
export * as NodeRegistryHttp from "./NodeRegistryHttp.js"
