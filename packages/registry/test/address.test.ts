import { assert, describe, it } from "@effect/vitest"
import { assertSome } from "@effect/vitest/utils"
import { Either, FastCheck, Option } from "effect"
import * as addresses from "../src/internal/http/address.js"
import { type Purpose, resolveReference } from "../src/internal/http/urlPolicy.js"
import { defaults } from "../src/SecurityPolicy.js"

const registry = Option.getOrThrow(addresses.parse("https://registry.example.com/v2/"))

const purposes: ReadonlyArray<Purpose> = ["redirect", "upload", "token", "layer", "page"]

/** Authorities near to addresses of this machine. */
const authority = FastCheck.oneof(
  FastCheck.tuple(
    FastCheck.constantFrom("127.0.0.1", "127.1", "0x7f.1", "2130706433", "169.254.169.254", "localhost", "a.localhost"),
    FastCheck.constantFrom("", ".", "..", "...", "%2e", ".%2E", "%2e%2e", "%E3%80%82", ".%E3%80%82"),
    FastCheck.constantFrom("", ":", ":443", ":5000")
  ).map((parts) => parts.join("")),
  FastCheck.string({ unit: FastCheck.constantFrom(..."1207.xf:[]%2eaé"), minLength: 1, maxLength: 16 })
)

describe("a URL from a registry", () => {
  it("has the host that the platform connects to", () => {
    FastCheck.assert(
      FastCheck.property(authority, (authority) => {
        const address = Option.getOrUndefined(addresses.parse(`https://${authority}/x`))
        if (address === undefined) return
        assert.strictEqual(new URL(addresses.format(address)).hostname, address.host)
        assertSome(addresses.parse(addresses.format(address)), address)
      }),
      { numRuns: 20_000 }
    )
  })

  it.each([
    "127.0.0.1.",
    "127.0.0.1..",
    "127.0.0.1...",
    "0x7f.1..",
    "169.254.169.254..",
    "169.254.169.254%2e.",
    "localhost.",
    "localhost..",
    "10.0.0.1.."
  ])("is rejected if its host %s is private, for any purpose", (host) => {
    for (const purpose of purposes) {
      const to = resolveReference(defaults, { purpose, registry, from: registry, reference: `https://${host}/x` })
      assert.isTrue(Either.isLeft(to), purpose)
    }
  })

  it("may have a host that ends with a dot", () => {
    const to = resolveReference(defaults, {
      purpose: "redirect",
      registry,
      from: registry,
      reference: "https://storage.example.com./x"
    })
    assert.strictEqual(Either.getOrThrow(to).host, "storage.example.com")
  })
})
