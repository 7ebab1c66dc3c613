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
 * A shorter secret is replaced only where it stands alone: replaced inside
 * other words it would spoil the text, and tell the secret by what is missing.
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

/** As it is, and as programs print it: trimmed, quoted by JSON, a shell or a URL. */
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

/** The text without the start of a secret whose end was dropped. */
const withoutCutEnd = (text: string, spellings: ReadonlyArray<string>): string =>
  text.slice(0, text.length - longest(spellings, (part) => text.endsWith(part), (secret, n) => secret.slice(0, n)))

/** The text without the end of a secret whose start was dropped. */
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
