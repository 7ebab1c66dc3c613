import { assert } from "@effect/vitest"
import { Either, type ParseResult, Schema } from "effect"

/** Message of a failed parse. */
export const messageOf = <A>(result: Either.Either<A, ParseResult.ParseError>): string =>
  Either.match(result, {
    onLeft: (error) => error.message,
    onRight: (value) => assert.fail(`parsed as ${JSON.stringify(value)}`)
  })

/** Message of the error of an invalid text. */
export const refusal = <A, I>(schema: Schema.Schema<A, I>, input: unknown): string =>
  messageOf(Schema.decodeUnknownEither(schema)(input))
