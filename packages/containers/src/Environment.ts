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
 * The name of an environment variable: not empty, without `=` and NUL.
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
 * The name of an environment variable.
 *
 * @since 0.1.0
 * @category models
 */
export type Name = typeof Name.Type

/**
 * The value of an environment variable, without NUL. A secret is `Redacted`.
 *
 * @since 0.1.0
 * @category models
 */
export type Value = string | Redacted.Redacted<string>

const reveal = (value: Value): string => Redacted.isRedacted(value) ? Redacted.value(value) : value

/**
 * The bytes that Linux allows for `NAME=value` and the NUL that ends it, on a machine with pages of 4 KiB.
 *
 * @see https://github.com/torvalds/linux/blob/v6.1/include/uapi/linux/binfmts.h
 */
const maximumBytes = 131072

// A value may be a secret, so no message quotes it.
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
 * No variables.
 *
 * @since 0.1.0
 * @category constructors
 */
export const empty: Environment = SortedMap.empty<Name, Value>(Order.string)

/**
 * Sets a variable, in place of an earlier value. Throws where the name or the value breaks its rule.
 *
 * The name, the `=`, the value and a NUL together have at most 131072 bytes of UTF-8, what Linux allows for one variable
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
 * The variables of a record. Throws where a name or a value breaks its rule.
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
 * Both environments; where both have a variable, the value of `that` wins.
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
 * The names, sorted.
 *
 * @since 0.1.0
 * @category getters
 */
export const names = (self: Environment): ReadonlyArray<Name> => Array.from(SortedMap.keys(self))

/**
 * The values by name, **with the secrets in clear text**, to hand to a process.
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
 * Reads a file of environment variables as Docker does for `--env-file`: a `NAME=value` on each line, a later one in
 * place of an earlier. White space before a name is dropped, lines that are empty or begin with `#` too. All that
 * follows the `=` is the value: there are no quotes, no escapes, no comments after it, and no references to other
 * variables. A `NAME` alone takes the value that `lookup` has for it, and is dropped if there is none, as is the default.
 *
 * An error names the line and never what is in it, which may be a secret. Podman takes more than Docker: white space in
 * a name, which here is an error.
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
