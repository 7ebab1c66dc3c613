import { assert, describe, it } from "@effect/vitest"
import * as Challenge from "@ociman/registry/author/Challenge"
import * as TokenScope from "@ociman/registry/author/TokenScope"
import { Either } from "effect"
import { areOptional, load } from "./vectors.js"

interface Plain {
  readonly scheme: string
  readonly params: Readonly<Record<string, string>>
}

interface Vectors {
  readonly cases: ReadonlyArray<{
    readonly name: string
    readonly headers: ReadonlyArray<string>
    readonly recommended?: ReadonlyArray<Plain>
  }>
  readonly schemeSelection: ReadonlyArray<{ readonly challenges: ReadonlyArray<string>; readonly pick: string | null }>
  readonly scopeRepository: ReadonlyArray<
    { readonly repository: string; readonly actions: ReadonlyArray<string>; readonly scope: string }
  >
  readonly cleanScopes: ReadonlyArray<
    { readonly name: string; readonly in: ReadonlyArray<string>; readonly out: ReadonlyArray<string> }
  >
  readonly scopeAccumulation: {
    readonly steps: ReadonlyArray<{ readonly add: string; readonly requestScope: string }>
  }
}

const vectors = load<Vectors>("challenges")

const supported = ["basic", "bearer"]

describe.skipIf(vectors === undefined && areOptional)("the vectors of challenges", () => {
  it("are available", () => {
    assert.isAbove(vectors?.cases.length ?? 0, 30)
  })

  for (const { headers, name, recommended } of vectors?.cases ?? []) {
    it(name, () => {
      const read = Challenge.parse(headers)
      assert.deepStrictEqual(Challenge.parse(headers.join(", ")), read)
      if (recommended === undefined) return
      assert.deepStrictEqual(
        read.filter(({ scheme }) => supported.includes(scheme)).map(({ parameters, scheme }): Plain => ({
          scheme,
          params: Object.fromEntries(parameters)
        })),
        recommended
      )
    })
  }

  for (const { challenges, pick } of vectors?.schemeSelection ?? []) {
    it(`select ${pick} of ${challenges.join(" and ")}`, () => {
      const headers = challenges.map((scheme) => scheme === "bearer" ? `${scheme} realm="https://a/t"` : scheme)
      const picked = Either.match(Challenge.select(Challenge.parse(headers), "r"), {
        onLeft: () => null,
        onRight: ({ _tag }) => _tag.toLowerCase()
      })
      // Where both may be picked it is Bearer, as by Docker and containerd.
      assert.strictEqual(picked, pick?.includes("bearer") === true ? "bearer" : pick)
    })
  }

  for (const { actions, repository, scope } of vectors?.scopeRepository ?? []) {
    it(`determine the scope of ${JSON.stringify(actions)} on "${repository}"`, () => {
      assert.strictEqual(
        TokenScope.union([TokenScope.repository(repository, actions)]).map(TokenScope.format).join(" "),
        scope
      )
    })
  }

  for (const { in: given, name, out } of vectors?.cleanScopes ?? []) {
    it(`merge scopes: ${name}`, () => {
      const clean = TokenScope.union(given.map(TokenScope.parse))
      assert.deepStrictEqual(clean.map(TokenScope.format), out)
      assert.isTrue(TokenScope.covers(clean, given.map(TokenScope.parse)))
    })
  }

  it("merge the scopes of repeated requests to a host", () => {
    let cached: ReadonlyArray<TokenScope.TokenScope> = []
    for (const { add, requestScope } of vectors?.scopeAccumulation.steps ?? []) {
      const [requested = ""] = add.split(" ")
      const scopes = TokenScope.parseList(requested)
      assert.strictEqual(TokenScope.covers(cached, scopes), requestScope.startsWith("none"), add)
      cached = TokenScope.union(cached, scopes)
      if (requestScope.startsWith("none")) continue
      assert.isTrue(TokenScope.covers(TokenScope.parseList(requestScope), cached), add)
      assert.isTrue(TokenScope.covers(cached, TokenScope.parseList(requestScope)), add)
    }
  })
})
