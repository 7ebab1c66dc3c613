import { describe, it } from "@effect/vitest"
import { deepStrictEqual } from "@effect/vitest/utils"
import { FastCheck } from "effect"
import { addressesOf } from "../src/internal/dialect/hostLookup.js"

const answers: ReadonlyArray<readonly [string, string, ReadonlyArray<string>]> = [
  ["getent", "getent\n172.18.0.2      db  db\n", ["172.18.0.2"]],
  ["getent of IPv6 with a zone", "getent\nfe80::1%eth0 db\n::1 db\n", ["fe80::1", "::1"]],
  ["getent that knows nothing", "getent\n", []],
  ["/etc/hosts", "hosts\n127.0.0.1\n::1\n", ["127.0.0.1", "::1"]],
  [
    "nslookup of busybox 1.35",
    "nslookup\nServer:\t\t127.0.0.11\nAddress:\t127.0.0.11:53\n\nNon-authoritative answer:\nName:\tdb\nAddress: 172.24.0.2\n\nNon-authoritative answer:\n\n",
    ["172.24.0.2"]
  ],
  [
    "nslookup of busybox 1.27",
    "nslookup\nServer:    127.0.0.11\nAddress 1: 127.0.0.11\n\nName:      db\nAddress 1: 172.18.0.2 db.net\nAddress 2: fd00::2\n",
    ["172.18.0.2", "fd00::2"]
  ],
  [
    "nslookup of bind",
    "nslookup\nServer:\t\t10.0.0.1\nAddress:\t10.0.0.1#53\n\nName:\tdb\nAddress: 10.0.0.7\n",
    ["10.0.0.7"]
  ],
  [
    "nslookup of an unknown host",
    "nslookup\nServer:\t\t10.0.0.1\nAddress:\t10.0.0.1:53\n\n** server can't find db: NXDOMAIN\n",
    []
  ]
]

describe("the addresses of a host", () => {
  it.each(answers)("are parsed from the output of %s", (_, output, addresses) => {
    deepStrictEqual(addressesOf(output), { hasResolver: !output.startsWith("hosts"), addresses })
  })

  it("are missing without a resolver", () => {
    deepStrictEqual(addressesOf("nothing\n"), { hasResolver: false, addresses: [] })
  })

  it.prop("are parsed from any text without an exception", [FastCheck.string()], ([text]) => {
    addressesOf(text)
    deepStrictEqual(addressesOf(`nslookup\n${text.replaceAll("Name:", "")}`).addresses, [])
  })
})
