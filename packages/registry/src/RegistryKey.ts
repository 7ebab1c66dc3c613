/**
 * Keys of credentials: a registry, or a path prefix of its repositories.
 *
 * @since 0.1.0
 */
import { Reference } from "@ociman/oci"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as hub from "./internal/hub.js"
import { printable } from "./internal/printable.js"

/**
 * The input is not a valid name of a registry or repository. `rule` is the violated rule.
 *
 * @since 0.1.0
 * @category errors
 */
export class InvalidRegistryKey extends Schema.TaggedError<InvalidRegistryKey>("@ociman/registry/InvalidRegistryKey")(
  "InvalidRegistryKey",
  { input: Schema.String, rule: Schema.String }
) {
  override get message(): string {
    return printable(`Invalid name of a registry ${JSON.stringify(this.input)}: ${this.rule}`)
  }
}

/**
 * A registry as named in references, optionally with a path prefix of its repositories: `registry.example.com:5000`,
 * `quay.io/team`. Every alias of Docker Hub becomes `docker.io`.
 *
 * @since 0.1.0
 * @category models
 */
export class RegistryKey extends Schema.Class<RegistryKey>("@ociman/registry/RegistryKey")({
  host: Schema.NonEmptyString,
  /** Path components joined by slashes; empty for the whole registry. */
  path: Schema.String
}) {
  /**
   * Formats the key as {@link parse} reads it.
   *
   * @since 0.1.0
   */
  override toString(): string {
    return this.path === "" ? this.host : `${this.host}/${this.path}`
  }
}

/**
 * Parses a registry key. Rejects a tag, a digest or a scheme.
 *
 * @since 0.1.0
 * @category constructors
 */
export const parse = (input: string): Either.Either<RegistryKey, InvalidRegistryKey> => {
  const fail = (rule: string) => Either.left(new InvalidRegistryKey({ input, rule }))
  if (input.includes("://")) return fail("it must not have a scheme")
  const slash = input.indexOf("/")
  const host = slash < 0 ? input : input.slice(0, slash)
  const path = slash < 0 ? "" : input.slice(slash + 1)
  if (slash >= 0 && path === "") return fail("its path is empty")
  return Either.match(Reference.parse(`${host}/${path === "" ? "x" : path}`), {
    onLeft: ({ rule }) => fail(rule),
    onRight: (reference) =>
      Option.isSome(reference.tag) || Option.isSome(reference.digest)
        ? fail("it must not have a tag or a digest")
        : Option.isNone(reference.domain)
        ? fail("a registry name must contain a dot, a colon or an upper-case letter, or be localhost")
        : Either.right(new RegistryKey({ host: hub.isAlias(host) ? hub.domain : host, path }))
  })
}

/**
 * Creates a registry key from a literal. Throws if it is invalid.
 *
 * @example
 * ```ts
 * import { RegistryKey } from "@ociman/registry"
 *
 * assert.strictEqual(String(RegistryKey.make("index.docker.io")), "docker.io")
 * assert.strictEqual(RegistryKey.make("quay.io/team/app").path, "team/app")
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (input: string): RegistryKey =>
  Either.getOrThrowWith(parse(input), (error) => new TypeError(error.message))

/**
 * Returns the key of a reference's repository.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromReference = (reference: Reference.Reference): RegistryKey => {
  const { domain, path } = Reference.canonical(reference)
  return new RegistryKey({ host: Option.match(domain, { onNone: () => hub.domain, onSome: String }), path })
}

/**
 * Lists the keys whose credentials apply to a key, most specific first: itself, each parent path, the registry.
 *
 * @example
 * ```ts
 * import { RegistryKey } from "@ociman/registry"
 *
 * assert.deepStrictEqual(RegistryKey.widening(RegistryKey.make("quay.io/team/app")).map(String), [
 *   "quay.io/team/app",
 *   "quay.io/team",
 *   "quay.io"
 * ])
 * ```
 *
 * @since 0.1.0
 * @category getters
 */
export const widening = ({ host, path }: RegistryKey): ReadonlyArray<RegistryKey> => {
  const components = path === "" ? [] : path.split("/")
  return Array.from(
    { length: components.length + 1 },
    (_, i) => new RegistryKey({ host, path: components.slice(0, components.length - i).join("/") })
  )
}
