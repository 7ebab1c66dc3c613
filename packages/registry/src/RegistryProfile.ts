/**
 * Known limits of registries that they do not announce, as data.
 *
 * @since 0.1.0
 */

/**
 * Limits of a registry.
 *
 * @since 0.1.0
 * @category models
 */
export interface RegistryProfile {
  /** Maximum size of a chunk of a blob upload, in bytes; 0 if the registry does not support chunked uploads. */
  readonly largestChunk: number
  /** Maximum number of names on a page of a list. */
  readonly largestPage: number
}

/**
 * Profile of a registry without limits.
 *
 * @since 0.1.0
 * @category constructors
 */
export const defaults: RegistryProfile = {
  largestChunk: Number.MAX_SAFE_INTEGER,
  largestPage: Number.MAX_SAFE_INTEGER
}

const mebibyte = 1024 * 1024

interface Known {
  readonly hosts: RegExp
  readonly profile: Partial<RegistryProfile>
}

const known: ReadonlyArray<Known> = [
  // Responds 416 to larger chunks: https://github.com/ocx-sh/ocx/issues/237
  { hosts: /^ghcr\.io$/, profile: { largestChunk: 4 * mebibyte } },
  // Does not support chunked uploads: https://github.com/clowdhaus/ocync/issues/13
  { hosts: /^([a-z0-9-]+\.)?(gcr\.io|pkg\.dev)$/, profile: { largestChunk: 0 } },
  // Rejects larger pages: https://github.com/google/go-containerregistry/issues/1091
  { hosts: /^(public\.ecr\.aws|.*\.amazonaws\.com(\.cn)?)$/, profile: { largestPage: 1000 } }
]

/**
 * Returns the profile of a registry by its host name in references.
 *
 * @example
 * ```ts
 * import { RegistryProfile } from "@ociman/registry"
 *
 * assert.strictEqual(RegistryProfile.of("ghcr.io").largestChunk, 4 * 1024 * 1024)
 * assert.deepStrictEqual(RegistryProfile.of("registry.example.com"), RegistryProfile.defaults)
 * ```
 *
 * @since 0.1.0
 * @category getters
 */
export const of = (host: string): RegistryProfile => ({
  ...defaults,
  ...known.find(({ hosts }) => hosts.test(host))?.profile
})
