/**
 * IP addresses.
 *
 * @since 0.1.0
 */
import * as Equivalence_ from "effect/Equivalence"
import * as Schema from "effect/Schema"
import { formatBits, ipAddress, isIpv6Notation, masked, toBits } from "./internal/values/ipAddress.js"
import { refined } from "./internal/values/text.js"

/**
 * An IPv4 address such as `192.0.2.1`, or an IPv6 address such as `2001:db8::1`, without brackets and without a zone.
 *
 * @see https://www.rfc-editor.org/rfc/rfc4291#section-2.2
 * @since 0.1.0
 * @category schemas
 */
export const IpAddress = refined("IpAddress", "IP address", ipAddress).pipe(
  Schema.brand("@ociman/containers/IpAddress")
)

/**
 * An IPv4 or IPv6 address.
 *
 * @since 0.1.0
 * @category models
 */
export type IpAddress = typeof IpAddress.Type

/**
 * Creates an IP address. Throws if the text is not one.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make: (text: string) => IpAddress = Schema.decodeSync(IpAddress)

/**
 * @since 0.1.0
 * @category models
 */
export type Family = "ipv4" | "ipv6"

/**
 * @since 0.1.0
 * @category accessors
 */
export const family = (self: IpAddress): Family => isIpv6Notation(self) ? "ipv6" : "ipv4"

/**
 * Reports whether an address is a loopback address, in `127.0.0.0/8` or `::1`.
 *
 * @since 0.1.0
 * @category predicates
 */
export const isLoopback = (self: IpAddress): boolean => {
  const bits = toBits(self)
  return bits.width === 32 ? masked(bits, 8).value === 127n << 24n : bits.value === 1n
}

/**
 * Returns the canonical notation of an address: lower case, the longest run of zeros of IPv6 compressed.
 *
 * @example
 * ```ts
 * import { IpAddress } from "@ociman/containers"
 *
 * assert.strictEqual(IpAddress.canonical(IpAddress.make("2001:DB8:0:0:0:0:0:1")), "2001:db8::1")
 * ```
 *
 * @see https://www.rfc-editor.org/rfc/rfc5952#section-4
 * @since 0.1.0
 * @category conversions
 */
export const canonical = (self: IpAddress): IpAddress => make(formatBits(toBits(self)))

/**
 * Compares addresses independently of their notation.
 *
 * @since 0.1.0
 * @category equivalences
 */
export const Equivalence: Equivalence_.Equivalence<IpAddress> = Equivalence_.mapInput(Equivalence_.string, canonical)
