import * as Arr from "effect/Array"
import * as Either from "effect/Either"
import * as Inspectable from "effect/Inspectable"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"

/** Returns the reason why a text is invalid, as the end of a sentence; `undefined` if it is valid. */
export type Rule = (text: string) => string | undefined

/** Quotes a text, truncated to 100 characters. */
export const excerpt = (text: string): string => JSON.stringify(text.length > 100 ? `${text.slice(0, 100)}…` : text)

/** Returns the message of an unknown error. */
export const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : Inspectable.toStringUnknown(error)

/** Returns the length of a text in UTF-8, where a lone surrogate is encoded as U+FFFD. */
export const utf8Length = (text: string): number => {
  let bytes = 0
  for (const char of text) {
    const code = char.codePointAt(0) ?? 0
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4
  }
  return bytes
}

export const isAlphanumeric = (char: string): boolean => /^[A-Za-z0-9]$/.test(char)

/** Reports the first violated rule. */
export const firstOf = (...rules: ReadonlyArray<Rule>): Rule => (text) => {
  for (const rule of rules) {
    const reason = rule(text)
    if (reason !== undefined) return reason
  }
  return undefined
}

export const nonEmpty: Rule = (text) => text === "" ? "it is empty" : undefined

export const atMostBytes = (limit: number): Rule => (text) => {
  const bytes = utf8Length(text)
  return bytes > limit ? `it has ${bytes} bytes in UTF-8, and at most ${limit} are allowed` : undefined
}

/** Checks each character; `rule` describes the allowed ones. */
export const each = (allowed: (char: string, position: number) => boolean, rule: string): Rule => (text) => {
  let position = 0
  for (const char of text) {
    if (!allowed(char, position)) return `${excerpt(char)} at position ${position} is not allowed, ${rule}`
    position += char.length
  }
  return undefined
}

export const noNul: Rule = each((char) => char !== "\0", "a NUL ends a text for the operating system")

const isLineBreak = (char: string): boolean => char === "\n" || char === "\r"

/**
 * Checks that a path can be passed to every engine: Docker refuses leading and trailing white space in `--mount`, and
 * the engines' CSV parsers change line breaks.
 */
export const path: Rule = firstOf(
  nonEmpty,
  each((char) => char !== "\0" && !isLineBreak(char), "a path has no line breaks and no NUL"),
  (text) => text === text.trim() ? undefined : "it begins or ends with white space"
)

/** Checks an absolute path of Linux: of a container, or of a Linux host. */
export const absolutePath: Rule = firstOf(
  path,
  (text) => text.startsWith("/") ? undefined : "it does not begin with \"/\""
)

/** Checks the name of a container or a volume. */
export const name = (maximum: number): Rule =>
  firstOf(
    nonEmpty,
    each(
      (char, position) => isAlphanumeric(char) || (position > 0 && (char === "_" || char === "." || char === "-")),
      "a name begins with a letter or a digit of ASCII, and \"_\", \".\" and \"-\" may follow too"
    ),
    (text) => text.length < 2 || text.length > maximum ? `its length is ${text.length}, not 2 to ${maximum}` : undefined
  )

type Leaf = Exclude<
  ParseResult.ParseIssue,
  { readonly _tag: "Pointer" | "Refinement" | "Transformation" | "Composite" }
>

const leaves = (issue: ParseResult.ParseIssue): ReadonlyArray<Leaf> => {
  switch (issue._tag) {
    case "Pointer":
    case "Refinement":
    case "Transformation":
      return leaves(issue.issue)
    case "Composite":
      return Arr.flatMap(Arr.ensure(issue.issues), leaves)
    default:
      return [issue]
  }
}

/** Formats an issue as a sentence, by preference the message of a rule of this package. */
export const sentenceOf = (issue: ParseResult.ParseIssue): string => {
  const all = leaves(issue)
  const leaf = all.find(({ message }) => message !== undefined) ?? all[0]
  return leaf.message ?? ParseResult.TreeFormatter.formatIssueSync(leaf)
}

/** Formats an issue as the end of another sentence. */
const reasonOf = (issue: ParseResult.ParseIssue): string => sentenceOf(issue).replace(/^Invalid/, "invalid")

const invalid = (what: string, actual: unknown, reason: string): string =>
  typeof actual === "string" ? `Invalid ${what} ${excerpt(actual)}: ${reason}` : `Invalid ${what}: ${reason}`

/** Schema of texts that satisfy a rule. */
export const refined = (identifier: string, what: string, rule: Rule): Schema.filter<typeof Schema.String> =>
  Schema.String.pipe(Schema.filter((text) => {
    const reason = rule(text)
    return reason === undefined ? undefined : invalid(what, text, reason)
  }, { identifier, message: sentenceOf }))

/** Schema of a value in text form. `parse` only splits the text; the schema `to` validates the parts. */
export const fromString = <A, I>(options: {
  readonly identifier: string
  readonly what: string
  readonly to: Schema.Schema<A, I>
  readonly parse: (text: string) => Either.Either<I, string>
  readonly format: (value: I) => string
}): Schema.Schema<A, string> =>
  Schema.transformOrFail(Schema.String, options.to, {
    strict: true,
    decode: (text, _, ast) => Either.mapLeft(options.parse(text), (reason) => new ParseResult.Type(ast, text, reason)),
    encode: (value) => Either.right(options.format(value))
  }).annotations({
    identifier: options.identifier,
    message: (issue) => ({ message: invalid(options.what, issue.actual, reasonOf(issue)), override: true })
  })

/** Creates the error of a parser that is not a schema. Omit `text` if it may contain secrets. */
export const parseError = (what: string, text: string | undefined, reason: string): ParseResult.ParseError =>
  ParseResult.parseError(new ParseResult.Type(Schema.String.ast, text, invalid(what, text, reason)))

/** Formats an error as the end of another sentence. */
export const reason = (error: ParseResult.ParseError): string => reasonOf(error.issue)

type Present<A> =
  & { readonly [K in keyof A as undefined extends A[K] ? never : K]: A[K] }
  & {
    readonly [K in keyof A as undefined extends A[K] ? K : never]?: Exclude<A[K], undefined>
  }

/** Removes keys with the value `undefined`, with which otherwise equal values would differ. */
export function present<A extends object>(fields: A): Present<A>
export function present(fields: object): object {
  return Object.fromEntries(Object.entries(fields).filter(([_, value]) => value !== undefined))
}

/** Removes trailing occurrences of a character, in linear time, unlike a regular expression. */
export const withoutTrailing = (text: string, character: string): string => {
  let end = text.length
  while (end > 0 && text.charAt(end - 1) === character) end--
  return text.slice(0, end)
}
