import * as Either from "effect/Either"
import * as Option from "effect/Option"
import type { SecurityPolicy } from "../SecurityPolicy.js"
import type { Address } from "./address.js"
import * as addresses from "./address.js"

/** What a registry may point to. */
export type Purpose = "redirect" | "upload" | "token" | "page" | "layer"

/** The further, the closer to this machine. */
const rank = { public: 0, private: 1, loopback: 2, link: 3 } as const

type Nearness = keyof typeof rank

const octets = (host: string): ReadonlyArray<number> | undefined => {
  const parts = host.split(".")
  return parts.length === 4 && parts.every((part) => /^\d{1,3}$/.test(part)) ? parts.map(Number) : undefined
}

const nearnessOfIpv4 = ([a = 0, b = 0]: ReadonlyArray<number>): Nearness =>
  a === 127
    ? "loopback"
    : a === 0 || a === 169 && b === 254 || a >= 224
    ? "link"
    : a === 10 || a === 172 && b >= 16 && b < 32 || a === 192 && b === 168 || a === 100 && b >= 64 && b < 128
    ? "private"
    : "public"

/** As URL parsers write them: compressed, in lower case, IPv4 in hexadecimal digits. */
const nearnessOfIpv6 = (text: string): Nearness => {
  const mapped = /^::(?:ffff:|ffff:0:)?([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(text) ??
    /^64:ff9b::([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(text)
  if (text === "::1") return "loopback"
  if (text === "::") return "link"
  if (mapped !== null) {
    const [, high = "0", low = "0"] = mapped
    const [h, l] = [parseInt(high, 16), parseInt(low, 16)]
    return nearnessOfIpv4([h >> 8, h & 255, l >> 8, l & 255])
  }
  const head = /^([0-9a-f]{1,4}):/.exec(text)
  const first = head === null ? 0 : parseInt(head[1] ?? "0", 16)
  return (first & 0xFFC0) === 0xFE80 || (first & 0xFF00) === 0xFF00
    ? "link"
    : (first & 0xFE00) === 0xFC00 || (first & 0xFFC0) === 0xFEC0
    ? "private"
    : "public"
}

const nearness = (host: string): Nearness => {
  if (host.startsWith("[")) return nearnessOfIpv6(host.slice(1, -1))
  if (host === "localhost" || host.endsWith(".localhost")) return "loopback"
  const ipv4 = octets(host)
  return ipv4 === undefined ? "public" : nearnessOfIpv4(ipv4)
}

/** Whether a host is the machine itself, by its name or address. */
export const isLoopback = ({ host }: Address): boolean => nearness(host) === "loopback"

const isTrusted = ({ trustedHosts }: SecurityPolicy, address: Address): boolean =>
  trustedHosts.some((host) => host === address.host || host === addresses.authority(address))

const isNear = (purpose: Purpose, registry: Address, from: Address, to: Address): boolean => {
  const there = nearness(to.host)
  if (there === "public") return false
  if ([registry, from].some((known) => addresses.authority(known) === addresses.authority(to))) return false
  return purpose === "token" || purpose === "layer" || there === "link" ||
    rank[there] > rank[nearness(registry.host)] || rank[there] > rank[nearness(from.host)]
}

/** Where a reference leads that a registry gave in an answer from an address, or the rule that forbids to go there. */
export const follow = (policy: SecurityPolicy, { from, purpose, reference, registry }: {
  readonly purpose: Purpose
  readonly registry: Address
  readonly from: Address
  readonly reference: string
}): Either.Either<Address, { readonly reason: "InvalidAnswer" | "Refused"; readonly rule: string }> => {
  const refuse = (rule: string) => Either.left({ reason: "Refused", rule } as const)
  return Option.match(addresses.resolve(from, reference), {
    onNone: () =>
      Either.left({ reason: "InvalidAnswer", rule: "it points to what is no http or https address" } as const),
    onSome: (to) => {
      const where = `it points to ${addresses.origin(to)}`
      if (purpose === "page" && !addresses.isSameOrigin(from, to)) {
        return refuse(`${where} for the next page, and only pages of the registry itself are fetched`)
      }
      if (from.scheme === "https" && to.scheme === "http") return refuse(`${where}, which has no encryption`)
      if (!isTrusted(policy, to) && isNear(purpose, registry, from, to)) {
        return refuse(`${where}, which is private; if that is right, trust this host by the security policy`)
      }
      return Either.right(to)
    }
  })
}
