import * as Either from "effect/Either"
import { excerpt, type Rule } from "./text.js"

const octet = /^(?:0|[1-9][0-9]{0,2})$/

const isIpv4 = (text: string): boolean => {
  const octets = text.split(".", 5)
  return octets.length === 4 && octets.every((part) => octet.test(part) && Number(part) <= 255)
}

const group = /^[0-9A-Fa-f]{1,4}$/

/** How many of the eight groups the text fills, or -1. The last may be written as an IPv4 address, which fills two. */
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

/** An address with or without brackets, stripped of them. */
export const unbracket = (text: string): Either.Either<string, string> => {
  const opens = text.startsWith("[")
  if (opens !== text.endsWith("]")) return Either.left(`${excerpt(text)} has one bracket without the other`)
  return Either.right(opens ? text.slice(1, -1) : text)
}
