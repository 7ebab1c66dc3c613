import * as Either from "effect/Either"
import * as Option from "effect/Option"
import { InvalidDocument } from "../ContentError.js"
import { decodeStrictly, encode, excerpt } from "./text.js"

/** Deeper than any document and far from what a stack can take. */
const maximalDepth = 100

export interface Fault {
  readonly path: string
  readonly reason: InvalidDocument["reason"]
  readonly rule: string
}

type Check = (key: PropertyKey, value: unknown, depth: number) => Omit<Fault, "path"> | undefined

const children = (value: unknown): ReadonlyArray<readonly [key: string | number, value: unknown]> =>
  Array.isArray(value)
    ? value.map((item: unknown, i) => [i, item])
    : typeof value === "object" && value !== null
    ? Object.entries(value)
    : []

/** A path as people write it. */
export const printPath = (path: ReadonlyArray<PropertyKey>): string =>
  path.map((key) => {
    if (typeof key === "number") return `[${key}]`
    const name = String(key)
    return /^\w+$/.test(name) ? `.${name}` : `[${excerpt(name)}]`
  }).join("").replace(/^\./, "")

type Found = Omit<Fault, "path"> & { readonly path: ReadonlyArray<PropertyKey> }

const visit = (value: unknown, depth: number, check: Check): Found | undefined => {
  for (const [key, child] of children(value)) {
    const fault = check(key, child, depth)
    if (fault !== undefined) return { ...fault, path: [key] }
    const inner = visit(child, depth + 1, check)
    if (inner !== undefined) return { ...inner, path: [key, ...inner.path] }
  }
  return undefined
}

const search = (json: unknown, check: Check): Option.Option<Fault> =>
  Option.map(Option.fromNullable(visit(json, 0, check)), (found) => ({ ...found, path: printPath(found.path) }))

const isHarmless: Check = (key, _, depth) =>
  key === "__proto__"
    ? { reason: "UnsafeKey", rule: "a field may not be called __proto__" }
    : depth >= maximalDepth
    ? { reason: "TooDeep", rule: `it is nested more than ${maximalDepth} levels deep` }
    : undefined

const isExact: Check = (_, value) =>
  typeof value === "number" && Number.isInteger(value) && !Number.isSafeInteger(value)
    ? { reason: "InexactNumber", rule: "an integer beyond 2^53 would be written as another one" }
    : undefined

/** Where a JSON value has an integer that was not read exactly. */
export const inexact = (json: unknown): Option.Option<Fault> => search(json, isExact)

export const tooLarge = (document: string, bytes: Uint8Array, limit: number): InvalidDocument =>
  new InvalidDocument({
    document,
    path: "",
    reason: "TooLarge",
    rule: `it has ${bytes.length} bytes, and may have at most ${limit}`
  })

/** Reads JSON, of a size that is bounded. */
export const parse =
  (document: string, limit: number) => (bytes: Uint8Array): Either.Either<unknown, InvalidDocument> => {
    const fail = (reason: InvalidDocument["reason"], rule: string) =>
      new InvalidDocument({ document, path: "", reason, rule })
    if (bytes.length > limit) return Either.left(tooLarge(document, bytes, limit))
    return Either.try({
      try: () => decodeStrictly(bytes),
      catch: () => fail("InvalidUtf8", "it is not UTF-8")
    }).pipe(
      Either.flatMap((text) =>
        Either.try({
          try: (): unknown => JSON.parse(text),
          catch: (cause) => fail("InvalidJson", cause instanceof Error ? cause.message : "it is not JSON")
        })
      ),
      Either.flatMap((json) =>
        Option.match(search(json, isHarmless), {
          onNone: () => Either.right(json),
          onSome: (fault) => Either.left(new InvalidDocument({ document, ...fault }))
        })
      )
    )
  }

const print = (json: unknown): string => {
  if (Array.isArray(json)) return `[${json.map(print).join(",")}]`
  if (typeof json !== "object" || json === null) return JSON.stringify(json)
  const members = Object.entries(json)
    .filter(([, value]) => value !== undefined)
    .sort(([a], [b]) => a < b ? -1 : 1)
    .map(([key, value]) => `${JSON.stringify(key)}:${print(value)}`)
  return `{${members.join(",")}}`
}

/**
 * The one way to write a value: no spaces, and members in the order of their names.
 *
 * @see https://www.rfc-editor.org/rfc/rfc8785.html
 */
export const canonical = (json: unknown): Uint8Array => encode(print(json))
