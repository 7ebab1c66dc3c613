/**
 * Image references: `[domain[:port]/]path[:tag][@digest]`.
 *
 * References follow the grammar of distribution/reference. Parsing keeps the text as written, without defaults, and
 * {@link format} prints it unchanged. By Docker's rule, the text before the first slash is a domain if it has a dot, a
 * colon or an upper-case letter, or is `localhost`. So `test.com:5000` is the repository `test.com` with the tag
 * `5000`, `test.com:5000/a` is on a registry, and `library/a` is not.
 *
 * Text that Docker cannot complete is not a reference: 64 hexadecimal digits alone (an image id), or a path longer than
 * 255 characters once `library/` is added. Therefore {@link canonical} is total.
 *
 * `my_host.com/a` is an ambiguous case: its first component looks like a domain, but has a character that is valid in a
 * path and not in a domain. As in distribution/reference it is part of the path, and Docker Hub is not assumed.
 *
 * @see https://github.com/distribution/reference/blob/v0.6.0/reference.go
 * @since 0.1.0
 */
import * as Brand from "effect/Brand"
import * as Either from "effect/Either"
import { dual } from "effect/Function"
import * as Option from "effect/Option"
import * as order from "effect/Order"
import * as ParseResult from "effect/ParseResult"
import type { Pipeable } from "effect/Pipeable"
import * as Schema from "effect/Schema"
import * as Digest from "./Digest.js"
import { pipeMethod } from "./internal/values/pipeMethod.js"
import * as scanner from "./internal/values/referenceScanner.js"
import { excerpt } from "./internal/values/text.js"

/**
 * A text is not a reference. `position` is the offset of the first violation, from 0 and in UTF-16 units, and `rule`
 * the violated rule as a sentence.
 *
 * @since 0.1.0
 * @category errors
 */
export class InvalidReference
  extends Schema.TaggedError<InvalidReference>("@ociman/oci/InvalidReference")("InvalidReference", {
    input: Schema.String,
    position: Schema.NonNegativeInt,
    reason: Schema.Literal(
      "Empty",
      "InvalidFormat",
      "UppercaseName",
      "NameTooLong",
      "TagTooLong",
      "InvalidDigest",
      "ImageId"
    ),
    rule: Schema.String
  })
{
  override get message(): string {
    return `Invalid image reference ${excerpt(this.input)} at position ${this.position}: ${this.rule}`
  }
}

/**
 * Tag: 1 to 128 letters, digits, `_`, `.` and `-`, not beginning with `.` or `-`.
 *
 * @since 0.1.0
 * @category models
 */
export type Tag = string & Brand.Brand<"@ociman/oci/Reference/Tag">

/**
 * Schema of tags: 1 to 128 letters, digits, `_`, `.` and `-`, not beginning with `.` or `-`.
 *
 * @since 0.1.0
 * @category schemas
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pulling-manifests
 */
export const Tag = Schema.String.pipe(
  Schema.filter(scanner.isTag, {
    message: ({ actual }) =>
      `Invalid tag ${excerpt(String(actual))}: a tag has 1 to 128 letters, digits, "_", "." and "-", ` +
      `and does not begin with "." or "-"`
  }),
  Schema.brand("@ociman/oci/Reference/Tag")
).annotations({ identifier: "Reference.Tag" })

const uncheckedTag = Brand.nominal<Tag>()

/**
 * Registry of a reference: a host and a port, as written.
 *
 * @since 0.1.0
 * @category models
 */
export class Domain extends Schema.Class<Domain>("@ociman/oci/Reference/Domain")(
  Schema.Struct({
    /** Host name, IPv4 address, or IPv6 address in brackets. */
    host: Schema.NonEmptyString,
    /** Digits of the port, as written. */
    port: Schema.optionalWith(Schema.NonEmptyString, { as: "Option", exact: true })
  }).pipe(Schema.filter((fields) => {
    const read = scanner.scanDomain(printDomain(fields))
    return Either.isRight(read) && read.right.host === fields.host ? undefined : "not a domain of a reference"
  }))
) {
  /**
   * Kind of the host: name or address.
   *
   * @since 0.1.0
   */
  get kind(): "name" | "ipv4" | "ipv6" {
    return this.host.startsWith("[") ? "ipv6" : isIpv4(this.host) ? "ipv4" : "name"
  }

  /**
   * Formats the domain as in a reference.
   *
   * @since 0.1.0
   */
  override toString(): string {
    return printDomain(this)
  }
}

const printDomain = ({ host, port }: scanner.Authority): string =>
  Option.match(port, { onNone: () => host, onSome: (digits) => `${host}:${digits}` })

