import { assert, describe, it } from "@effect/vitest"
import { deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { IpAddress, Subnet } from "@ociman/containers"
import { Either, FastCheck, Schema } from "effect"
import { isIP } from "node:net"
import { formatBits, toBits } from "../src/internal/values/ipAddress.js"

const decode = Schema.decodeEither(Subnet.FromString)

const reasonOf = (text: string) => Either.match(decode(text), { onLeft: ({ message }) => message, onRight: () => "" })

const addresses = FastCheck.oneof(FastCheck.ipV4(), FastCheck.ipV6())

const subnets = FastCheck.oneof(
  FastCheck.record({ family: FastCheck.constant(32 as const), prefix: FastCheck.integer({ min: 0, max: 32 }) }),
  FastCheck.record({ family: FastCheck.constant(128 as const), prefix: FastCheck.integer({ min: 0, max: 128 }) })
).chain(({ family, prefix }) =>
  FastCheck.bigInt({ min: 0n, max: (1n << BigInt(prefix)) - 1n }).map((bits) =>
    Subnet.make(`${formatBits({ value: bits << BigInt(family - prefix), width: family })}/${prefix}`)
  )
)

describe("IpAddress", () => {
  it.prop("has one canonical form, which is the same address", [addresses], ([text]) => {
    const address = IpAddress.make(text)
    const canonical = IpAddress.canonical(address)
    assert.notStrictEqual(isIP(canonical), 0)
    deepStrictEqual(toBits(canonical), toBits(address))
    strictEqual(IpAddress.canonical(canonical), canonical)
    assert.isTrue(IpAddress.Equivalence(address, canonical))
  })

  it.prop("has the canonical form of URLs", [FastCheck.ipV6()], ([text]) => {
    strictEqual(`[${IpAddress.canonical(IpAddress.make(text))}]`, new URL(`http://[${text}]/`).hostname)
  })

  it.each([["127.0.0.1", true], ["127.255.0.9", true], ["::1", true], ["0:0:0:0:0:0:0:1", true], ["128.0.0.1", false], [
    "::2",
    false
  ]])("reports %s as loopback: %s", (text, expected) => {
    strictEqual(IpAddress.isLoopback(IpAddress.make(text)), expected)
  })
})

describe("Subnet", () => {
  it.prop("parses its own format", [subnets], ([subnet]) => {
    deepStrictEqual(decode(Subnet.format(subnet)), Either.right(subnet))
  })

  it.prop("contains exactly the addresses with its prefix", [subnets, addresses], ([subnet, text]) => {
    const address = toBits(text)
    const first = toBits(subnet.address)
    const bits = (value: bigint) => value.toString(2).padStart(first.width, "0").slice(0, subnet.prefix)
    strictEqual(
      Subnet.contains(subnet, IpAddress.make(text)),
      address.width === first.width && bits(address.value) === bits(first.value)
    )
    assert.isTrue(Subnet.contains(subnet, subnet.address))
  })

  it.prop("overlaps another subnet exactly if one contains the other", [subnets, subnets], ([one, other]) => {
    strictEqual(Subnet.overlaps(one, other), Subnet.overlaps(other, one))
    assert.isTrue(Subnet.overlaps(one, one))
  })

  it.each([
    ["10.0.0.0/33", "not an integer from 0 to 32"],
    ["::/129", "not an integer from 0 to 128"],
    ["10.0.0.1/24", "its first address is written 10.0.0.0"],
    ["FD00::/8", "its first address is written fd00::"],
    ["10.0.0.0", "there is no \"/\""],
    ["10.0.0/24", "not an IPv4 or IPv6 address"],
    ["10.0.0.0/", "not the length of a prefix"],
    ["10.0.0.0/024", "not the length of a prefix"],
    ["10.0.0.0/ 8", "not the length of a prefix"],
    ["10.0.0.0/8/8", "not the length of a prefix"],
    ["", "there is no \"/\""]
  ])("rejects %j", (text, reason) => {
    assert.include(reasonOf(text), reason)
  })

  it.prop("never throws on any text", [FastCheck.string({ unit: FastCheck.constantFrom(..."012.:/f") })], ([text]) => {
    const [address = "", prefix = ""] = text.split("/")
    if (Either.isRight(decode(text))) {
      assert.notStrictEqual(isIP(address), 0)
      assert.isAtMost(Number(prefix), isIP(address) === 4 ? 32 : 128)
    }
  }, { fastCheck: { numRuns: 1000 } })
})
