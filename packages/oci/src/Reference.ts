/**
 * Image references: `[domain[:port]/]path[:tag][@digest]`.
 *
 * A reference is read by the grammar of distribution/reference, and keeps what it read: nothing is filled in, nothing
 * is rewritten, and {@link format} prints the text it came from. What precedes the first slash is a domain by Docker's
 * rule, that is, if it has a dot, a colon or an upper-case letter, or is `localhost`. So `test.com:5000` is the
 * repository `test.com` with the tag `5000`, `test.com:5000/a` is on a registry, and `library/a` is not.
 *
 * A text that Docker could not complete is not a reference: 64 hexadecimal digits alone (an image id), or a path longer
 * than 255 characters once `library/` is added. Therefore {@link canonical} is total.
 *
 * One text is neither here nor there: `my_host.com/a`. Its first component looks like a domain but has a character that
 * no domain may have and a path may. As in distribution/reference it belongs to the path, and Docker Hub is not assumed.
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
import { pipeMethod } from "./internal/pipeMethod.js"
import * as scanner from "./internal/referenceScanner.js"
import { excerpt } from "./internal/text.js"

/**
 * A text is not a reference. `position` is the offset, from 0 and in UTF-16 units, of the first character that breaks
 * a rule, and `rule` is that rule as a sentence.
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
 * A tag: letters, digits, `_`, `.` and `-`, at most 128, the first one neither `.` nor `-`.
 *
 * @since 0.1.0
 * @category models
 */
export type Tag = string & Brand.Brand<"@ociman/oci/Reference/Tag">

/**
 * A tag: letters, digits, `_`, `.` and `-`, at most 128, the first one neither `.` nor `-`.
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
 * The registry of a reference: a host as it is written, in a URL too, and a port.
 *
 * @since 0.1.0
 * @category models
 */