const isIpv4 = (host: string): boolean => {
  const octets = host.split(".")
  return octets.length === 4 && octets.every((_) => String(Number(_)) === _ && Number(_) <= 255)
}

const print = ({ digest, domain, path, tag }: scanner.Parts): string =>
  Option.match(domain, { onNone: () => "", onSome: (_) => `${printDomain(_)}/` }) + path +
  Option.match(tag, { onNone: () => "", onSome: (_) => `:${_}` }) +
  Option.match(digest, { onNone: () => "", onSome: (_) => `@${_}` })

/** Checks that the printed fields parse to the same fields. */
const isReadBack = (fields: scanner.Parts): string | undefined =>
  Either.match(scanner.scan(print(fields)), {
    onLeft: (failure) => failure.rule,
    onRight: (read) =>
      read.path === fields.path && Option.isSome(read.tag) === Option.isSome(fields.tag)
        ? undefined
        : `the parts of ${excerpt(print(fields))} would not be read back as they are`
  })

/** Examples of valid references for property tests, with each kind of part in each position. */
const samples =
  /^((([A-Za-z0-9]{1,8}\.)+[a-z]{2,3}|localhost|\[::[0-9a-f]{1,4}\])(:[0-9]{1,5})?\/)?[a-z0-9]{1,8}((_|-{1,3})[a-z0-9]{1,8})?(\/[a-z0-9]{1,8}(\.[a-z0-9]{1,8})?){0,2}(:\w[\w.-]{0,16})?(@sha256:[0-9a-f]{64})?$/

/**
 * Image reference. Two references are `Equal` if they print the same; `docker.io/library/alpine` and `alpine` are equal
 * only in their {@link canonical} form.
 *
 * @since 0.1.0
 * @category models
 * @example
 * import { Reference } from "@ociman/oci"
 *
 * const reference = Reference.make("registry.example.com:5000/team/app:1.0")
 *
 * assert.strictEqual(String(reference), "registry.example.com:5000/team/app:1.0")
 * assert.strictEqual(reference.name, "registry.example.com:5000/team/app")
 * assert.strictEqual(reference.path, "team/app")
 */
export class Reference extends Schema.Class<Reference>("@ociman/oci/Reference")(
  Schema.Struct({
    /** Registry, if the reference has one. */
    domain: Schema.optionalWith(Domain, { as: "Option", exact: true }),
    /** Repository on the registry: components separated by slashes. */
    path: Schema.NonEmptyString,
    tag: Schema.optionalWith(Tag, { as: "Option", exact: true }),
    digest: Schema.optionalWith(Digest.Digest, { as: "Option", exact: true })
  }).pipe(Schema.filter(isReadBack)),
  { arbitrary: () => (fc) => fc.stringMatching(samples).map(make) }
) {
  /**
   * Reference without tag and digest, as text.
   *
   * @since 0.1.0
   */
  get name(): string {
    return print({ ...this, tag: Option.none(), digest: Option.none() })
  }

  /**
   * Components of the path, at least one.
   *
   * @since 0.1.0
   */
  get components(): ReadonlyArray<string> {
    return this.path.split("/")
  }

  /**
   * Formats the reference, like {@link format}.
   *
   * @since 0.1.0
   */
  override toString(): string {
    return print(this)
  }

  /**
   * @since 0.1.0
   */
  get pipe(): Pipeable["pipe"] {
    return pipeMethod
  }
}

const fromParts = (parts: scanner.Parts): Reference =>
  new Reference({
    domain: Option.map(parts.domain, (_) => new Domain(_, true)),
    path: parts.path,
    tag: Option.map(parts.tag, uncheckedTag),
    digest: parts.digest
  }, true)

/**
 * Parses a reference in linear time. The error has the position and the violated rule.
 *
 * @since 0.1.0
 * @category constructors
 * @example
 * import { Reference } from "@ociman/oci"
 * import { Either } from "effect"
 *
 * const result = Reference.parse("docker/Docker")
 *
 * assert.strictEqual(
 *   Either.isLeft(result) && result.left.message,
 *   "Invalid image reference \"docker/Docker\" at position 7: a repository name is in lower case"
 * )
 */
export const parse = (input: string): Either.Either<Reference, InvalidReference> =>
  Either.mapBoth(scanner.scan(input), {
    onLeft: (failure) => new InvalidReference({ input, ...failure }),
    onRight: fromParts
  })

/**
 * Makes a reference from a literal in the source code. Throws an {@link InvalidReference} if the literal is not a
 * reference; parse untrusted text with {@link FromString} or {@link parse}.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (literal: string): Reference => Either.getOrThrowWith(parse(literal), (error) => error)

/**
 * Reports whether a value is a reference.
 *
 * @since 0.1.0
 * @category refinements
 */
