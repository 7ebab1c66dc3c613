/**
 * Names of registries and their repositories.
 *
 * @since 0.1.0
 */
import * as Reference from "@ociman/oci/Reference"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as dockerHub from "./internal/dockerHub.js"
import { InvalidRegistryName } from "./RegistryError.js"

/**
 * A registry as named in references, optionally with a path prefix of its repositories, for which credentials are stored:
 * `registry.example.com:5000`, `quay.io/team`. Every alias of Docker Hub becomes `docker.io`.
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
   * Formats the key as {@link parseRegistryKey} reads it.
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
export const parseRegistryKey = (input: string): Either.Either<RegistryKey, InvalidRegistryName> => {
  const fail = (rule: string) => Either.left(new InvalidRegistryName({ input, rule }))
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
        : Either.right(new RegistryKey({ host: dockerHub.isAlias(host) ? dockerHub.domain : host, path }))
  })
}

/**
 * Creates a registry key from a literal. Throws if it is invalid.
 *
 * @example
 * ```ts
 * import { Repository } from "@ociman/registry"
 *
 * assert.strictEqual(String(Repository.registryKey("index.docker.io")), "docker.io")
 * assert.strictEqual(Repository.registryKey("quay.io/team/app").path, "team/app")
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const registryKey = (input: string): RegistryKey =>
  Either.getOrThrowWith(parseRegistryKey(input), (error) => new TypeError(error.message))

const isCanonical = ({ host, path }: { readonly host: string; readonly path: string }): string | undefined =>
  Either.match(parseRegistryKey(`${host}/${path}`), {
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
  }).pipe(Schema.filter(isCanonical))
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
  return new Repository({ host: Option.match(domain, { onNone: () => dockerHub.domain, onSome: String }), path }, true)
}

/**
 * Parses a repository name, completed as Docker does. Rejects a tag, a digest or a scheme.
 *
 * @since 0.1.0
 * @category constructors
 */
export const parse = (input: string): Either.Either<Repository, InvalidRegistryName> => {
  const fail = (rule: string) => Either.left(new InvalidRegistryName({ input, rule }))
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
