import * as Arr from "effect/Array"
import * as Either from "effect/Either"
import * as Encoding from "effect/Encoding"
import { identity, pipe } from "effect/Function"
import * as Order from "effect/Order"
import * as Redacted from "effect/Redacted"
import * as EffectRegExp from "effect/RegExp"
import { type Captured, excerpt, render } from "./capture.js"

/** @internal */
export interface Redaction {
  readonly text: (text: string) => string
  readonly captured: (captured: Captured, limit: number) => string
}

const placeholder = "<redacted>"

/**
 * Minimum length of a secret that is replaced inside words. A shorter one would
 * garble the text, and its replacement would reveal it.
 */
const shortestInsideWords = 4

/** @internal */
export const make = (secrets: ReadonlyArray<Redacted.Redacted<string>>): Redaction => {
  const spellings = pipe(
    secrets,
    Arr.flatMap((secret) => spellingsOf(Redacted.value(secret))),
    Arr.dedupe,
    Arr.sort(longestFirst)
  )
  const text = Arr.isNonEmptyArray(spellings) ? replacer(spellings) : identity<string>
  return {
    text,
    captured: (captured, limit) =>
      render(
        excerpt(captured, limit),
        (head) => withoutCutEnd(text(head), spellings),
        (tail) => withoutCutStart(text(tail), spellings),
        text
      )
  }
}

const longestFirst = Order.mapInput(Order.reverse(Order.number), (text: string) => text.length)

/** Lists the forms in which programs print a secret: as it is, trimmed, quoted for JSON, a shell or a URL. */
const spellingsOf = (secret: string): Array<string> =>
  [
    secret,
    secret.trim(),
    JSON.stringify(secret).slice(1, -1),
    secret.replaceAll("'", "'\\''"),
    Either.getOrElse(Encoding.encodeUriComponent(secret), () => secret)
  ].filter((spelling) => spelling.trim() !== "")

const replacer = (spellings: ReadonlyArray<string>) => {
  const pattern = new RegExp(
    spellings.map((spelling) => {
      const escaped = EffectRegExp.escape(spelling)
      return spelling.length < shortestInsideWords ? `(?<![\\p{L}\\p{N}])${escaped}(?![\\p{L}\\p{N}])` : escaped
    }).join("|"),
    "gu"
  )
  return (text: string): string => text.replace(pattern, placeholder)
}

/** Removes the beginning of a secret that was truncated at the end of the text. */
const withoutCutEnd = (text: string, spellings: ReadonlyArray<string>): string =>
  text.slice(0, text.length - longest(spellings, (part) => text.endsWith(part), (secret, n) => secret.slice(0, n)))

/** Removes the end of a secret that was truncated at the beginning of the text. */
const withoutCutStart = (text: string, spellings: ReadonlyArray<string>): string =>
  text.slice(longest(spellings, (part) => text.startsWith(part), (secret, n) => secret.slice(-n)))

const longest = (
  spellings: ReadonlyArray<string>,
  matches: (part: string) => boolean,
  part: (secret: string, length: number) => string
): number =>
  spellings.reduce((found, secret) => {
    for (let length = secret.length - 1; length > found; length--) {
      if (matches(part(secret, length))) return length
    }
    return found
  }, 0)
