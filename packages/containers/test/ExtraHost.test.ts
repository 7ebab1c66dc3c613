import { assert, describe, it } from "@effect/vitest"
import { ExtraHost } from "@ociman/containers"
import { Either, Equal, FastCheck, Schema } from "effect"
import { refusal } from "./support/parsing.js"
import { describeVectors } from "./support/vectors.js"

const parse = Schema.decodeEither(ExtraHost.FromString)

describe("ExtraHost", () => {
  it.each([
    ["db.local:10.0.0.1", "db.local", "10.0.0.1"],
    ["db=10.0.0.1", "db", "10.0.0.1"],
    ["db=[10.0.0.1]", "db", "10.0.0.1"],
    ["my_db:::1", "my_db", "::1"],
    ["db=[::ffff:1.2.3.4]", "db", "::ffff:1.2.3.4"],
    ["host.docker.internal:host-gateway", "host.docker.internal", "host-gateway"]
  ])("parses %s", (text, host, address) => {
    assert.deepStrictEqual(parse(text), Either.right(ExtraHost.make(host, address)))
    assert.strictEqual(ExtraHost.format(ExtraHost.make(host, address)), `${host}:${address}`)
  })

  it.each([
    ["db", "Invalid extra host \"db\": there is no \":\" or \"=\" between a host name and an address"],
    [":::1", "Invalid extra host \":::1\": invalid host name \"\": it is empty"],
    [
      "d b:::1",
      "Invalid extra host \"d b:::1\": invalid host name \"d b\": \" \" at position 1 is not allowed, a host name"
    ],
    ["db:", "Invalid extra host \"db:\": invalid host address \"\": \"\" is not an IPv4 or IPv6 address"],
    ["db:localhost", "\"localhost\" is not an IPv4 or IPv6 address"],
    ["db:010.0.0.1", "\"010.0.0.1\" is not an IPv4 or IPv6 address"],
    ["db:fe80::1%eth0", "\"fe80::1%eth0\" is not an IPv4 or IPv6 address"],
    ["db=[::1", "Invalid extra host \"db=[::1\": \"[::1\" has one bracket without the other"]
  ])("rejects %s", (text, message) => {
    assert.include(refusal(ExtraHost.FromString, text), message)
  })

  it("throws for an invalid literal", () => {
    assert.throws(() => ExtraHost.make("", "::1"), "Invalid host name \"\": it is empty")
    assert.throws(() => ExtraHost.make("db", "[::1]"), "Invalid host address \"[::1]\"")
  })

  it.prop(
    "parses its own format",
    [FastCheck.domain(), FastCheck.oneof(FastCheck.ipV4(), FastCheck.ipV6())],
    ([
      host,
      address
    ]) => {
      const value = ExtraHost.make(host, address)
      assert.isTrue(Equal.equals(Either.getOrThrow(parse(ExtraHost.format(value))), value))
    }
  )

  const Case = Schema.Struct({ value: Schema.String, result: Schema.optional(Schema.String) })

  describeVectors("envfiles.json", Schema.Struct({ addHost: Schema.Array(Case) }), ({ addHost }) => {
    it.each(addHost)("parses $value like Docker's client", ({ result, value }) => {
      assert.strictEqual(Either.getOrUndefined(Either.map(parse(value), ExtraHost.format)), result)
    })
  })
})
