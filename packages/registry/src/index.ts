/**
 * Authentication challenges of a registry, from the header `WWW-Authenticate`.
 *
 * @since 0.1.0
 */
export * as Challenge from "./Challenge.js"

/**
 * Credentials for a registry: a login, an identity token, or a registry token.
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
 * An in-memory registry: the distribution protocol as a function from requests to responses.
 *
 * @since 0.1.0
 */
export * as MemoryRegistry from "./MemoryRegistry.js"

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
 * Keys of credentials: a registry, or a path prefix of its repositories.
 *
 * @since 0.1.0
 */
export * as RegistryKey from "./RegistryKey.js"

/**
 * An image store in a repository of a registry, so that `Copy.image` copies from and to registries as from and to
 * layouts and archives.
 *
 * @since 0.1.0
 */
export * as RegistryStore from "./RegistryStore.js"

/**
 * Known limits of registries that they do not announce, as data.
 *
 * @since 0.1.0
 */
export * as RegistryProfile from "./RegistryProfile.js"

/**
 * Names of repositories: a registry and a path.
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

/**
 * Scopes of registry tokens: `repository:team/app:pull,push`.
 *
 * @since 0.1.0
 */
export * as TokenScope from "./TokenScope.js"
