import { assert, describe, it } from "@effect/vitest"
import * as TokenScope from "@ociman/registry/author/TokenScope"
import { Equal, FastCheck } from "effect"

const word = FastCheck.stringMatching(/^[a-z0-9_.*-]{0,6}$/)

const scope = FastCheck.oneof(
  FastCheck.tuple(word, FastCheck.stringMatching(/^[a-z0-9:/.]{0,10}$/), FastCheck.array(word, { maxLength: 3 })).map(
    ([type, name, actions]) => TokenScope.resource(type === "" ? "repository" : type, name, actions)
  ),
  word.map(TokenScope.parse)
)

const scopes = FastCheck.array(scope, { maxLength: 6 })

const texts = (list: ReadonlyArray<TokenScope.TokenScope>) => list.map(TokenScope.format)

describe("TokenScope", () => {
  it("formats scopes that it parses again", () => {
    FastCheck.assert(FastCheck.property(scope, (scope) => {
      assert.isTrue(Equal.equals(TokenScope.parse(TokenScope.format(scope)), scope))
    }))
  })

  it("has a union that is independent of order and repetition, and covers its operands", () => {
    FastCheck.assert(FastCheck.property(scopes, scopes, (a, b) => {
      const union = TokenScope.union(a, b)
      assert.deepStrictEqual(texts(TokenScope.union(b, a, a)), texts(union))
      assert.deepStrictEqual(texts(TokenScope.union(union)), texts(union))
      assert.deepStrictEqual(texts(TokenScope.parseList(texts(union).join(" "))), texts(union))
      assert.isTrue(TokenScope.covers(union, a) && TokenScope.covers(union, b))
    }))
  })

  it("covers no action that was not granted", () => {
    const pull = [TokenScope.repository("a", ["pull"])]
    assert.isFalse(TokenScope.covers(pull, [TokenScope.repository("a", ["pull", "push"])]))
    assert.isFalse(TokenScope.covers(pull, [TokenScope.repository("ab", ["pull"])]))
    assert.isFalse(TokenScope.covers(pull, [TokenScope.parse("aws")]))
    assert.isFalse(TokenScope.covers([], pull))
    assert.isTrue(TokenScope.covers([TokenScope.repository("a", ["*"])], pull))
    assert.isTrue(TokenScope.covers([TokenScope.catalog], TokenScope.parseList("registry:catalog:*")))
  })

  it("keeps the class in the type of a resource", () => {
    const scope = TokenScope.parse("repository(plugin):a/b:pull")
    assert.strictEqual(scope._tag === "Resource" && scope.type, "repository(plugin)")
  })
})
