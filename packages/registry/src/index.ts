/**
 * Credentials of registries, and where they come from.
 *
 * @since 0.1.0
 */
export * as Credential from "./Credential.js"

/**
 * Registry credentials as Docker, Podman and ocipkg store them.
 *
 * @since 0.1.0
 */
export * as Credentials from "./Credentials.js"

/**
 * Client of OCI registries: the distribution protocol.
 *
 * @since 0.1.0
 */
export * as Registry from "./Registry.js"

/**
 * Errors of registries and credentials.
 *
 * @since 0.1.0
 */
export * as RegistryError from "./RegistryError.js"

/**
 * An image store in a repository of a registry, so that `Copy.image` copies from and to registries as from and to
 * layouts and archives.
 *
 * @since 0.1.0
 */
export * as RegistryStore from "./RegistryStore.js"

/**
 * Names of registries and their repositories.
 *
 * @since 0.1.0
 */
export * as Repository from "./Repository.js"

/**
 * Rules for the URLs that a registry may direct the client to.
 *
 * @since 0.1.0
 */
export * as SecurityPolicy from "./SecurityPolicy.js"

/**
 * Semantic version ranges for selecting tags.
 *
 * @since 0.1.0
 */
export * as TagRange from "./TagRange.js"
