/**
 * `Hasher` for Node.js, implemented with `node:crypto` and `node:fs`.
 *
 * @since 0.1.0
 */
export * as NodeHasher from "./NodeHasher.js"

/**
 * Services for making and unpacking images on Node.js.
 *
 * @since 0.1.0
 */
export * as NodeImages from "./NodeImages.js"

/**
 * Layers with everything for Node.js: a container engine, a registry client with the credentials of the current user,
 * the user's image store, and the platform services of `NodeContext`.
 *
 * @since 0.1.0
 */
export * as NodeOciman from "./NodeOciman.js"

/**
 * `HttpClient` for Node.js with the behavior that a registry client needs: paths and queries are sent unchanged, no
 * header is added, no redirect is followed, only connecting has a time limit, and proxies come from the environment.
 *
 * @since 0.1.0
 */
export * as NodeRegistryHttp from "./NodeRegistryHttp.js"
