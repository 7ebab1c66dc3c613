/**
 * Subnets: ranges of IP addresses in CIDR notation.
 *
 * @since 0.1.0
 */
import * as Either from "effect/Either"
import { dual } from "effect/Function"
import * as Schema from "effect/Schema"
import { formatBits, masked, toBits } from "./internal/values/ipAddress.js"
import { parsePrefix } from "./internal/values/subnetParser.js"
import { excerpt, fromString } from "./internal/values/text.js"
import * as IpAddress from "./IpAddress.js"

/**
 * Range of addresses.
 *
 * - `address`: first address, in canonical form
 * - `prefix`: prefix length in bits, at most 32 for IPv4 and 128 for IPv6
 *
 * @see https://www.rfc-editor.org/rfc/rfc4632#section-3.1
 * @since 0.1.0
 * @category models
 */
export class Subnet extends Schema.Class<Subnet>("@ociman/containers/Subnet")(
  Schema.Struct({ address: IpAddress.IpAddress, prefix: Schema.Number }).pipe(
    Schema.filter(({ address, prefix }) => {
      const bits = toBits(address)
      if (!Number.isInteger(prefix) || prefix < 0 || prefix > bits.width) {
        return `Invalid prefix ${prefix}: it is not an integer from 0 to ${bits.width}`
      }
      const first = formatBits(masked(bits, prefix))
      return first === address
        ? undefined
        : `Invalid subnet ${excerpt(`${address}/${prefix}`)}: its first address is written ${first}`
    })
  )
) {}

/**
 * Creates a subnet, such as `10.89.0.0/24` or `fd00:1::/64`. Throws if the text is not one.
 *
 * @example
 * ```ts
 * import { IpAddress, Subnet } from "@ociman/containers"
 *
 * const subnet = Subnet.make("10.89.0.0/24")
 *
 * assert.strictEqual(subnet.prefix, 24)
 * assert.strictEqual(Subnet.contains(subnet, IpAddress.make("10.89.0.7")), true)
 * assert.strictEqual(Subnet.overlaps(subnet, Subnet.make("10.0.0.0/8")), true)
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (text: string): Subnet => Schema.decodeSync(FromString)(text)

/**
 * Formats in CIDR notation: `10.89.0.0/24`.
 *
 * @since 0.1.0
 * @category conversions
 */
export const format = ({ address, prefix }: typeof Subnet.Encoded): string => `${address}/${prefix}`

/**
 * Subnet in CIDR notation. The address before the slash must be the first one of the range.
 *
 * @since 0.1.0
 * @category schemas
 */
export const FromString: Schema.Schema<Subnet, string> = fromString({
  identifier: "SubnetFromString",
  what: "subnet",
  to: Subnet,
  parse: (text) => {
    const slash = text.indexOf("/")
    return slash === -1
      ? Either.left("there is no \"/\" between an address and the length of a prefix")
      : Either.map(parsePrefix(text.slice(slash + 1)), (prefix) => ({ address: text.slice(0, slash), prefix }))
  },
  format
})

/**
 * @since 0.1.0
 * @category accessors
 */
export const family = ({ address }: Subnet): IpAddress.Family => IpAddress.family(address)

/**
 * Reports whether a subnet contains an address; false for an address of another family.
 *
 * @since 0.1.0
 * @category predicates
 */
export const contains: {
  (address: IpAddress.IpAddress): (self: Subnet) => boolean
  (self: Subnet, address: IpAddress.IpAddress): boolean
} = dual(2, (self: Subnet, address: IpAddress.IpAddress): boolean => {
  const bits = toBits(address)
  const first = toBits(self.address)
  return bits.width === first.width && masked(bits, self.prefix).value === first.value
})

/**
 * Reports whether two subnets overlap.
 *
 * @since 0.1.0
 * @category predicates
 */
export const overlaps: {
  (that: Subnet): (self: Subnet) => boolean
  (self: Subnet, that: Subnet): boolean
} = dual(
  2,
  (self: Subnet, that: Subnet): boolean => contains(self, that.address) || contains(that, self.address)
)
