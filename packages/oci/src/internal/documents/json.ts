import * as Either from "effect/Either"
import * as Option from "effect/Option"
import { InvalidDocument } from "../../ContentError.js"
import { decodeStrictly, encode, excerpt } from "../values/text.js"

/** Deeper than any real document, and safe for the stack. */
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

/** Formats a path for error messages. */
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
    ? { reason: "UnsafeKey", rule: "a field must not be named __proto__" }
    : depth >= maximalDepth
    ? { reason: "TooDeep", rule: `it is nested more than ${maximalDepth} levels deep` }
    : undefined

const isFinite: Check = (_, value) =>
  typeof value === "number" && !Number.isFinite(value)
    ? { reason: "InexactNumber", rule: "a number beyond 10^308 cannot be written" }
    : undefined

/** Finds a number that was too large to be read exactly. */
export const inexact = (json: unknown): Option.Option<Fault> => search(json, isFinite)

export const tooLarge = (document: string, bytes: Uint8Array, limit: number): InvalidDocument =>
  new InvalidDocument({
    document,
    path: "",
    reason: "TooLarge",
    rule: `it has ${bytes.length} bytes, and may have at most ${limit}`
  })

const largeInteger = /\d{16}/

/** Reads a number; as `bigint` if a `number` cannot hold the integer. */
const readNumber = (token: string): unknown => {
  const value: unknown = JSON.parse(token)
  return typeof value === "number" && Number.isFinite(value) && Number.isInteger(value) &&
      !Number.isSafeInteger(value) && /^-?\d+$/.test(token)
    ? BigInt(token)
    : value
}

const isSpace = (char: string | undefined): boolean => char === " " || char === "\n" || char === "\r" || char === "\t"

/** End of the string that begins at an index. */
const endOfString = (text: string, start: number): number => {
  let at = start + 1
  while (text[at] !== "\"") at += text[at] === "\\" ? 2 : 1
  return at + 1
}

/**
 * Parses JSON that `JSON.parse` has accepted, with limited depth and integers of any size: `JSON.parse` rounds integers
 * beyond 2^53, and unknown fields of a document must not change when it is written again.
 */
const readExactly = (text: string): unknown => {
  let at = 0
  const skipSpace = (): string | undefined => {
    while (isSpace(text[at])) at++
    return text[at]
  }
  const token = (end: number): string => {
    const start = at
    at = end
    return text.slice(start, end)
  }
  const readText = (): string => String(JSON.parse(token(endOfString(text, at))))
  const readItems = (close: string, readItem: () => void): void => {
    at++
    while (skipSpace() !== close) {
      if (text[at] === ",") at++
      skipSpace()
      readItem()
    }
    at++
  }
  const readValue = (): unknown => {
    const first = skipSpace()
    if (first === "\"") return readText()
    if (first === "[") {
      const items: Array<unknown> = []
      readItems("]", () => items.push(readValue()))
      return items
    }
    if (first === "{") {
      const members: Record<string, unknown> = {}
      readItems("}", () => {
        const key = readText()
        skipSpace()
        at++
        members[key] = readValue()
      })
      return members
    }
    let end = at
    while (end < text.length && !",]} \n\r\t".includes(text.charAt(end))) end++
    return readNumber(token(end))
  }
  return readValue()
}

/** Parses JSON of limited size. Integers beyond 2^53 are `bigint`. */
export const parse =
  (document: string, limit: number) => (bytes: Uint8Array): Either.Either<unknown, InvalidDocument> => {
    const fail = (reason: InvalidDocument["reason"], rule: string) =>
      new InvalidDocument({ document, path: "", reason, rule })
    if (bytes.length > limit) return Either.left(tooLarge(document, bytes, limit))
    return Either.gen(function*() {
      const text = yield* Either.try({
        try: () => decodeStrictly(bytes),
        catch: () => fail("InvalidUtf8", "it is not UTF-8")
      })
      const json = yield* Either.try({
        try: (): unknown => JSON.parse(text),
        catch: (cause) => fail("InvalidJson", cause instanceof Error ? cause.message : "it is not JSON")
      })
      const fault = search(json, isHarmless)
      if (Option.isSome(fault)) return yield* Either.left(new InvalidDocument({ document, ...fault.value }))
      return largeInteger.test(text) ? readExactly(text) : json
    })
  }

const print = (json: unknown): string => {
  if (typeof json === "bigint") return String(json)
  if (Array.isArray(json)) return `[${json.map(print).join(",")}]`
  if (typeof json !== "object" || json === null) return JSON.stringify(json)
  const members = Object.entries(json)
    .filter(([, value]) => value !== undefined)
    .sort(([a], [b]) => a < b ? -1 : 1)
    .map(([key, value]) => `${JSON.stringify(key)}:${print(value)}`)
  return `{${members.join(",")}}`
}

/**
 * Encodes a value in canonical form: without spaces and with sorted members.
 *
 * @see https://www.rfc-editor.org/rfc/rfc8785.html
 */
export const canonical = (json: unknown): Uint8Array => encode(print(json))
