/**
 * What is peculiar to registries, as data: what they cannot do, or not beyond a limit, and do not say beforehand.
 *
 * @since 0.1.0
 */

/**
 * @since 0.1.0
 * @category models
 */
export interface RegistryProfile {
  /** The most bytes of a blob that are taken at once where it comes in chunks; none if no chunks are taken. */
  readonly largestChunk: number
  /** The most names that may be asked for at once. */
  readonly largestPage: number
}

/**
 * A registry without peculiarities.
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
  // Answers 416 to more: https://github.com/ocx-sh/ocx/issues/237
  { hosts: /^ghcr\.io$/, profile: { largestChunk: 4 * mebibyte } },
  // Has no uploads in chunks: https://github.com/clowdhaus/ocync/issues/13
  { hosts: /^([a-z0-9-]+\.)?(gcr\.io|pkg\.dev)$/, profile: { largestChunk: 0 } },
  // Refuses more names: https://github.com/google/go-containerregistry/issues/1091
  { hosts: /^(public\.ecr\.aws|.*\.amazonaws\.com(\.cn)?)$/, profile: { largestPage: 1000 } }
]

/**
 * What is known of a registry by its name in references.
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
