import { assert, describe, it } from "@effect/vitest"
import { FastCheck, Option } from "effect"
import { nextLink } from "../src/internal/http/headers.js"

interface Parameter {
  readonly name: string
  readonly value: string
  readonly form: "quoted" | "plain" | "absent"
}

interface Link {
  readonly target: string
  readonly parameters: ReadonlyArray<Parameter>
}

const token = FastCheck.string({
  unit: FastCheck.constantFrom(..."abzREL09-._!#$%&'*+^`|~"),
  minLength: 1,
  maxLength: 6
})

const parameter: FastCheck.Arbitrary<Parameter> = FastCheck.oneof(
  FastCheck.record({
    name: FastCheck.oneof(token, FastCheck.constantFrom("rel", "REL", "title")),
    value: FastCheck.oneof(
      FastCheck.string({ maxLength: 12 }),
      FastCheck.constantFrom("next", "Next", "prev", "first NEXT", "nextish", "; rel=next", "a, <b>; rel=\"next\"")
    ),
    form: FastCheck.constant("quoted" as const)
  }),
  FastCheck.record({
    name: FastCheck.oneof(token, FastCheck.constantFrom("rel", "Rel")),
    value: FastCheck.oneof(token, FastCheck.constantFrom("next", "NEXT", "prev", "")),
    form: FastCheck.constant("plain" as const)
  }),
  FastCheck.record({ name: token, value: FastCheck.constant(""), form: FastCheck.constant("absent" as const) })
)

const link: FastCheck.Arbitrary<Link> = FastCheck.record({
  target: FastCheck.oneof(
    FastCheck.stringMatching(/^[!-;=?-~]{0,12}$/),
    FastCheck.constantFrom("/v2/a/tags/list?last=b,c", "?n=2;rel=next", "")
  ),
  parameters: FastCheck.array(parameter, { maxLength: 4 })
})

const space = FastCheck.stringMatching(/^[ \t]{0,2}$/)

/** Links as one header, with white space and empty elements wherever the grammar has them. */
const written = (links: ReadonlyArray<Link>) =>
  FastCheck.infiniteStream(space).map((spaces) => {
    const gap = () => spaces.next().value ?? ""
    const valueOf = ({ form, value }: Parameter) =>
      form === "absent"
        ? ""
        : `${gap()}=${gap()}${form === "plain" ? value : `"${value.replace(/["\\]/g, "\\$&")}"`}`
    const text = links.map(({ parameters, target }) =>
      `<${target}>${parameters.map((one) => `${gap()};${gap()}${one.name}${valueOf(one)}`).join("")}`
    )
    return `${gap()}${text.join(`${gap()},${gap()}${gap() === "" ? "" : ","}${gap()}`)}${gap()}`
  })

/** The next link by the text of RFC 8288: relations of the first `rel`, split at white space, without case. */
const expected = (links: ReadonlyArray<Link>): string | undefined => {
  const next = links.find(({ parameters }) => {
    const rel = parameters.find(({ name }) => name.toLowerCase() === "rel")
    return rel === undefined || rel.value.toLowerCase().split(/\s/).includes("next")
  })
  return next === undefined || next.target === "" ? undefined : next.target
}

const links = FastCheck.array(link, { maxLength: 4 }).chain((links) =>
  FastCheck.tuple(FastCheck.constant(links), written(links))
)

describe("the link to the next page", () => {
  it("is the first one with that relation in any form of the header", () => {
    FastCheck.assert(
      FastCheck.property(links, ([links, header]) => {
        const found = nextLink(header)
        assert.isDefined(found, header)
        assert.strictEqual(Option.getOrUndefined(found ?? Option.none()), expected(links), header)
      }),
      { numRuns: 2000 }
    )
  })

  it("is found or rejected in any text", () => {
    const near = FastCheck.string({ unit: FastCheck.constantFrom(..."<>;,=\" \t\\a", "rel=", "next"), maxLength: 60 })
    FastCheck.assert(
      FastCheck.property(near, (text) => {
        const found = nextLink(text)
        if (found !== undefined && Option.isSome(found)) assert.include(text, `<${found.value}>`)
      }),
      { numRuns: 2000 }
    )
  })

  it.each([
    ["parameters without a name", (n: number) => `<a>${";".repeat(n)}`],
    ["names of parameters", (n: number) => `<a>${";a".repeat(n)}`],
    ["white space", (n: number) => `<a>${" ".repeat(n)}`],
    ["white space around parameters", (n: number) => `<a>${" ; a ".repeat(n)}`],
    ["white space around values", (n: number) => `<a>${" ; a = ".repeat(n)}`],
    ["escapes", (n: number) => `<a>; a="${"\\\"".repeat(n)}`],
    ["brackets", (n: number) => "<".repeat(n)],
    ["commas", (n: number) => ", ".repeat(n)]
  ])("is parsed in linear time if a malformed header has many %s", (_, text) => {
    assert.isUndefined(nextLink(`${text(100_000)}"<`))
  })
})
