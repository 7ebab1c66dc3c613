/**
 * The `Hasher` of Node.js: digests by `node:crypto`, files by `node:fs`.
 *
 * @since 0.1.0
 */
export * as NodeHasher from "./NodeHasher.js"

/**
 * Everything wired for Node.js.
 *
 * @since 0.1.0
 */
export * as NodeOciman from "./NodeOciman.js"
