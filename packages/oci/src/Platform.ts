/**
 * Platforms: the operating system and the processor an image is made for.
 *
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/image-index.md#image-index-property-descriptions
 * @since 0.1.0
 */
import * as Chunk from "effect/Chunk"
import * as Either from "effect/Either"
import { dual } from "effect/Function"
import * as Option from "effect/Option"
import * as order from "effect/Order"
import * as ParseResult from "effect/ParseResult"
import type { Pipeable } from "effect/Pipeable"
import * as Schema from "effect/Schema"
import { pipeMethod } from "./internal/pipeMethod.js"
import { excerpt, isWord, skip } from "./internal/text.js"

/**
 * A text is not a platform. `rule` is the rule it breaks, as a sentence.
 *
 * @since 0.1.0
 * @category errors
 */
export class InvalidPlatform extends Schema.TaggedError<InvalidPlatform>("@ociman/oci/InvalidPlatform")(
  "InvalidPlatform",
  {
    input: Schema.String,
    reason: Schema.Literal("InvalidCharacter", "MissingArchitecture", "TooManyParts"),
    rule: Schema.String
  }
) {
  override get message(): string {
    return `Invalid platform ${excerpt(this.input)}: ${this.rule}`
  }
}

const isPart = (text: string): boolean =>
  text.length > 0 && skip(text, 0, (code) => isWord(code) || code === 0x2D || code === 0x2E) === text.length

const Part = Schema.String.pipe(
  Schema.filter(isPart, {
    message: ({ actual }) =>
      `Invalid part of a platform ${excerpt(String(actual))}: only letters, digits, "_", "." and "-" are allowed`
  })
).annotations({ arbitrary: () => (fc) => fc.stringMatching(/^[\w.-]{1,9}$/) })

/**
 * A platform, as it stands in an image index and an image configuration.
 *
 * Nothing is filled in and nothing is rewritten: `linux/aarch64` and `linux/arm64` are the same only once they are
 * {@link normalize}d, which {@link matches} does.
 *
 * @since 0.1.0
 * @category models
 */
export class Platform extends Schema.Class<Platform>("@ociman/oci/Platform")({
  /** `linux`, `windows`, `darwin`: the values of Go's GOOS. */
  os: Part,
  /** `amd64`, `arm64`: the values of Go's GOARCH. */
  architecture: Part,
  /** The variant of the processor, like `v7`. */
  variant: Schema.optionalWith(Part, { as: "Option", exact: true, nullable: true }),
  /** The version of the operating system, like `10.0.17763.1217`. Of use for Windows only. */
  osVersion: Schema.optionalWith(Schema.String, { as: "Option", exact: true, nullable: true }).pipe(
    Schema.fromKey("os.version")
  ),
  /** What the operating system must offer, like `win32k`. */
  osFeatures: Schema.optionalWith(Schema.Chunk(Schema.String), { default: Chunk.empty, exact: true, nullable: true })
    .pipe(
      Schema.fromKey("os.features")
    )
}) {
  /**
   * The same as {@link format}.
   *
   * @since 0.1.0
   */
  override toString(): string {
    return format(this)
  }

  /**
   * @since 0.1.0
   */
  get pipe(): Pipeable["pipe"] {
    return pipeMethod
  }
}

/**
 * Reads `os/architecture` or `os/architecture/variant`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const parse = (input: string): Either.Either<Platform, InvalidPlatform> => {
  const fail = (reason: InvalidPlatform["reason"], rule: string) =>
    Either.left(new InvalidPlatform({ input, reason, rule }))
  const [os = "", architecture, variant, ...rest] = input.split("/", 4)
  if (architecture === undefined) {
    return fail("MissingArchitecture", "write the operating system and the architecture, like \"linux/amd64\"")
  }
  if (rest.length > 0) {
    return fail("TooManyParts", "a platform has at most three parts, like \"linux/arm/v7\"")
  }
  if (![os, architecture, variant ?? "v1"].every(isPart)) {
    return fail("InvalidCharacter", "each part has one or more letters, digits, \"_\", \".\" and \"-\"")
  }
  return Either.right(
    new Platform({
      os,
      architecture,
      variant: Option.fromNullable(variant),
      osVersion: Option.none(),
      osFeatures: Chunk.empty()
    }, true)
  )
}

/**
 * The platform that a literal in the source code stands for. A literal that is not one is a mistake of the programmer,
 * so it throws an {@link InvalidPlatform} at once.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (literal: string): Platform => Either.getOrThrowWith(parse(literal), (error) => error)

/**
 * Whether a value is a platform.
 *
 * @since 0.1.0
 * @category refinements
 */
