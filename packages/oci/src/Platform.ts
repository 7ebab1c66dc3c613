/**
 * Platforms: operating system and processor of an image.
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
import { pipeMethod } from "./internal/values/pipeMethod.js"
import { excerpt, isWord, skip } from "./internal/values/text.js"

/**
 * A text is not a platform. `rule` is the violated rule as a sentence.
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
 * Platform, as in an image index and an image configuration.
 *
 * Values are kept as written: `linux/aarch64` and `linux/arm64` are equal only after {@link normalize}, which {@link
 * matches} applies.
 *
 * @since 0.1.0
 * @category models
 */
export class Platform extends Schema.Class<Platform>("@ociman/oci/Platform")({
  /** Operating system, by the values of Go's GOOS: `linux`, `windows`, `darwin`. */
  os: Part,
  /** Processor, by the values of Go's GOARCH: `amd64`, `arm64`. */
  architecture: Part,
  /** Variant of the processor, such as `v7`. */
  variant: Schema.optionalWith(Part, { as: "Option", exact: true, nullable: true }),
  /** Version of the operating system, such as `10.0.17763.1217`. Used for Windows only. */
  osVersion: Schema.optionalWith(Schema.String, { as: "Option", exact: true, nullable: true }).pipe(
    Schema.fromKey("os.version")
  ),
  /** Required features of the operating system, such as `win32k`. */
  osFeatures: Schema.optionalWith(Schema.Chunk(Schema.String), { default: Chunk.empty, exact: true, nullable: true })
    .pipe(
      Schema.fromKey("os.features")
    )
}) {
  /**
   * Formats the platform, like {@link format}.
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
 * Parses `os/architecture` or `os/architecture/variant`.
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
    return fail("InvalidCharacter", "each part consists of letters, digits, \"_\", \".\" and \"-\"")
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
 * Makes a platform from a literal in the source code. Throws an {@link InvalidPlatform} if the literal is not a
 * platform.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (literal: string): Platform => Either.getOrThrowWith(parse(literal), (error) => error)

/**
 * Reports whether a value is a platform.
 *
 * @since 0.1.0
 * @category refinements
 */
export const isPlatform: (u: unknown) => u is Platform = Schema.is(Platform)

/**
 * Formats a platform as `os/architecture` or `os/architecture/variant`, the form that `--platform` takes. Version and
 * features of the operating system are left out.
 *
 * @since 0.1.0
 * @category conversions
 */
export const format = ({ architecture, os, variant }: Platform): string =>
  [os, architecture, ...Option.toArray(variant)].join("/")

/**
 * Schema of platforms as text, `linux/amd64` or `linux/arm/v7`.
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
 * Orders platforms by their text.
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
 * Normalizes a platform to the names used by registries: lower case, `x86_64` as `amd64`, `aarch64` as `arm64`, `macos`
 * as `darwin`, 32-bit `arm` with a variant (default `v7`), and without default variants (`v8` of `arm64`, `v1` of
 * `amd64`).
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
 * Reports whether an image for `self` satisfies a request for `requested`: the same normalized system and processor; the
 * requested version of the system, or one that extends it (`10.0.17763` is matched by `10.0.17763.1217`); and all requested
 * features.
 *
 * @since 0.1.0
 * @category predicates
 */
export const matches: {
  (requested: Platform): (self: Platform) => boolean
  (self: Platform, requested: Platform): boolean
} = dual(2, (self: Platform, requested: Platform): boolean => {
  const a = normalize(self)
  const b = normalize(requested)
  return a.os === b.os && a.architecture === b.architecture && optionalEquals(a.variant, b.variant) &&
    Option.match(b.osVersion, {
      onNone: () => true,
      onSome: (version) => Option.exists(a.osVersion, (_) => `${_}.`.startsWith(`${version}.`))
    }) &&
    Chunk.every(b.osFeatures, (feature) => Chunk.contains(a.osFeatures, feature))
})
