import { assert, describe, it } from "@effect/vitest"
import { assertNone, assertSome } from "@effect/vitest/utils"
import * as Challenge from "@ociman/registry/author/Challenge"
import { Either, FastCheck, Option } from "effect"

const plain = (challenges: ReadonlyArray<Challenge.Challenge>) =>
  challenges.map(({ parameters, scheme, token68 }) => ({
    scheme,
    token68: Option.getOrUndefined(token68),
    parameters: Object.fromEntries(parameters)
  }))

const token = FastCheck.string({ unit: FastCheck.constantFrom(..."abz09-._!#$%&'*+^`|~"), minLength: 1, maxLength: 12 })

const parameters = FastCheck.array(
  FastCheck.tuple(token, FastCheck.oneof(FastCheck.string(), FastCheck.string({ unit: "binary" }))),
  { maxLength: 4 }
).map((entries) => new Map(entries))

const challenge: FastCheck.Arbitrary<Challenge.Challenge> = FastCheck.oneof(
  FastCheck.record({ scheme: token, token68: FastCheck.constant(Option.none<string>()), parameters }),
  FastCheck.record({
    scheme: token,
    token68: FastCheck.stringMatching(/^[-._~+/0-9A-Za-z]{1,20}={0,2}$/).map(Option.some),
    parameters: FastCheck.constant(new Map<string, string>())
  })
)

/** Texts near to challenges. */
const scrambled = FastCheck.string({
  unit: FastCheck.constantFrom(..."aB=,\" \t\\:/é\u0000", "Bearer ", "realm=", "\", "),
  maxLength: 60
})

describe("Challenge", () => {
  it("formats challenges that it parses again", () => {
    FastCheck.assert(
      FastCheck.property(FastCheck.array(challenge, { maxLength: 4 }), (challenges) => {
        assert.deepStrictEqual(plain(Challenge.parse(Challenge.format(challenges))), plain(challenges))
        const headers = challenges.map((one) => Challenge.format([one]))
        assert.deepStrictEqual(plain(Challenge.parse(headers)), plain(challenges))
      })
    )
  })

  it("parses any text, and its formatted result parses to the same", () => {
    FastCheck.assert(
      FastCheck.property(FastCheck.oneof(scrambled, FastCheck.string({ unit: "binary" })), (text) => {
        const challenges = Challenge.parse(text)
        assert.deepStrictEqual(plain(Challenge.parse(Challenge.format(challenges))), plain(challenges))
      }),
      { numRuns: 10_000 }
    )
  })

  it.each([
    ["spaces", (n: number) => `Bearer ${" ".repeat(n)}realm="x"`],
    ["commas", (n: number) => ",".repeat(n)],
    ["equals signs", (n: number) => `Bearer ${"=".repeat(n)}`],
    ["tokens", (n: number) => "a ".repeat(n)],
    ["quotes", (n: number) => "a=\"".repeat(n)],
    ["escapes", (n: number) => `a b="${"\\".repeat(n)}`],
    ["parameters", (n: number) => `Bearer ${Array.from({ length: n / 8 }, (_, i) => `p${i}="x"`).join()}`],
    ["characters of no token", (n: number) => "(".repeat(n)]
  ])("parses many %s in linear time", (_, make) => {
    // With the square of their number it would be hours.
    assert.isArray(Challenge.parse(make(1_000_000)))
  }, 60_000)

  it("keeps the first value of a repeated parameter", () => {
    assert.deepStrictEqual(plain(Challenge.parse(`Bearer realm="a", REALM="b"`)), [
      { scheme: "bearer", token68: undefined, parameters: { realm: "a" } }
    ])
  })

  it("parses a challenge to a token or parameters, never both", () => {
    assert.deepStrictEqual(plain(Challenge.parse("Negotiate abc=, realm=x, Basic realm=y")), [
      { scheme: "negotiate", token68: "abc=", parameters: {} },
      { scheme: "basic", token68: undefined, parameters: { realm: "y" } }
    ])
  })

  it("skips only the malformed element", () => {
    const read = (text: string) => plain(Challenge.parse(text)).map(({ parameters, scheme }) => [scheme, parameters])
    assert.deepStrictEqual(read(`Bearer (x="a,b", realm="r"`), [["bearer", { realm: "r" }]])
    assert.deepStrictEqual(read(`Basic realm="open`), [["basic", {}]])
    assert.deepStrictEqual(read(`realm="of no scheme", Basic`), [["basic", {}]])
    assert.deepStrictEqual(read(`Bearer realm=https://a/t?b=c,service=s`), [
      ["bearer", { realm: "https://a/t?b=c", service: "s" }]
    ])
    assert.deepStrictEqual(read(`Bearer __proto__="x"`), [["bearer", { ["__proto__"]: "x" }]])
  })

  describe("select", () => {
    const select = (...headers: ReadonlyArray<string>) => Challenge.select(Challenge.parse(headers), "r.example.com")
    const tag = (...headers: ReadonlyArray<string>) => Either.map(select(...headers), ({ _tag }) => _tag)

    it("prefers Bearer to Basic, and both to other schemes", () => {
      assert.deepStrictEqual(tag(`Basic realm="x"`, `Bearer realm="https://a/t"`), Either.right("Bearer"))
      assert.deepStrictEqual(tag("Negotiate", "BASIC"), Either.right("Basic"))
      assert.deepStrictEqual(tag("Bearer", `Basic realm="x"`), Either.right("Basic"))
    })

    it("returns the scopes of a Bearer challenge", () => {
      const bearer = Either.getOrThrow(
        select(`Bearer realm="/t",service="s",scope="repository:host:5000/x:push,pull aws",error="invalid_token"`)
      )
      if (bearer._tag !== "Bearer") return assert.fail(bearer._tag)
      assertSome(bearer.service, "s")
      assertSome(bearer.error, "invalid_token")
      assert.deepStrictEqual(bearer.scopes.map((scope) => scope._tag === "Resource" ? scope.name : scope.text), [
        "host:5000/x",
        "aws"
      ])
      const least = Either.getOrThrow(select(`Bearer realm="/t"`))
      if (least._tag !== "Bearer") return assert.fail(least._tag)
      assertNone(least.service)
      assert.deepStrictEqual(least.scopes, [])
    })

    it.each<[ReadonlyArray<string>, string, RegExp]>([
      [[], "NoChallenge", /^Cannot authenticate at r\.example\.com: its response has no WWW-Authenticate challenge$/],
      [["Negotiate, Digest realm=x"], "UnsupportedScheme", /it requires negotiate or digest, and only Bearer/],
      [[`Bearer service="s"`], "NoRealm", /does not name a token server/],
      [[`Bearer realm="",service="s"`], "NoRealm", /does not name a token server/]
    ])("explains why %j cannot be answered", (headers, reason, message) => {
      const error = Either.getOrThrow(Either.flip(select(...headers)))
      assert.strictEqual(error.reason, reason)
      assert.match(error.message, message)
    })
  })
})
