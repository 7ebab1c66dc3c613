import * as Either from "effect/Either"
import { excerpt, type Rule } from "./text.js"

const octet = /^(?:0|[1-9][0-9]{0,2})$/

const isIpv4 = (text: string): boolean => {
  const octets = text.split(".", 5)
  return octets.length === 4 && octets.every((part) => octet.test(part) && Number(part) <= 255)
}

const group = /^[0-9A-Fa-f]{1,4}$/

/**
 * Counts the groups of a text, or returns -1 if one is invalid. The last may be an IPv4 address, which counts as two.
 */
const groups = (text: string, ipv4Allowed: boolean): number => {
  if (text === "") return 0
  const parts = text.split(":", 9)
  const last = parts.length - 1
  const embedded = ipv4Allowed && isIpv4(parts[last])
  return parts.every((part, i) => group.test(part) || (embedded && i === last)) ? parts.length + (embedded ? 1 : 0) : -1
}

const isIpv6 = (text: string): boolean => {
  const gap = text.indexOf("::")
  if (gap === -1) return groups(text, true) === 8
  const head = groups(text.slice(0, gap), false)
  const tail = groups(text.slice(gap + 2), true)
  return head !== -1 && tail !== -1 && head + tail < 8
}

export const isIpv6Notation = (address: string): boolean => address.includes(":")

/** @see https://www.rfc-editor.org/rfc/rfc4291#section-2.2 */
export const ipAddress: Rule = (text) =>
  (text.includes(":") ? isIpv6(text) : isIpv4(text))
    ? undefined
    : `${excerpt(text)} is not an IPv4 or IPv6 address`

/** Removes the brackets of an address, if there are any. */
export const unbracket = (text: string): Either.Either<string, string> => {
  const opens = text.startsWith("[")
  if (opens !== text.endsWith("]")) return Either.left(`${excerpt(text)} has one bracket without the other`)
  return Either.right(opens ? text.slice(1, -1) : text)
}

/** Numeric value of an address, and the number of bits of its family. */
export interface Bits {
  readonly value: bigint
  readonly width: 32 | 128
}

const ipv4Value = (text: string): bigint =>
  text.split(".").reduce((value, part) => (value << 8n) | BigInt(Number(part)), 0n)

/** Parses the groups of one side of a `::`. */
const groupValues = (text: string): ReadonlyArray<bigint> =>
  text === "" ? [] : text.split(":").flatMap((part) => {
    if (!part.includes(".")) return [BigInt(`0x${part}`)]
    const value = ipv4Value(part)
    return [value >> 16n, value & 0xFFFFn]
  })

/** Converts a text that is valid for {@link ipAddress}. */
export const toBits = (text: string): Bits => {
  if (!isIpv6Notation(text)) return { value: ipv4Value(text), width: 32 }
  const gap = text.indexOf("::")
  const head = groupValues(gap === -1 ? text : text.slice(0, gap))
  const tail = groupValues(gap === -1 ? "" : text.slice(gap + 2))
  const zeros = Array.from({ length: 8 - head.length - tail.length }, () => 0n)
  return { value: [...head, ...zeros, ...tail].reduce((value, group) => (value << 16n) | group, 0n), width: 128 }
}

const parts = ({ value, width }: Bits, size: bigint): ReadonlyArray<number> =>
  Array.from(
    { length: width / Number(size) },
    (_, index) => Number((value >> (BigInt(width) - size * BigInt(index + 1))) & ((1n << size) - 1n))
  )

/** Finds the longest run of at least two zeros, the first of equally long ones. */
const longestGap = (groups: ReadonlyArray<number>): { readonly from: number; readonly to: number } | undefined => {
  let longest: { readonly from: number; readonly to: number } | undefined
  for (let from = 0; from < groups.length; from++) {
    let to = from
    while (groups[to] === 0) to++
    if (to - from > Math.max(1, longest === undefined ? 0 : longest.to - longest.from)) longest = { from, to }
  }
  return longest
}

/** @see https://www.rfc-editor.org/rfc/rfc5952#section-4 */
export const formatBits = (bits: Bits): string => {
  if (bits.width === 32) return parts(bits, 8n).join(".")
  const groups = parts(bits, 16n)
  const hex = (from: number, to: number) => groups.slice(from, to).map((part) => part.toString(16)).join(":")
  const gap = longestGap(groups)
  return gap === undefined ? hex(0, 8) : `${hex(0, gap.from)}::${hex(gap.to, 8)}`
}

/** Clears the bits after a prefix. */
export const masked = ({ value, width }: Bits, prefix: number): Bits => {
  const rest = BigInt(width - prefix)
  return { value: (value >> rest) << rest, width }
}
