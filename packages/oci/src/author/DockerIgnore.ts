/**
 * Ignore files such as `.dockerignore`, which exclude files from a build context. Patterns are parsed and matched as by
 * {@link https://github.com/moby/patternmatcher/blob/v0.6.0/patternmatcher.go moby/patternmatcher}.
 *
 * @since 0.1.0
 */
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import { compile } from "../internal/values/goRegExp.js"
import { encode, excerpt } from "../internal/values/text.js"
import type * as FileTree from "./FileTree.js"

/**
 * A pattern is not valid.
 *
 * @since 0.1.0
 * @category errors
 */
export class InvalidPattern extends Schema.TaggedError<InvalidPattern>("@ociman/oci/DockerIgnore/InvalidPattern")(
  "InvalidPattern",
  {
    /** Path of the ignore file, if known. */
    file: Schema.optionalWith(Schema.String, { exact: true }),
    pattern: Schema.String,
    /** Violated rule, as the end of a sentence. */
    reason: Schema.String
  }
) {
  /**
   * @since 0.1.0
   */
  override get message(): string {
    const where = this.file === undefined ? "" : ` in ${JSON.stringify(this.file)}`
    return `Invalid pattern ${excerpt(this.pattern)}${where}: ${this.reason}`
  }
}

/**
 * Ignore rules. If several patterns match a path, the last one applies.
 *
 * @since 0.1.0
 * @category models
 */
export interface DockerIgnore {
  readonly patterns: ReadonlyArray<Pattern>
}

/**
 * Compiled pattern.
 *
 * @since 0.1.0
 * @category models
 */
export interface Pattern {
  /** Pattern without the exclamation mark. */
  readonly text: string
  /** True if the pattern began with an exclamation mark: it includes paths that earlier patterns ignore. */
  readonly negated: boolean
  readonly matches: (path: string) => boolean
}

// White space of Unicode, without the byte order mark that JavaScript includes.
const space = "[\\t-\\r \\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]"
const isSpace = new RegExp(`^${space}$`)

const trim = (text: string): string => {
  let start = 0
  let end = text.length
  while (start < end && isSpace.test(text.charAt(start))) start++
  while (start < end && isSpace.test(text.charAt(end - 1))) end--
  return text.slice(start, end)
}

/** Port of Go's `path.Clean`. */
const clean = (path: string): string => {
  const parts: Array<string> = []
  const isRooted = path.startsWith("/")
  for (const part of path.split("/")) {
    if (part === "" || part === ".") continue
    if (part !== "..") parts.push(part)
    else if (parts.length > 0 && parts.at(-1) !== "..") parts.pop()
    else if (!isRooted) parts.push(part)
  }
  return isRooted ? `/${parts.join("/")}` : parts.join("/") || "."
}

const longestLine = 64 * 1024

/**
 * Splits an ignore file into patterns, one a line. Lines that begin with `#` are comments. Fails on a line of 64 KiB or
 * more, which builders do not read.
 *
 * @since 0.1.0
 * @category conversions
 */
export const parse = (text: string): Either.Either<ReadonlyArray<string>, InvalidPattern> => {
  const patterns: Array<string> = []
  for (const line of text.replace(/^\uFEFF/, "").split("\n")) {
    if (encode(line).length >= longestLine) {
      return Either.left(new InvalidPattern({ pattern: line, reason: "a line has less than 65,536 bytes" }))
    }
    const pattern = trim(line)
    if (line.startsWith("#") || pattern === "") continue
    const negated = pattern.startsWith("!")
    const path = negated ? trim(pattern.slice(1)) : pattern
    const cleaned = path === "" ? "" : clean(path).replace(/^\/(?=.)/, "")
    patterns.push(negated ? `!${cleaned}` : cleaned)
  }
  return Either.right(patterns)
}

/** Syntax check of Go's `filepath.Match`, which moby runs on every pattern. */
const syntaxError = (pattern: string): string | undefined => {
  const chars = Array.from(pattern)
  let at = 0
  const character = (): boolean => {
    if (chars[at] === undefined || chars[at] === "-" || chars[at] === "]") return false
    if (chars[at] === "\\") at++
    return chars[at++] !== undefined && at < chars.length
  }
  while (at < chars.length) {
    const char = chars[at++]
    if (char === "\\" && chars[at++] === undefined) return "it ends with a backslash"
    if (char !== "[") continue
    if (chars[at] === "^") at++
    for (let count = 0; count === 0 || chars[at] !== "]"; count++) {
      if (!character()) return "a class in brackets is malformed"
      if (chars[at] === "-") {
        at++
        if (!character()) return "a class in brackets is malformed"
      }
    }
    at++
  }
  return undefined
}

type Matcher = Pattern["matches"]

