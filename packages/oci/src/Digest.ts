/**
 * Content digests, `algorithm:encoded`, as defined by the image specification.
 *
 * A {@link Digest} is a branded string: it compares with `===` and encodes as itself. The algorithms `sha256` and
 * `sha512` are supported. Other algorithms are refused, since a digest that cannot be computed cannot be verified;
 * documents that contain such digests can still be read, as {@link WellFormed}.
 *
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/descriptor.md#digests
 * @since 0.1.0
 */
import * as Brand from "effect/Brand"
import * as Either from "effect/Either"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import { excerpt, isAlphanumeric, isLowerHex } from "./internal/values/text.js"

/**
 * Schema of the supported digest algorithms.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Algorithm = Schema.Literal("sha256", "sha512").annotations({ identifier: "Digest.Algorithm" })

/**
 * Supported digest algorithms.
 *
 * @since 0.1.0
 * @category models
 */
export type Algorithm = typeof Algorithm.Type

/**
 * Reasons why a text is not a digest: its format, its length, or an unsupported algorithm.
 *
 * @since 0.1.0
 * @category models
 */
export type InvalidDigestReason = InvalidDigest["reason"]

/**
 * A text is not a digest. `position` is the offset of the first violation, from 0 and in UTF-16 units.
 *
 * @since 0.1.0
 * @category errors
 */
export class InvalidDigest extends Schema.TaggedError<InvalidDigest>("@ociman/oci/InvalidDigest")("InvalidDigest", {
  input: Schema.String,
  position: Schema.NonNegativeInt,
  reason: Schema.Literal("InvalidFormat", "InvalidLength", "Unsupported"),
  rule: Schema.String
}) {
  override get message(): string {
    return `Invalid digest ${excerpt(this.input)} at position ${this.position}: ${this.rule}`
  }
}

/**
 * Grammatically valid digest of any algorithm. Every {@link Digest} is one; {@link isDigest} tells whether it can be
 * computed.
 *
 * @since 0.1.0
 * @category models
 */
export type WellFormed = string & Brand.Brand<"@ociman/oci/Digest/WellFormed">

/**
 * Digest with a supported algorithm, the length of the algorithm, and lower-case hexadecimal digits.
 *
 * @since 0.1.0
 * @category models
 */
export type Digest = WellFormed & Brand.Brand<"@ociman/oci/Digest">

const unchecked = Brand.nominal<Digest>()

/** Number of hexadecimal digits by algorithm. */
const digits: Record<Algorithm, number> = { sha256: 64, sha512: 128 }

const isAlgorithm = Schema.is(Algorithm)

/** Grammar of algorithm names: `[a-z0-9]+` joined by single `+`, `.`, `_` or `-`. */
const isAlgorithmName = (text: string): boolean => {
  let separated = true
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (isAlphanumeric(code)) {
      separated = false
    } else if (separated || !"+._-".includes(text[i] ?? "")) {
      return false
    } else {
      separated = true
    }
  }
  return !separated
}

/**
 * Parses a digest. The error has the position and the violated rule.
 *
 * @since 0.1.0
 * @category constructors
 */
export const parse = (input: string): Either.Either<Digest, InvalidDigest> => {
  const fail = (position: number, reason: InvalidDigestReason, rule: string) =>
    Either.left(new InvalidDigest({ input, position, reason, rule }))
  const colon = input.indexOf(":")
  if (colon === -1) {
    return fail(input.length, "InvalidFormat", "a digest is an algorithm, \":\" and hexadecimal digits")
  }
  const algorithm = input.slice(0, colon)
  if (!isAlgorithmName(algorithm)) {
    return fail(0, "InvalidFormat", "an algorithm is lower-case letters and digits, like \"sha256\"")
  }
  if (!isAlgorithm(algorithm)) {
    return fail(0, "Unsupported", `the algorithm ${excerpt(algorithm)} is not supported, only sha256 and sha512 are`)
  }
  const length = input.length - colon - 1
  if (length !== digits[algorithm]) {
    const rule = `a ${algorithm} digest has ${digits[algorithm]} digits after the colon, this one has ${length}`
    return fail(colon + 1 + Math.min(length, digits[algorithm]), "InvalidLength", rule)
  }
  for (let i = colon + 1; i < input.length; i++) {
    if (!isLowerHex(input.charCodeAt(i))) {
      return fail(i, "InvalidFormat", "the digits must be hexadecimal and in lower case")
    }
  }
  return Either.right(unchecked(input))
}

const grammar = /^[a-z0-9]+(?:[+._-][a-z0-9]+)*:[A-Za-z0-9=_-]+$/

// sha384 is a registered algorithm, so its length is checked although it cannot be computed.
const sha384 = /^sha384:(?![0-9a-f]{96}$)/

const registered = /^(sha256|sha512):/

/**
 * Schema of digests of any algorithm, as in documents. Digits of the registered algorithms (`sha256`, `sha384`,
 * `sha512`) are checked; others may have any encoding that the grammar allows.
 *
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/descriptor.md#digests
 * @since 0.1.0
 * @category schemas
 */
export const WellFormed = Schema.String.pipe(
  Schema.filter((input, _, ast) => {
    if (registered.test(input)) {
      return Either.match(parse(input), {
        onLeft: (error) => new ParseResult.Type(ast, input, error.message),
        onRight: () => undefined
      })
    }
    return grammar.test(input) && !sha384.test(input)
      ? undefined
      : new ParseResult.Type(ast, input, `Invalid digest ${excerpt(input)}: it is written algorithm:encoded`)
  }),
  Schema.brand("@ociman/oci/Digest/WellFormed")
).annotations({
  identifier: "Digest.WellFormed",
  arbitrary: () => (fc) =>
    fc.stringMatching(/^(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}|other\+b64u:[0-9A-Za-z_-]{43}=)$/).map(wellFormed)
})

const wellFormed = Brand.nominal<WellFormed>()

/**
 * Schema of digests that can be computed.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Digest = Schema.String.pipe(
  Schema.filter((input, _, ast) =>
    Either.match(parse(input), {
      onLeft: (error) => new ParseResult.Type(ast, input, error.message),
      onRight: () => undefined
    })
  ),
  Schema.brand("@ociman/oci/Digest/WellFormed"),
  Schema.brand("@ociman/oci/Digest")
).annotations({
  identifier: "Digest",
  arbitrary: () => (fc) => fc.stringMatching(/^(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/).map((_) => unchecked(_))
})

/**
 * Reports whether a value is a digest that can be computed.
 *
 * @since 0.1.0
 * @category refinements
 */
export const isDigest: (u: unknown) => u is Digest = Schema.is(Digest)

/**
 * Gets the algorithm of a digest.
 *
 * @since 0.1.0
 * @category getters
 */
export const algorithm = (self: Digest): Algorithm => self.startsWith("sha256:") ? "sha256" : "sha512"

/**
 * Gets the hexadecimal digits of a digest.
 *
 * @since 0.1.0
 * @category getters
 */
export const encoded = (self: Digest): string => self.slice(self.indexOf(":") + 1)
