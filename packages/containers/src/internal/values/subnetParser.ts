import * as Either from "effect/Either"
import { formatBits, ipAddress, masked, toBits } from "./ipAddress.js"
import { excerpt } from "./text.js"

/** Parses a prefix length in decimal digits without leading zeros. */
export const parsePrefix = (text: string): Either.Either<number, string> =>
  /^(?:0|[1-9][0-9]{0,2})$/.test(text)
    ? Either.right(Number(text))
    : Either.left(`${excerpt(text)} is not the length of a prefix`)

/**
 * Replaces the address of a subnet by its first one: engines report subnets as they were requested, not normalised.
 *
 * @internal
 */
export const firstAddressOf = (text: string): string => {
  const [address = "", prefix = ""] = text.split("/", 2)
  if (ipAddress(address) !== undefined) return text
  const bits = toBits(address)
  return Either.match(parsePrefix(prefix), {
    onLeft: () => text,
    onRight: (length) => length > bits.width ? text : `${formatBits(masked(bits, length))}/${length}`
  })
}