/** Translates a pattern as moby does: to a comparison where possible, otherwise to a Go regular expression. */
const matcherOf = (pattern: string): Either.Either<Matcher, string> => {
  const chars = Array.from(pattern)
  let kind: "exact" | "prefix" | "suffix" | "expression" = "exact"
  let expression = "^"
  const add = (text: string) => {
    expression += text
    kind = "expression"
  }
  for (let at = 0, count = 0; at < chars.length; count++) {
    const char = chars[at++] ?? ""
    if (char === "*" && chars[at] === "*") {
      at++
      if (chars[at] === "/") at++
      if (at < chars.length) add("(.*/)?")
      else if (kind === "exact") kind = "prefix"
      else add(".*")
      if (count === 0) kind = "suffix"
    } else if (char === "*") add("[^/]*")
    else if (char === "?") add("[^/]")
    else if (/[.+()|{}$]/.test(char)) expression += `\\${char}`
    else if (char === "\\" && at < chars.length) add(`\\${chars[at++]}`)
    else if (char === "[" || char === "]") add(char)
    else expression += char
  }
  return simple(kind, pattern) ?? compile(expression)
}

const simple = (
  kind: "exact" | "prefix" | "suffix" | "expression",
  pattern: string
): Either.Either<Matcher, string> | undefined => {
  const suffix = pattern.slice(2)
  switch (kind) {
    case "exact":
      return Either.right((path) => path === pattern)
    case "prefix":
      return Either.right((path) => path.startsWith(pattern.slice(0, -2)))
    case "suffix":
      return Either.right((path) => path.endsWith(suffix) || (suffix.startsWith("/") && path === suffix.slice(1)))
    case "expression":
      return undefined
  }
}

const toPattern = (original: string): Either.Either<Pattern, InvalidPattern> => {
  const cleaned = clean(trim(original))
  const negated = cleaned.startsWith("!")
  const text = negated ? cleaned.slice(1) : cleaned
  const invalid = (reason: string) => new InvalidPattern({ pattern: original, reason })
  const error = text === "" ? "nothing follows the exclamation mark" : syntaxError(text)
  return error === undefined
    ? Either.mapBoth(matcherOf(text), { onLeft: invalid, onRight: (matches) => ({ text, negated, matches }) })
    : Either.left(invalid(error))
}

/**
 * Compiles patterns. A pattern that begins with `!` includes paths that earlier patterns ignore.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (patterns: ReadonlyArray<string>): Either.Either<DockerIgnore, InvalidPattern> =>
  Either.map(
    Either.all(patterns.filter((pattern) => trim(pattern) !== "").map(toPattern)),
    (patterns) => ({ patterns })
  )

/**
 * Parses and compiles the text of an ignore file.
 *
 * @example
 * ```ts
 * import * as DockerIgnore from "@ociman/oci/author/DockerIgnore"
 * import { Either } from "effect"
 *
 * const ignore = Either.getOrThrow(DockerIgnore.fromText("*.log\n!keep.log\nnode_modules\n"))
 * assert.strictEqual(DockerIgnore.ignores(ignore, "b.log"), true)
 * assert.strictEqual(DockerIgnore.ignores(ignore, "keep.log"), false)
 * assert.strictEqual(DockerIgnore.ignores(ignore, "node_modules/effect/package.json"), true)
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromText = (text: string): Either.Either<DockerIgnore, InvalidPattern> => Either.flatMap(parse(text), make)

/**
 * Reports whether a path, or a directory that contains it, is ignored. The path is relative to the build context, with
 * `/` as separator.
 *
 * @since 0.1.0
 * @category predicates
 */
export const ignores = (self: DockerIgnore, path: string): boolean => {
  if (path === "") return false
  const cleaned = clean(path)
  const paths = [cleaned]
  for (let at = cleaned.indexOf("/", 1); at !== -1; at = cleaned.indexOf("/", at + 1)) paths.push(cleaned.slice(0, at))
  let ignored = false
  for (const { matches, negated } of self.patterns) {
    if (negated === ignored && paths.some(matches)) ignored = !negated
  }
  return ignored
}

/** Literal text that every match begins with. */
const literalPrefix = ({ text }: Pattern): string => /^[^*?[\\]*/.exec(text)?.[0] ?? ""

/**
 * Converts ignore rules to the `include` option of {@link FileTree.walk}. An ignored directory is walked only if a
 * negated pattern may match something in it.
 *
 * @since 0.1.0
 * @category conversions
 */
export const include = (self: DockerIgnore): NonNullable<FileTree.Options["include"]> => {
  const prefixes = self.patterns.filter(({ negated }) => negated).map(literalPrefix)
  const hasTakenBack = (directory: string) =>
    prefixes.some((prefix) => prefix.startsWith(directory) || directory.startsWith(prefix))
  return (path, type) => !ignores(self, path) || (type === "Directory" && hasTakenBack(`${path}/`))
}
