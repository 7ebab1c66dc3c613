import { assert } from "@effect/vitest"
import { Either, type ParseResult, Schema } from "effect"

/** The message of a failed parse. */
export const messageOf = <A>(result: Either.Either<A, ParseResult.ParseError>): string =>
  Either.match(result, {
    onLeft: (error) => error.message,
    onRight: (value) => assert.fail(`parsed as ${JSON.stringify(value)}`)
  })

/** The message with which a text from outside is refused. */
export const refusal = <A, I>(schema: Schema.Schema<A, I>, input: unknown): string =>
  messageOf(Schema.decodeUnknownEither(schema)(input))