export const isReference: (u: unknown) => u is Reference = Schema.is(Reference)

/**
 * Formats a reference as text that parses to the same reference.
 *
 * @since 0.1.0
 * @category conversions
 */
export const format = (self: Reference): string => print(self)

/**
 * Schema of references as text. Encoding returns the decoded text unchanged.
 *
 * @since 0.1.0
 * @category schemas
 */
export const FromString: Schema.transformOrFail<typeof Schema.String, Schema.SchemaClass<Reference>> = Schema
  .transformOrFail(Schema.String, Schema.typeSchema(Reference), {
    strict: true,
    decode: (input, _, ast) => Either.mapLeft(parse(input), (error) => new ParseResult.Type(ast, input, error.message)),
    encode: (reference) => ParseResult.succeed(format(reference))
  }).annotations({ identifier: "Reference.FromString" })

/**
 * Orders references by their text.
 *
 * @since 0.1.0
 * @category instances
 */
export const Order: order.Order<Reference> = order.mapInput(order.string, format)

/**
 * Sets the tag. A digest is kept.
 *
 * @since 0.1.0
 * @category combinators
 */
export const withTag: {
  (tag: Tag): (self: Reference) => Reference
  (self: Reference, tag: Tag): Reference
} = dual(2, (self: Reference, tag: Tag): Reference => new Reference({ ...self, tag: Option.some(tag) }, true))

/**
 * Sets the digest. A tag is kept.
 *
 * @since 0.1.0
 * @category combinators
 */
export const withDigest: {
  (digest: Digest.Digest): (self: Reference) => Reference
  (self: Reference, digest: Digest.Digest): Reference
} = dual(
  2,
  (self: Reference, digest: Digest.Digest): Reference => new Reference({ ...self, digest: Option.some(digest) }, true)
)

/**
 * Removes the tag. A digest is kept.
 *
 * @since 0.1.0
 * @category combinators
 */
export const withoutTag = (self: Reference): Reference =>
  notImageId(new Reference({ ...self, tag: Option.none() }, true))

/**
 * Removes tag and digest.
 *
 * @since 0.1.0
 * @category combinators
 */
export const nameOnly = (self: Reference): Reference =>
  notImageId(new Reference({ ...self, tag: Option.none(), digest: Option.none() }, true))

/** A repository of 64 hexadecimal digits alone would print as an image id, so it is made canonical. */
const notImageId = (self: Reference): Reference => scanner.isImageId(print(self)) ? canonical(self) : self

const latest = Tag.make("latest")

/**
 * Adds the tag `latest` if the reference has neither tag nor digest, as container engines do.
 *
 * @since 0.1.0
 * @category combinators
 */
export const withDefaultTag = (self: Reference): Reference =>
  Option.isSome(self.tag) || Option.isSome(self.digest) ? self : withTag(self, latest)

const dockerHub = new Domain({ host: "docker.io", port: Option.none() })

/**
 * Adds the defaults of Docker: the domain `docker.io` (which also replaces `index.docker.io`) and the namespace
 * `library/`. Tag and digest are unchanged.
 *
 * @since 0.1.0
 * @category combinators
 * @example
 * import { Reference } from "@ociman/oci"
 *
 * assert.strictEqual(String(Reference.canonical(Reference.make("alpine:3.20"))), "docker.io/library/alpine:3.20")
 * assert.strictEqual(String(Reference.canonical(Reference.make("quay.io/a/b"))), "quay.io/a/b")
 */
export const canonical = (self: Reference): Reference =>
  scanner.isDockerHub(self.domain) && !beginsLikeDomain(self)
    ? new Reference({ ...self, domain: Option.some(dockerHub), path: scanner.fullPath(self) }, true)
    : self

const beginsLikeDomain = ({ components: [head = "", ...rest], domain }: Reference): boolean =>
  Option.isNone(domain) && rest.length > 0 && scanner.looksLikeDomain(head)

/**
 * Formats the shortest form of a reference, without Docker's defaults, as `docker image ls` does. It is for display:
 * for a few names on Docker Hub, such as `docker.io/a.b/c`, it does not parse to the same reference.
 *
 * @since 0.1.0
 * @category conversions
 * @example
 * import { Reference } from "@ociman/oci"
 *
 * assert.strictEqual(Reference.familiar(Reference.make("docker.io/library/alpine:3.20")), "alpine:3.20")
 */
export const familiar = (self: Reference): string => {
  const full = canonical(self)
  if (!scanner.isDockerHub(full.domain)) return print(full)
  const path = full.path.startsWith("library/") && full.components.length === 2 ? full.path.slice(8) : full.path
  return print({ ...full, domain: Option.none(), path })
}
