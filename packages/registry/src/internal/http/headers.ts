/** Parsers of response headers. */
import * as Option from "effect/Option"
import type { Scanner } from "./scanner.js"
import * as scanning from "./scanner.js"
import { isSpace, isTokenCharacter } from "./scanner.js"

const isVisible = (character: string): boolean => character > " " && character !== "\u007F"

/** Parses link parameters by name in lower case, first value wins; `undefined` if malformed. */
const parametersOf = ({ isAtEnd, peek, quoted, skip, take }: Scanner): ReadonlyMap<string, string> | undefined => {
  const parameters = new Map<string, string>()
  for (skip(isSpace); take(";"); skip(isSpace)) {
    skip(isSpace)
    const name = skip(isTokenCharacter).toLowerCase()
    skip(isSpace)
    if (name === "" && peek() === "=") return undefined
    const isAssigned = take("=")
    skip(isSpace)
    const value = !isAssigned
      ? ""
      : peek() === "\""
      ? quoted()
      : skip((_) => !isSpace(_) && _ !== ";" && _ !== "," && _ !== "\"")
    if (value === undefined) return undefined
    if (name !== "" && !parameters.has(name)) parameters.set(name, value)
  }
  return isAtEnd() || peek() === "," ? parameters : undefined
}

/**
 * Returns the target of the link to the next page, if any; `undefined` if the header is malformed. A link without a
 * relation counts as a link to the next page.
 *
 * @see https://www.rfc-editor.org/rfc/rfc8288#section-3
 */
export const nextLink = (header: string): Option.Option<string> | undefined => {
  const scanner = scanning.make(header)
  const { isAtEnd, skip, take } = scanner
  const separators = (character: string) => isSpace(character) || character === ","
  for (skip(separators); !isAtEnd(); skip(separators)) {
    if (!take("<")) return undefined
    const target = skip((_) => isVisible(_) && _ !== "<" && _ !== ">")
    if (!take(">")) return undefined
    const parameters = parametersOf(scanner)
    if (parameters === undefined) return undefined
    const relations = parameters.get("rel")?.toLowerCase().split(/\s/)
    if (relations === undefined || relations.includes("next")) {
      return target === "" ? Option.none() : Option.some(target)
    }
  }
  return Option.none()
}

/** Parses `Range` of an upload session into the offset of its last byte; none if the header is missing or malformed. */
export const lastByte = (range: string | undefined): Option.Option<number> => {
  const [, digits] = /^\s*(?:bytes=)?0-(\d{1,16})\s*$/.exec(range ?? "") ?? []
  const last = Number(digits)
  return digits === undefined || !Number.isSafeInteger(last) ? Option.none() : Option.some(last)
}

/** Parses `Content-Range`: first and last byte, and the total size if known. */
export const contentRange = (
  header: string | undefined
): Option.Option<{ readonly first: number; readonly last: number; readonly total: Option.Option<number> }> => {
  const [, first, last, total] = /^\s*bytes\s+(\d{1,16})-(\d{1,16})\/(\d{1,16}|\*)\s*$/i.exec(header ?? "") ?? []
  return first === undefined || total === undefined ? Option.none() : Option.some({
    first: Number(first),
    last: Number(last),
    total: total === "*" ? Option.none() : Option.some(Number(total))
  })
}

const httpDate = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/

/** Parses `Retry-After`, in seconds or as a date, into milliseconds from now. */
export const retryAfter = (header: string | undefined, now: number): Option.Option<number> => {
  const value = (header ?? "").trim()
  if (/^\d{1,9}$/.test(value)) return Option.some(Number(value) * 1000)
  if (!httpDate.test(value)) return Option.none()
  const wait = Date.parse(value) - now
  return wait > 0 ? Option.some(wait) : Option.none()
}

/** Parses the texts of `Warning` headers with code 299, which are meant for the user. */
export const warnings = (header: string | undefined): ReadonlyArray<string> =>
  Array.from(
    (header ?? "").matchAll(/(?:^|,)\s*299\s+-\s+"((?:[^"\\]|\\.)+)"/g),
    ([, text = ""]) => text.replace(/\\(.)/g, "$1")
  )

/** Parses a size in bytes. */
export const size = (header: string | undefined): Option.Option<number> => {
  const value = Number(header)
  return header !== undefined && /^\d{1,16}$/.test(header.trim()) && Number.isSafeInteger(value)
    ? Option.some(value)
    : Option.none()
}
