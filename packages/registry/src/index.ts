/**
 * What a registry asks for in `WWW-Authenticate` before it answers.
 *
 * @since 0.1.0
 */
export * as Challenge from "./Challenge.js"

/**
 * What proves to a registry who asks.
 *
 * @since 0.1.0
 */
export * as Credential from "./Credential.js"

/**
 * The credentials that Docker, Podman and ocipkg keep on a machine.
 *
 * @since 0.1.0
 */
export * as Credentials from "./Credentials.js"

/**
 * A registry in memory: the distribution protocol, as a function from requests to responses.
 *
 * `Registry.layerMemory` is a client of one. It also plays the healthy part of a server for tests.
 *
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md
 * @since 0.1.0
 */
export * as MemoryRegistry from "./MemoryRegistry.js"

/**
 * Registries of images: the distribution protocol.
 *
 * @since 0.1.0
 */
export * as Registry from "./Registry.js"

/**
 * What can go wrong between a program and a registry.
 *
 * @since 0.1.0
 */
export * as RegistryError from "./RegistryError.js"

/**
 * What credentials are for: a registry, or a part of its repositories.
 *
 * @since 0.1.0
 */
export * as RegistryKey from "./RegistryKey.js"

/**
 * A repository of a registry as a store of images.
 *
 * @since 0.1.0
 */
export * as RegistryStore from "./RegistryStore.js"

/**
 * What is peculiar to registries, as data.
 *
 * @since 0.1.0
 */
export * as RegistryProfile from "./RegistryProfile.js"

/**
 * Repositories: where on which registry the images of a name are.
 *
 * @since 0.1.0
 */
export * as Repository from "./Repository.js"

/**
 * Where a client of registries goes, and where it does not although a registry says so.
 *
 * @since 0.1.0
 */
export * as SecurityPolicy from "./SecurityPolicy.js"

/**
 * Ranges of versions, to choose among tags.
 *
 * @since 0.1.0
 */
export * as TagRange from "./TagRange.js"

/**
 * What a token of a registry is good for: `repository:team/app:pull,push`.
 *
 * @since 0.1.0
 */
export * as TokenScope from "./TokenScope.js"