export class Domain extends Schema.Class<Domain>("@ociman/oci/Reference/Domain")(
  Schema.Struct({
    /** A name, an IPv4 address, or an IPv6 address in its brackets. */
    host: Schema.NonEmptyString,
    /** The digits of the port, as they are written. */
    port: Schema.optionalWith(Schema.NonEmptyString, { as: "Option", exact: true })
  }).pipe(Schema.filter((fields) => {
    const read = scanner.scanDomain(printDomain(fields))
    return Either.isRight(read) && read.right.host === fields.host ? undefined : "not a domain of a reference"
  }))
) {
  /**
   * Whether the host is a name or an address.
   *
   * @since 0.1.0
   */
  get kind(): "name" | "ipv4" | "ipv6" {
    return this.host.startsWith("[") ? "ipv6" : isIpv4(this.host) ? "ipv4" : "name"
  }

  /**
   * The domain as it stands in a reference.
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

/** Fields are a reference if what they print is read back as the same fields. */
const isReadBack = (fields: scanner.Parts): string | undefined =>
  Either.match(scanner.scan(print(fields)), {
    onLeft: (failure) => failure.rule,
    onRight: (read) =>
      read.path === fields.path && Option.isSome(read.tag) === Option.isSome(fields.tag)
        ? undefined
        : `the parts of ${excerpt(print(fields))} would not be read back as they are`
  })

/** Texts that are references: not all there are, but each kind of part in each place. */
const samples =
  /^((([A-Za-z0-9]{1,8}\.)+[a-z]{2,3}|localhost|\[::[0-9a-f]{1,4}\])(:[0-9]{1,5})?\/)?[a-z0-9]{1,8}((_|-{1,3})[a-z0-9]{1,8})?(\/[a-z0-9]{1,8}(\.[a-z0-9]{1,8})?){0,2}(:\w[\w.-]{0,16})?(@sha256:[0-9a-f]{64})?$/

/**
 * An image reference. Two references are `Equal` if they print the same; `docker.io/library/alpine` and `alpine` are
 * so only in their {@link canonical} form.
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
    /** The registry, if the reference names one. */
    domain: Schema.optionalWith(Domain, { as: "Option", exact: true }),
    /** The repository on its registry: components joined by slashes. */
    path: Schema.NonEmptyString,
    tag: Schema.optionalWith(Tag, { as: "Option", exact: true }),
    digest: Schema.optionalWith(Digest.Digest, { as: "Option", exact: true })
  }).pipe(Schema.filter(isReadBack)),
  { arbitrary: () => (fc) => fc.stringMatching(samples).map(make) }
) {
  /**
   * The reference without tag and digest, as text.
   *
   * @since 0.1.0
   */
  get name(): string {
    return print({ ...this, tag: Option.none(), digest: Option.none() })
  }

  /**
   * The components of the path, at least one.
   *
   * @since 0.1.0
   */
  get components(): ReadonlyArray<string> {
    return this.path.split("/")
  }

  /**
   * The same as {@link format}.
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
 * Reads a reference, or says at which position which rule is broken. Linear in its input.
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
 * The reference that a literal in the source code stands for. A literal that is not one is a mistake of the
 * programmer, so it throws an {@link InvalidReference} at once; text from outside goes through {@link FromString} or
 * {@link parse}.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (literal: string): Reference => Either.getOrThrowWith(parse(literal), (error) => error)

/**
 * Whether a value is a reference.
 *
 * @since 0.1.0
 * @category refinements
 */
export const isReference: (u: unknown) => u is Reference = Schema.is(Reference)

/**
 * The text that reads as this reference.
 *
 * @since 0.1.0
 * @category conversions
 */
export const format = (self: Reference): string => print(self)

/**
 * A reference as the text that people write and documents carry. Decoding fills in nothing and encoding gives back the
 * text that was decoded.
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
 * References in the order of their text.
 *
 * @since 0.1.0
 * @category instances
 */
export const Order: order.Order<Reference> = order.mapInput(order.string, format)

/**
 * The same repository under another tag. A digest is kept.
 *
 * @since 0.1.0
 * @category combinators
 */
export const withTag: {
  (tag: Tag): (self: Reference) => Reference
  (self: Reference, tag: Tag): Reference
} = dual(2, (self: Reference, tag: Tag): Reference => new Reference({ ...self, tag: Option.some(tag) }, true))

/**
 * The same repository with a digest. A tag is kept.
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
 * The reference without its tag. A digest is kept.
 *
 * @since 0.1.0
 * @category combinators
 */
export const withoutTag = (self: Reference): Reference =>
  notImageId(new Reference({ ...self, tag: Option.none() }, true))

/**
 * The repository alone, without tag and digest.
 *
 * @since 0.1.0
 * @category combinators
 */
export const nameOnly = (self: Reference): Reference =>
  notImageId(new Reference({ ...self, tag: Option.none(), digest: Option.none() }, true))

/** A repository whose name is 64 hexadecimal digits cannot stand alone: the text would be an image id. */
const notImageId = (self: Reference): Reference => scanner.isImageId(print(self)) ? canonical(self) : self

const latest = Tag.make("latest")

/**
 * The reference with the tag `latest` if it has neither tag nor digest, as every engine reads it.
 *
 * @since 0.1.0
 * @category combinators
 */
export const withDefaultTag = (self: Reference): Reference =>
  Option.isSome(self.tag) || Option.isSome(self.digest) ? self : withTag(self, latest)

const dockerHub = new Domain({ host: "docker.io", port: Option.none() })

/**
 * The reference with everything in its name that Docker assumes: the domain `docker.io` (which also replaces
 * `index.docker.io`) and the namespace `library/`. Tag and digest stay as they are, none is added.
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
 * The shortest name that people use for the reference, without what Docker assumes. It is made for the eye, as in the
 * list of `docker image ls`: for a few names on Docker Hub, like `docker.io/a.b/c`, it does not read as the same
 * reference.
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
