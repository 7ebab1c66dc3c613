/**
 * Numbers of bytes, in the engines' notation: `512m`, `1.5g`.
 *
 * @since 0.1.0
 */
import * as Either from "effect/Either"
import type * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import { fromString } from "./internal/values/text.js"

type Prefix = "k" | "m" | "g" | "t" | "p" | "K" | "M" | "G" | "T" | "P"

/**
 * A unit of bytes. All prefixes are binary: `k`, `kb` and `kib` are 1024 bytes each.
 *
 * @since 0.1.0
 * @category models
 */
export type Unit = "b" | "B" | Prefix | `${Prefix}${"b" | "B" | "ib" | "iB"}`

/**
 * A number of bytes, or a number with a unit.
 *
 * @since 0.1.0
 * @category models
 */
export type Input = number | `${number}` | `${number}${Unit}`

/**
 * A number of bytes: an integer from 0 to 2^53 - 1.
 *
 * @since 0.1.0
 * @category schemas
 */
export const ByteSize = Schema.Number.pipe(
  Schema.filter((bytes) =>
    Number.isSafeInteger(bytes) && bytes >= 0
      ? undefined
      : `Invalid byte size ${bytes}: it is not an integer from 0 to 2^53 - 1`, { identifier: "ByteSize" })
)

const pattern = /^([0-9]+(?:\.[0-9]*)?|\.[0-9]+) ?(?:b|([kmgtp])(?:i?b)?)?$/i

/**
 * Number of bytes in the engines' notation: a decimal number, at most one space, and a unit of either case, by default
 * `b`. A fraction of a byte is dropped.
 *
 * @see https://github.com/docker/go-units/blob/v0.5.0/size.go
 * @since 0.1.0
 * @category schemas
 */
export const FromString: Schema.Schema<number, string> = fromString({
  identifier: "ByteSizeFromString",
  what: "byte size",
  to: ByteSize,
  parse: (text) => {
    const match = pattern.exec(text)
    if (match === null) return Either.left("it is not a number with an optional unit such as \"512m\" or \"1.5g\"")
    const exponent = 1 + "kmgtp".indexOf(match[2]?.toLowerCase() ?? "-")
    return Either.right(Math.floor(Number(match[1]) * 1024 ** exponent))
  },
  format: String
})

/**
 * Parses a number of bytes.
 *
 * @since 0.1.0
 * @category parsing
 */
export const parse: (text: string) => Either.Either<number, ParseResult.ParseError> = Schema.decodeEither(FromString)

/**
 * Converts to a number of bytes. Throws if `size` is not a size, or the number is negative or not a safe integer.
 *
 * @example
 * ```ts
 * import { ByteSize } from "@ociman/containers"
 *
 * assert.strictEqual(ByteSize.toBytes("1.5g"), 1610612736)
 * assert.strictEqual(ByteSize.toBytes(4096), 4096)
 * ```
 *
 * @since 0.1.0
 * @category conversions
 */
export const toBytes = (size: Input): number =>
  typeof size === "number" ? Schema.decodeSync(ByteSize)(size) : Schema.decodeSync(FromString)(size)
