/**
 * Repositories: where on which registry the images of a name are.
 *
 * @since 0.1.0
 */
import * as Reference from "@ociman/oci/Reference"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as hub from "./internal/hub.js"
import { InvalidRegistryKey, parse as parseKey, RegistryKey } from "./RegistryKey.js"

const isRepository = ({ host, path }: { readonly host: string; readonly path: string }): string | undefined =>
  Either.match(parseKey(`${host}/${path}`), {
    onLeft: ({ rule }) => rule,
    onRight: (key) => key.host === host && key.path === path ? undefined : "it would be read as another one"
  })

/**
 * A repository of a registry, `quay.io/team/app`. On Docker Hub the registry is `docker.io`, and an official image is
 * in `library/`.
 *
 * @since 0.1.0
 * @category models
 */
export class Repository extends Schema.Class<Repository>("@ociman/registry/Repository")(
  Schema.Struct({
    /** The registry, as references name it. */
    host: Schema.NonEmptyString,
    /** Components joined by slashes. */
    path: Schema.NonEmptyString
  }).pipe(Schema.filter(isRepository))
) {
  /**
   * The name that {@link parse} reads.
   *
   * @since 0.1.0
   */
  override toString(): string {
    return `${this.host}/${this.path}`
  }
}

/**
 * Where an image is.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromReference = (reference: Reference.Reference): Repository => {
  const { domain, path } = Reference.canonical(reference)
  return new Repository({ host: Option.match(domain, { onNone: () => hub.domain, onSome: String }), path }, true)
}

/**
 * Reads a name from outside, completed as Docker does. A tag, a digest or a scheme does not belong to it.
 *
 * @since 0.1.0
 * @category constructors
 */
export const parse = (input: string): Either.Either<Repository, InvalidRegistryKey> => {
  const fail = (rule: string) => Either.left(new InvalidRegistryKey({ input, rule }))
  return Either.match(Reference.parse(input), {
    onLeft: ({ rule }) => fail(rule),
    onRight: (reference) =>
      Option.isSome(reference.tag) || Option.isSome(reference.digest)
        ? fail("it has neither a tag nor a digest")
        : Either.right(fromReference(reference))
  })
}

/**
 * A name that stands in the program. One that does not parse is a programming error and throws.
 *
 * @example
 * ```ts
 * import { Repository } from "@ociman/registry"
 *
 * assert.strictEqual(Repository.make("registry.example.com:5000/team/app").path, "team/app")
 * assert.strictEqual(String(Repository.make("alpine")), "docker.io/library/alpine")
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (input: string): Repository =>
  Either.getOrThrowWith(parse(input), (error) => new TypeError(error.message))

/**
 * The registry that has it.
 *
 * @since 0.1.0
 * @category getters
 */
export const registry = (self: Repository): RegistryKey => new RegistryKey({ host: self.host, path: "" })

/**
 * What credentials are looked up by.
 *
 * @since 0.1.0
 * @category getters
 */
export const key = (self: Repository): RegistryKey => new RegistryKey({ host: self.host, path: self.path })
