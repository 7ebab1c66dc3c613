/**
 * Names of repositories: a registry and a path.
 *
 * @since 0.1.0
 */
import { Reference } from "@ociman/oci"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as hub from "./internal/hub.js"
import { InvalidRegistryKey, parse as parseKey, RegistryKey } from "./RegistryKey.js"

const isRepository = ({ host, path }: { readonly host: string; readonly path: string }): string | undefined =>
  Either.match(parseKey(`${host}/${path}`), {
    onLeft: ({ rule }) => rule,
    onRight: (key) => key.host === host && key.path === path ? undefined : "it is not in canonical form"
  })

/**
 * A repository of a registry, such as `quay.io/team/app`. On Docker Hub the registry is `docker.io`, and the path of an
 * official image begins with `library/`.
 *
 * @since 0.1.0
 * @category models
 */
export class Repository extends Schema.Class<Repository>("@ociman/registry/Repository")(
  Schema.Struct({
    /** The registry as named in references. */
    host: Schema.NonEmptyString,
    /** Path components joined by slashes. */
    path: Schema.NonEmptyString
  }).pipe(Schema.filter(isRepository))
) {
  /**
   * Formats the name as {@link parse} reads it.
   *
   * @since 0.1.0
   */
  override toString(): string {
    return `${this.host}/${this.path}`
  }
}

/**
 * Returns the repository of a reference.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromReference = (reference: Reference.Reference): Repository => {
  const { domain, path } = Reference.canonical(reference)
  return new Repository({ host: Option.match(domain, { onNone: () => hub.domain, onSome: String }), path }, true)
}

/**
 * Parses a repository name, completed as Docker does. Rejects a tag, a digest or a scheme.
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
        ? fail("it must not have a tag or a digest")
        : Either.right(fromReference(reference))
  })
}

/**
 * Creates a repository from a literal. Throws if it is invalid.
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
 * Returns the key of the whole registry.
 *
 * @since 0.1.0
 * @category getters
 */
export const registry = (self: Repository): RegistryKey => new RegistryKey({ host: self.host, path: "" })

/**
 * Returns the key under which credentials are looked up.
 *
 * @since 0.1.0
 * @category getters
 */
export const key = (self: Repository): RegistryKey => new RegistryKey({ host: self.host, path: self.path })
