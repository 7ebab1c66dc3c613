/**
 * Where a client of registries goes, and where it does not although a registry says so.
 *
 * A registry may point elsewhere: with a redirect, the place of an upload, a token server, the next page of a list, or
 * a place for a layer. Wherever that is,
 *
 * - it is not less encrypted than what was asked
 * - it is not closer to this machine: no address of a private network, of the machine itself or of its link, unless the
 *   registry is there itself; names are taken as they are, and not looked up
 * - it gets no credentials, unless it is the registry itself (scheme, host and port)
 *
 * A page of a list must be on the registry itself. A token server gets credentials, so one at a private address must be
 * the registry's own host, and nothing else private will do.
 *
 * @since 0.1.0
 */
/**
 * @since 0.1.0
 * @category models
 */
export interface SecurityPolicy {
  /**
   * Registries without encryption, as references name them. Those on the machine itself (`localhost`, `127.0.0.1`,
   * `[::1]`) need not be here: they are asked for encryption, and spoken to without it if they have none.
   */
  readonly plainHttp: ReadonlyArray<string>
  /** Hosts, with a port or without, that any registry may point to although they are private. */
  readonly trustedHosts: ReadonlyArray<string>
  /** How many redirects are followed one after the other. */
  readonly maximalRedirects: number
}

/**
 * No registry without encryption but on the machine itself, no private host, ten redirects.
 *
 * @since 0.1.0
 * @category constructors
 */
export const defaults: SecurityPolicy = { plainHttp: [], trustedHosts: [], maximalRedirects: 10 }

/**
 * The defaults but for what is given.
 *
 * @example
 * ```ts
 * import { SecurityPolicy } from "@ociman/registry"
 *
 * const policy = SecurityPolicy.make({ plainHttp: ["registry.lan:5000"] })
 * assert.strictEqual(policy.maximalRedirects, 10)
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Partial<SecurityPolicy>): SecurityPolicy => ({ ...defaults, ...options })
