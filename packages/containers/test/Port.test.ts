import { assert, describe, it } from "@effect/vitest"
import { Port } from "@ociman/containers"
import { Array, Either, Equal, FastCheck, Hash, Schema } from "effect"
import { messageOf, refusal } from "./support/parsing.js"
import { describeVectors } from "./support/vectors.js"

const number = FastCheck.integer({ min: 1, max: 65535 })

const range = FastCheck.tuple(number, number).filter(([a, b]) => a !== b).map(([a, b]) => ({
  first: Math.min(a, b),
  last: Math.max(a, b)
}))

const port = FastCheck.tuple(
  FastCheck.constantFrom(Port.tcp, Port.udp, Port.sctp),
  number,
  FastCheck.option(FastCheck.oneof(FastCheck.ipV4(), FastCheck.ipV6()), { nil: undefined }),
  FastCheck.option(FastCheck.oneof(number, range), { nil: undefined })
).map(([make, containerPort, hostIp, hostPort]) => make(containerPort, { hostIp, hostPort }))

describe("Port", () => {
  it("compares by value", () => {
    const a = Port.tcp(80, { hostIp: undefined, hostPort: { first: 1, last: 2 } })
    const b = Port.tcp(80, { hostPort: { first: 1, last: 2 } })
    assert.isTrue(Equal.equals(a, b))
    assert.strictEqual(Hash.hash(a), Hash.hash(b))
    assert.isFalse(Equal.equals(a, Port.udp(80, { hostPort: { first: 1, last: 2 } })))
  })

  it.each([0, 65536, -1, 1.5, NaN, Infinity])("rejects the number %d", (number) => {
    assert.throws(() => Port.tcp(number), `Invalid port number ${number}: it is not an integer from 1 to 65535`)
    assert.throws(() => Port.tcp(80, { hostPort: number }), `Invalid port number ${number}`)
  })

  it("rejects a descending range and an invalid address", () => {
    assert.throws(() => Port.tcp(80, { hostPort: { first: 2, last: 2 } }), "Invalid port range 2-2")
    assert.throws(() => Port.tcp(80, { hostIp: "[::1]" }), "\"[::1]\" is not an IPv4 or IPv6 address")
    assert.throws(() => Port.tcp(80, { hostIp: "localhost" }), "\"localhost\" is not an IPv4 or IPv6 address")
  })

  it.each([
    [Port.tcp(80), undefined, "80/tcp"],
    [Port.udp(53, { hostPort: 5353 }), undefined, "5353:53/udp"],
    [Port.sctp(9, { hostIp: "127.0.0.1" }), undefined, "127.0.0.1::9/sctp"],
    [Port.tcp(80, { hostIp: "::1", hostPort: 8080 }), undefined, "[::1]:8080:80/tcp"],
    [Port.tcp(80, { hostPort: { first: 8000, last: 9000 } }), undefined, "8000-9000:80/tcp"],
    [Port.tcp(80), "127.0.0.1", "127.0.0.1::80/tcp"],
    [Port.tcp(80, { hostPort: 8080 }), "::1", "[::1]:8080:80/tcp"],
    [Port.tcp(80, { hostIp: "0.0.0.0" }), "127.0.0.1", "0.0.0.0::80/tcp"]
  ])("formats %j with the default address %s", (port, defaultHostIp, expected) => {
    assert.strictEqual(Port.format(port, { defaultHostIp }), expected)
    assert.strictEqual(Port.format({ defaultHostIp })(port), expected)
  })

  it.each<[spec: string, ports: Array.NonEmptyReadonlyArray<Port.Port>]>([
    ["80", [Port.tcp(80)]],
    ["080/TCP", [Port.tcp(80)]],
    ["80/", [Port.tcp(80)]],
    ["0:80", [Port.tcp(80)]],
    [":8080:80", [Port.tcp(80, { hostPort: 8080 })]],
    ["::80", [Port.tcp(80)]],
    ["::::80", [Port.tcp(80, { hostIp: "::" })]],
    ["::1:8080:80/udp", [Port.udp(80, { hostIp: "::1", hostPort: 8080 })]],
    ["[::1]::80", [Port.tcp(80, { hostIp: "::1" })]],
    ["80-80:8080", [Port.tcp(8080, { hostPort: 80 })]],
    ["8000-9000:80", [Port.tcp(80, { hostPort: { first: 8000, last: 9000 } })]],
    ["80-81", [Port.tcp(80), Port.tcp(81)]],
    ["127.0.0.1::80-81", [Port.tcp(80, { hostIp: "127.0.0.1" }), Port.tcp(81, { hostIp: "127.0.0.1" })]],
    ["90-91:80-81/sctp", [Port.sctp(80, { hostPort: 90 }), Port.sctp(81, { hostPort: 91 })]]
  ])("parses %s", (spec, ports) => {
    assert.deepStrictEqual(Port.parse(spec), Either.right(ports))
  })

  it.each([
    ["", "Invalid port \"\": there is no port at position 0"],
    ["8080:/tcp", "Invalid port \"8080:/tcp\": there is no port at position 5"],
    ["80:x", "Invalid port \"80:x\": \"x\" at position 3 is neither a port from 1 to 65535 nor a range of such ports"],
    ["80:0", "Invalid port \"80:0\": \"0\" at position 3 is neither a port from 1 to 65535 nor a range of such ports"],
    [
      "90-80",
      "Invalid port \"90-80\": \"90-80\" at position 0 is neither a port from 1 to 65535 nor a range of such ports"
    ],
    ["80-82:1-2", "Invalid port \"80-82:1-2\": there are 3 ports of the host for 2 of the container"],
    ["80:80:80", "Invalid port \"80:80:80\": \"80\" is not an IPv4 or IPv6 address"],
    ["[::1:80:80", "Invalid port \"[::1:80:80\": \"[::1\" has one bracket without the other"],
    ["80/tcp/udp", "Invalid port \"80/tcp/udp\": \"tcp/udp\" at position 3 is not tcp, udp or sctp"]
  ])("rejects %j", (spec, message) => {
    assert.strictEqual(messageOf(Port.parse(spec)), message)
    assert.strictEqual(refusal(Port.FromString, spec), message)
  })

  it("decodes a specification of exactly one port", () => {
    assert.strictEqual(
      refusal(Port.FromString, "80-81"),
      "Invalid port \"80-81\": it denotes more than one port"
    )
    assert.strictEqual(refusal(Port.FromString, 80), "Invalid port: Expected string, actual 80")
  })

  it("parses the range of all ports, and rejects long invalid texts", () => {
    const all = Either.getOrThrow(Port.parse("1-65535:1-65535"))
    assert.strictEqual(all.length, 65535)
    assert.deepStrictEqual(all[65534], Port.tcp(65535, { hostPort: 65535 }))
    for (const char of "0:[/-a") assert.isTrue(Either.isLeft(Port.parse(char.repeat(1_000_000))))
  })

  it.prop("parses its own format", [port], ([port]) => {
    assert.deepStrictEqual(Schema.decodeSync(Port.FromString)(Schema.encodeSync(Port.FromString)(port)), port)
    assert.deepStrictEqual(Port.parse(Port.format(port)), Either.right([port]))
    assert.deepStrictEqual(Schema.decodeSync(Port.Port)(Schema.encodeSync(Port.Port)(port)), port)
  })

  it.prop(
    "never throws on any text",
    [FastCheck.string({ unit: FastCheck.constantFrom(..."019:[]-/.at") })],
    ([spec]) => {
      Port.parse(spec)
    }
  )

  const Case = Schema.Struct({
    spec: Schema.String,
    mappings: Schema.optional(Schema.Array(Schema.Struct({
      containerPort: Schema.Number,
      hostIp: Schema.String,
      hostPort: Schema.String,
      protocol: Schema.String
    })))
  })

  describeVectors("ports.json", Schema.Struct({ cases: Schema.Array(Case) }), ({ cases }) => {
    const shown = ({ containerPort, hostIp, hostPort, protocol }: Port.Port) => ({
      containerPort,
      hostIp: hostIp ?? "",
      hostPort: typeof hostPort === "object" ? `${hostPort.first}-${hostPort.last}` : `${hostPort ?? ""}`,
      protocol
    })

    it.each(cases)("parses $spec like Docker's client", ({ mappings, spec }) => {
      // Docker's client accepts port 0 of a container, on which no process can listen.
      const expected = mappings?.some(({ containerPort }) => containerPort === 0) ? undefined : mappings
      assert.deepStrictEqual(
        Either.getOrUndefined(Either.map(Port.parse(spec), Array.map(shown))),
        expected?.map((mapping) => mapping)
      )
    })
  })
})
