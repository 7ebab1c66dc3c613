/**
 * Content digests, `algorithm:encoded`, as the image specification defines them.
 *
 * A {@link Digest} is a branded string: it costs nothing, compares with `===` and encodes as itself. The two
 * algorithms every implementation must know are supported, `sha256` and `sha512`; any other is refused, since a digest
 * that cannot be computed cannot be verified. Documents may name content by such a digest all the same, and stay
 * readable: what they hold is {@link WellFormed}.
 *
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/descriptor.md#digests
 * @since 0.1.0
 */
import * as Brand from "effect/Brand"
import * as Either from "effect/Either"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import { excerpt, isAlphanumeric, isLowerHex } from "./internal/text.js"

/**
 * The algorithms of a digest.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Algorithm = Schema.Literal("sha256", "sha512").annotations({ identifier: "Digest.Algorithm" })

/**
 * The algorithms of a digest.
 *
 * @since 0.1.0
 * @category models
 */
export type Algorithm = typeof Algorithm.Type

/**
 * What is wrong with a text that is not a digest: its shape, its algorithm, or the number of its digits.
 *
 * @since 0.1.0
 * @category models
 */
export type InvalidDigestReason = InvalidDigest["reason"]

/**
 * A text is not a digest. `position` is the offset, from 0 and in UTF-16 units, at which it stops being one.
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
 * A digest by its grammar, of any algorithm. Every {@link Digest} is one; {@link isDigest} tells whether it is one that
 * can be computed.
 *
 * @since 0.1.0
 * @category models
 */
export type WellFormed = string & Brand.Brand<"@ociman/oci/Digest/WellFormed">

/**
 * A digest whose algorithm is known, whose length fits the algorithm, and whose digits are lower-case hexadecimal.
 *
 * @since 0.1.0
 * @category models
 */
export type Digest = WellFormed & Brand.Brand<"@ociman/oci/Digest">

const unchecked = Brand.nominal<Digest>()

/** Hexadecimal digits of a digest, by algorithm. */
const digits: Record<Algorithm, number> = { sha256: 64, sha512: 128 }

const isAlgorithm = Schema.is(Algorithm)

/** `[a-z0-9]+` joined by single `+`, `.`, `_` or `-`: the grammar of algorithms, known or not. */
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
 * Reads a digest, or says at which position which rule is broken.
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
      return fail(i, "InvalidFormat", "the digits are hexadecimal and in lower case")
    }
  }
  return Either.right(unchecked(input))
}

const grammar = /^[a-z0-9]+(?:[+._-][a-z0-9]+)*:[A-Za-z0-9=_-]+$/

// Computed by nobody here, yet registered, so its form is known.
const sha384 = /^sha384:(?![0-9a-f]{96}$)/

const registered = /^(sha256|sha512):/

/**
 * A digest of any algorithm, as it stands in documents. The digits of the registered algorithms (`sha256`, `sha384`,
 * `sha512`) are checked, those of others can be anything that the grammar allows.
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
 * A digest as it stands in headers and references, and in documents whose content is to be read.
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
 * Whether a value is a digest.
 *
 * @since 0.1.0
 * @category refinements
 */
export const isDigest: (u: unknown) => u is Digest = Schema.is(Digest)

/**
 * The algorithm before the colon.
 *
 * @since 0.1.0
 * @category getters
 */
export const algorithm = (self: Digest): Algorithm => self.startsWith("sha256:") ? "sha256" : "sha512"

/**
 * The hexadecimal digits after the colon.
 *
 * @since 0.1.0
 * @category getters
 */
export const encoded = (self: Digest): string => self.slice(self.indexOf(":") + 1)