export const isPlatform: (u: unknown) => u is Platform = Schema.is(Platform)

/**
 * `os/architecture` or `os/architecture/variant`, the form that `--platform` takes. The version and the features of the
 * operating system have no place in it.
 *
 * @since 0.1.0
 * @category conversions
 */
export const format = ({ architecture, os, variant }: Platform): string =>
  [os, architecture, ...Option.toArray(variant)].join("/")

/**
 * A platform as text, `linux/amd64` or `linux/arm/v7`.
 *
 * @since 0.1.0
 * @category schemas
 */
export const FromString: Schema.transformOrFail<typeof Schema.String, Schema.SchemaClass<Platform>> = Schema
  .transformOrFail(Schema.String, Schema.typeSchema(Platform), {
    strict: true,
    decode: (input, _, ast) => Either.mapLeft(parse(input), (error) => new ParseResult.Type(ast, input, error.message)),
    encode: (platform) => ParseResult.succeed(format(platform))
  }).annotations({ identifier: "Platform.FromString" })

/**
 * Platforms in the order of their text.
 *
 * @since 0.1.0
 * @category instances
 */
export const Order: order.Order<Platform> = order.mapInput(order.string, format)

interface Processor {
  readonly architecture: string
  readonly variant: string
}

const arm64Variants = new Map([["8", ""], ["v8", ""], ["9", "v9"], ["9.0", "v9"], ["v9.0", "v9"]])

const armVariants = new Map([["", "v7"], ["5", "v5"], ["6", "v6"], ["7", "v7"], ["8", "v8"]])

const normalizeProcessor = ({ architecture, variant }: Processor): Processor => {
  switch (architecture) {
    case "i386":
      return { architecture: "386", variant: "" }
    case "x86_64":
    case "x86-64":
    case "amd64":
      return { architecture: "amd64", variant: variant === "v1" ? "" : variant }
    case "aarch64":
    case "arm64":
      return { architecture: "arm64", variant: arm64Variants.get(variant) ?? variant }
    case "armhf":
      return { architecture: "arm", variant: "v7" }
    case "armel":
      return { architecture: "arm", variant: "v6" }
    case "arm":
      return { architecture, variant: armVariants.get(variant) ?? variant }
    default:
      return { architecture, variant }
  }
}

/**
 * The platform with the names that the registries use: lower case, `x86_64` as `amd64`, `aarch64` as `arm64`, `macos`
 * as `darwin`, 32-bit `arm` with a variant (`v7` unless it says otherwise), and without the variants that are the
 * default (`v8` of `arm64`, `v1` of `amd64`).
 *
 * @see https://github.com/containerd/platforms/blob/v1.0.0-rc.1/database.go
 * @since 0.1.0
 * @category combinators
 * @example
 * import { Platform } from "@ociman/oci"
 *
 * assert.strictEqual(String(Platform.normalize(Platform.make("Linux/aarch64/v8"))), "linux/arm64")
 */
export const normalize = (self: Platform): Platform => {
  const os = self.os.toLowerCase()
  const { architecture, variant } = normalizeProcessor({
    architecture: self.architecture.toLowerCase(),
    variant: Option.getOrElse(self.variant, () => "").toLowerCase()
  })
  return new Platform({
    ...self,
    os: os === "macos" ? "darwin" : os,
    architecture,
    variant: variant === "" ? Option.none() : Option.some(variant)
  }, true)
}

const optionalEquals = Option.getEquivalence<string>((a, b) => a === b)

/**
 * Whether an image for the platform `self` is what someone who asks for `wanted` gets: the same system and processor
 * under any of their names; if a version of the system is wanted, that version or one that refines it (`10.0.17763` is
 * met by `10.0.17763.1217`); and all the wanted features.
 *
 * @since 0.1.0
 * @category predicates
 */
export const matches: {
  (wanted: Platform): (self: Platform) => boolean
  (self: Platform, wanted: Platform): boolean
} = dual(2, (self: Platform, wanted: Platform): boolean => {
  const a = normalize(self)
  const b = normalize(wanted)
  return a.os === b.os && a.architecture === b.architecture && optionalEquals(a.variant, b.variant) &&
    Option.match(b.osVersion, {
      onNone: () => true,
      onSome: (version) => Option.exists(a.osVersion, (_) => `${_}.`.startsWith(`${version}.`))
    }) &&
    Chunk.every(b.osFeatures, (feature) => Chunk.contains(a.osFeatures, feature))
})
