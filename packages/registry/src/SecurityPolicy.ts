/**
 * Rules for the URLs that a registry may direct the client to.
 *
 * A registry can point to other URLs: by a redirect, an upload location, a token server, the next page of a list, or a
 * URL of a layer. Such a URL
 *
 * - must not drop encryption: no http after https
 * - must not lead closer to this machine: no private, loopback or link-local address, unless the registry itself is
 *   there; host names are not resolved
 * - receives no credentials, unless it has the origin of the registry (scheme, host and port)
 *
 * The next page of a list must be on the registry itself. A token server receives credentials, so one at a private
 * address must be on the registry's own host.
 *
 * @since 0.1.0
 */
/**
 * Security settings of a registry client.
 *
 * @since 0.1.0
 * @category models
 */
export interface SecurityPolicy {
  /**
   * Registries reached over http, as named in references. Loopback registries (`localhost`, `127.0.0.1`, `[::1]`) need
   * not be listed: https is tried first, and http used if the registry has no https.
   */
  readonly plainHttp: ReadonlyArray<string>
  /** Private hosts, with or without a port, that any registry may point to. */
  readonly trustedHosts: ReadonlyArray<string>
  /** Maximum number of consecutive redirects. */
  readonly maximalRedirects: number
}

/**
 * Default policy: http for loopback registries only, no trusted private hosts, at most 10 redirects.
 *
 * @since 0.1.0
 * @category constructors
 */
export const defaults: SecurityPolicy = { plainHttp: [], trustedHosts: [], maximalRedirects: 10 }

/**
 * Creates a policy from the given settings and the defaults.
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
