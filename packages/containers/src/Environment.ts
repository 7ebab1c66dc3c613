/**
 * Environment variables of a process in a container.
 *
 * @since 0.1.0
 */
import * as Either from "effect/Either"
import { dual } from "effect/Function"
import * as Order from "effect/Order"
import type * as ParseResult from "effect/ParseResult"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as SortedMap from "effect/SortedMap"
import { each, firstOf, nonEmpty, parseError, reason, refined, sentenceOf, utf8Length } from "./internal/values/text.js"

/**
 * Name of an environment variable: not empty, without `=` and NUL.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Name = refined(
  "EnvironmentName",
  "environment variable name",
  firstOf(nonEmpty, each((char) => char !== "=" && char !== "\0", "a name has no \"=\" and no NUL"))
).pipe(Schema.brand("@ociman/containers/Environment/Name"))

/**
 * Name of an environment variable.
 *
 * @since 0.1.0
 * @category models
 */
export type Name = typeof Name.Type

/**
 * Value of an environment variable, without NUL. A secret is `Redacted`.
 *
 * @since 0.1.0
 * @category models
 */
export type Value = string | Redacted.Redacted<string>

const reveal = (value: Value): string => Redacted.isRedacted(value) ? Redacted.value(value) : value

/**
 * Maximum size of `NAME=value` with its final NUL on Linux with pages of 4 KiB (`MAX_ARG_STRLEN`), in bytes.
 *
 * @see https://github.com/torvalds/linux/blob/v6.1/include/uapi/linux/binfmts.h
 */
const maximumBytes = 131072

// No message quotes a value, which may be a secret.
const Variable = Schema.Struct({
  name: Name,
  value: Schema.Union(Schema.String, Schema.RedactedFromSelf(Schema.String))
}).pipe(Schema.filter(({ name, value }) => {
  const text = reveal(value)
  const nul = text.indexOf("\0")
  if (nul !== -1) return `Invalid value of environment variable ${name}: a NUL at position ${nul} is not allowed`
  const bytes = utf8Length(name) + utf8Length(text) + 2
  return bytes > maximumBytes
    ? `Invalid value of environment variable ${name}: Linux allows ${maximumBytes} bytes, and it takes ${bytes}`
    : undefined
}, { identifier: "EnvironmentVariable", message: sentenceOf }))

/**
 * Environment variables by name, sorted by name.
 *
 * @since 0.1.0
 * @category models
 */
export type Environment = SortedMap.SortedMap<Name, Value>

/**
 * Empty environment.
 *
 * @since 0.1.0
 * @category constructors
 */
export const empty: Environment = SortedMap.empty<Name, Value>(Order.string)

/**
 * Sets a variable; replaces an earlier value. Throws if the name or the value is invalid.
 *
 * The name, `=`, the value and a NUL together have at most 131072 bytes of UTF-8, the limit of Linux for one variable
 * (`MAX_ARG_STRLEN`) with pages of 4 KiB.
 *
 * @since 0.1.0
 * @category combinators
 */
export const set: {
  (name: string, value: Value): (self: Environment) => Environment
  (self: Environment, name: string, value: Value): Environment
} = dual(3, (self: Environment, name: string, value: Value): Environment => {
  const variable = Schema.decodeSync(Variable)({ name, value })
  return SortedMap.set(self, variable.name, variable.value)
})

/**
 * Creates an environment from a record. Throws if a name or a value is invalid.
 *
 * @example
 * ```ts
 * import { Environment } from "@ociman/containers"
 * import { Redacted } from "effect"
 *
 * const environment = Environment.fromRecord({
 *   POSTGRES_USER: "app",
 *   POSTGRES_PASSWORD: Redacted.make("secret")
 * })
 *
 * assert.deepStrictEqual(Environment.names(environment), ["POSTGRES_PASSWORD", "POSTGRES_USER"])
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromRecord = (record: Readonly<Record<string, Value>>): Environment =>
  Object.entries(record).reduce((environment, [name, value]) => set(environment, name, value), empty)

/**
 * Merges two environments. If both have a variable, the value of `that` wins.
 *
 * @since 0.1.0
 * @category combinators
 */
export const merge: {
  (that: Environment): (self: Environment) => Environment
  (self: Environment, that: Environment): Environment
} = dual(
  2,
  (self: Environment, that: Environment): Environment =>
    SortedMap.reduce(that, self, (all, value, name) => SortedMap.set(all, name, value))
)

/**
 * Returns the names, sorted.
 *
 * @since 0.1.0
 * @category getters
 */
export const names = (self: Environment): ReadonlyArray<Name> => Array.from(SortedMap.keys(self))

/**
 * Returns the values by name, **with secrets in clear text**, for the environment of a process.
 *
 * @since 0.1.0
 * @category conversions
 */
export const toRecord = (self: Environment): Readonly<Record<string, string>> =>
  Object.fromEntries(Array.from(self, ([name, value]) => [name, reveal(value)]))

const isSpace = (char: string): boolean => char === " " || char === "\t"

const readLine = (line: string, lookup: (name: string) => string | undefined) => {
  const end = line.indexOf("=")
  const name = end === -1 ? line : line.slice(0, end)
  if (name === "") return Either.left("there is no name before \"=\"")
  if (Array.from(name).some(isSpace)) return Either.left("there is white space in or after a name")
  const value = end === -1 ? lookup(name) : line.slice(end + 1)
  return value === undefined
    ? Either.right(undefined)
    : Either.mapLeft(Schema.decodeEither(Variable)({ name, value }), reason)
}

/**
 * Parses a file of environment variables as Docker does for `--env-file`: a `NAME=value` on each line, a later one
 * replaces an earlier. White space before a name, empty lines, and lines that begin with `#` are ignored. The value is
 * everything after the `=`: there are no quotes, escapes, comments or references to other variables. A `NAME` alone
 * takes its value from `lookup`, and is ignored if there is none. By default, `lookup` has no values.
 *
 * An error names the line but never quotes it, since it may contain a secret. White space in a name, which Podman
 * accepts, is an error, as on Docker.
 *
 * @see https://github.com/docker/cli/blob/v28.2.2/pkg/kvfile/kvfile.go
 *
 * @example
 * ```ts
 * import { Environment } from "@ociman/containers"
 * import { Either } from "effect"
 *
 * assert.deepStrictEqual(
 *   Environment.parseFile("# settings\nLOG_LEVEL=debug\nHOME\n", { lookup: () => "/root" }),
 *   Either.right(Environment.fromRecord({ LOG_LEVEL: "debug", HOME: "/root" }))
 * )
 * ```
 *
 * @since 0.1.0
 * @category parsing
 */
export const parseFile = (
  text: string,
  options: { readonly lookup?: ((name: string) => string | undefined) | undefined } = {}
): Either.Either<Environment, ParseResult.ParseError> => {
  const lookup = options.lookup ?? (() => undefined)
  let environment = empty
  for (const [index, line] of text.replace(/^\uFEFF/, "").split(/\r?\n/).entries()) {
    const content = line.trimStart()
    if (content === "" || content.startsWith("#")) continue
    const variable = readLine(content, lookup)
    if (Either.isLeft(variable)) {
      return Either.left(parseError("environment file", undefined, `on line ${index + 1} ${variable.left}`))
    }
    if (variable.right !== undefined) {
      environment = SortedMap.set(environment, variable.right.name, variable.right.value)
    }
  }
  return Either.right(environment)
}
