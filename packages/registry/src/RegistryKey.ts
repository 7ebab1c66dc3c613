/**
 * What credentials are for: a registry, or a part of its repositories.
 *
 * @since 0.1.0
 */
import * as Reference from "@ociman/oci/Reference"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as hub from "./internal/hub.js"
import { printable } from "./internal/printable.js"

/**
 * A text names no registry. `rule` says which one it breaks.
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
 * A registry, as references name it, and possibly the beginning of the repositories that are meant:
 * `registry.example.com:5000`, `quay.io/team`. Docker Hub is `docker.io` under each of its names.
 *
 * @since 0.1.0
 * @category models
 */
export class RegistryKey extends Schema.Class<RegistryKey>("@ociman/registry/RegistryKey")({
  host: Schema.NonEmptyString,
  /** Components joined by slashes; empty for the whole registry. */
  path: Schema.String
}) {
  /**
   * The name that {@link parse} reads.
   *
   * @since 0.1.0
   */
  override toString(): string {
    return this.path === "" ? this.host : `${this.host}/${this.path}`
  }
}

/**
 * Reads a name from outside. A tag, a digest or a scheme does not belong to it.
 *
 * @since 0.1.0
 * @category constructors
 */
export const parse = (input: string): Either.Either<RegistryKey, InvalidRegistryKey> => {
  const fail = (rule: string) => Either.left(new InvalidRegistryKey({ input, rule }))
  if (input.includes("://")) return fail("it is written without a scheme")
  const slash = input.indexOf("/")
  const host = slash < 0 ? input : input.slice(0, slash)
  const path = slash < 0 ? "" : input.slice(slash + 1)
  if (slash >= 0 && path === "") return fail("nothing follows the slash")
  return Either.match(Reference.parse(`${host}/${path === "" ? "x" : path}`), {
    onLeft: ({ rule }) => fail(rule),
    onRight: (reference) =>
      Option.isSome(reference.tag) || Option.isSome(reference.digest)
        ? fail("it has neither a tag nor a digest")
        : Option.isNone(reference.domain)
        ? fail("a registry has a dot, a colon or an upper-case letter in its name, or is localhost")
        : Either.right(new RegistryKey({ host: hub.isAlias(host) ? hub.domain : host, path }))
  })
}

/**
 * A name that stands in the program. One that does not parse is a programming error and throws.
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
 * Where an image is.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromReference = (reference: Reference.Reference): RegistryKey => {
  const { domain, path } = Reference.canonical(reference)
  return new RegistryKey({ host: Option.match(domain, { onNone: () => hub.domain, onSome: String }), path })
}

/**
 * From the narrowest to the widest, what has credentials for this: itself, each path above it, the registry.
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
