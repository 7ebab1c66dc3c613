import { assert, describe, it } from "@effect/vitest"
import { FastCheck } from "effect"
import { isIP } from "node:net"
import { ipAddress } from "../../src/internal/values/ipAddress.js"

const isAddress = (text: string): boolean => ipAddress(text) === undefined

describe("the parser of IP addresses", () => {
  it.each([
    "0.0.0.0",
    "255.255.255.255",
    "::",
    "::1",
    "1::",
    "1:2:3:4:5:6:7:8",
    "1:2:3:4:5:6:7::",
    "2001:DB8::1",
    "::ffff:1.2.3.4",
    "1:2:3:4:5:6:1.2.3.4"
  ])("accepts %s", (text) => {
    assert.isTrue(isAddress(text))
  })

  it.each([
    "",
    "1.2.3",
    "1.2.3.4.5",
    "256.0.0.1",
    "01.2.3.4",
    "1.2.3.4 ",
    ":",
    ":::",
    "1:2:3:4:5:6:7",
    "1:2:3:4:5:6:7:8:9",
    "1:2:3:4:5:6:7:8::",
    "1::2::3",
    "12345::",
    "g::",
    "1.2.3.4::",
    "::1.2.3",
    "::1.2.3.4:5",
    "fe80::1%eth0",
    "[::1]"
  ])("rejects %j", (text) => {
    assert.isFalse(isAddress(text))
  })

  it.prop("accepts every address", [FastCheck.oneof(FastCheck.ipV4(), FastCheck.ipV6())], ([text]) => {
    assert.isTrue(isAddress(text))
  })

  it.prop(
    "agrees with Node about any text",
    [FastCheck.string({ unit: FastCheck.constantFrom(..."012a:.:") })],
    ([text]) => {
      assert.strictEqual(isAddress(text), isIP(text) !== 0)
    },
    { fastCheck: { numRuns: 2000 } }
  )
})
