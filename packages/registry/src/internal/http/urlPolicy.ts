/** Check of URLs in responses against the security policy. */
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import type { SecurityPolicy } from "../../SecurityPolicy.js"
import type { Address } from "./address.js"
import * as addresses from "./address.js"

/** Role of a URL in a response. */
export type Purpose = "redirect" | "upload" | "token" | "page" | "layer"

/** Network zones; a higher rank is closer to this machine. */
const rank = { public: 0, private: 1, loopback: 2, link: 3 } as const

type Zone = keyof typeof rank

const octets = (host: string): ReadonlyArray<number> | undefined => {
  const parts = host.split(".")
  return parts.length === 4 && parts.every((part) => /^\d{1,3}$/.test(part)) ? parts.map(Number) : undefined
}

const zoneOfIpv4 = ([a = 0, b = 0]: ReadonlyArray<number>): Zone =>
  a === 127
    ? "loopback"
    : a === 0 || a === 169 && b === 254 || a >= 224
    ? "link"
    : a === 10 || a === 172 && b >= 16 && b < 32 || a === 192 && b === 168 || a === 100 && b >= 64 && b < 128
    ? "private"
    : "public"

/** Expects the form that URL parsers produce: compressed, in lower case, embedded IPv4 in hexadecimal. */
const zoneOfIpv6 = (text: string): Zone => {
  const mapped = /^::(?:ffff:|ffff:0:)?([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(text) ??
    /^64:ff9b::([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(text)
  if (text === "::1") return "loopback"
  if (text === "::") return "link"
  if (mapped !== null) {
    const [, high = "0", low = "0"] = mapped
    const [h, l] = [parseInt(high, 16), parseInt(low, 16)]
    return zoneOfIpv4([h >> 8, h & 255, l >> 8, l & 255])
  }
  const head = /^([0-9a-f]{1,4}):/.exec(text)
  const first = head === null ? 0 : parseInt(head[1] ?? "0", 16)
  return (first & 0xFFC0) === 0xFE80 || (first & 0xFF00) === 0xFF00
    ? "link"
    : (first & 0xFE00) === 0xFC00 || (first & 0xFFC0) === 0xFEC0
    ? "private"
    : "public"
}

const zoneOf = (host: string): Zone => {
  if (host.startsWith("[")) return zoneOfIpv6(host.slice(1, -1))
  if (host === "localhost" || host.endsWith(".localhost")) return "loopback"
  const ipv4 = octets(host)
  return ipv4 === undefined ? "public" : zoneOfIpv4(ipv4)
}

/** Checks if a host is the local machine, by name or address. */
export const isLoopback = ({ host }: Address): boolean => zoneOf(host) === "loopback"

const isTrusted = ({ trustedHosts }: SecurityPolicy, address: Address): boolean =>
  trustedHosts.some((host) => host === address.host || host === addresses.authority(address))

const isForbiddenZone = (purpose: Purpose, registry: Address, from: Address, to: Address): boolean => {
  const zone = zoneOf(to.host)
  if (zone === "public") return false
  if ([registry, from].some((known) => addresses.authority(known) === addresses.authority(to))) return false
  return purpose === "token" || purpose === "layer" || zone === "link" ||
    rank[zone] > rank[zoneOf(registry.host)] || rank[zone] > rank[zoneOf(from.host)]
}

/** Resolves a URL reference in a response of `from`. Fails with the violated rule if the policy forbids the target. */
export const resolveReference = (policy: SecurityPolicy, { from, purpose, reference, registry }: {
  readonly purpose: Purpose
  readonly registry: Address
  readonly from: Address
  readonly reference: string
}): Either.Either<Address, { readonly reason: "InvalidResponse" | "Refused"; readonly rule: string }> => {
  const refuse = (rule: string) => Either.left({ reason: "Refused", rule } as const)
  return Option.match(addresses.resolve(from, reference), {
    onNone: () =>
      Either.left({ reason: "InvalidResponse", rule: "it points to an invalid http or https URL" } as const),
    onSome: (to) => {
      const target = `it points to ${addresses.origin(to)}`
      if (purpose === "page" && !addresses.isSameOrigin(from, to)) {
        return refuse(`${target} for the next page, but pages are fetched from the registry itself only`)
      }
      if (from.scheme === "https" && to.scheme === "http") return refuse(`${target}, which is not encrypted`)
      if (!isTrusted(policy, to) && isForbiddenZone(purpose, registry, from, to)) {
        return refuse(
          `${target}, which is a private address; to allow it, add the host to trustedHosts of the security policy`
        )
      }
      return Either.right(to)
    }
  })
}
