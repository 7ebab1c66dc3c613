import * as Effect from "effect/Effect"
import type * as Either from "effect/Either"
import type * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import { EngineFailed } from "../../BackendError.js"
import type { Context } from "./context.js"

const Answers = Schema.parseJson(Schema.Array(Schema.Unknown))

/**
 * Reads what an `inspect` command answers: a JSON array, each element of which
 * is decoded.
 *
 * @internal
 */
export const readAnswers = <A>(
  { engine }: Context,
  operation: string,
  text: string,
  decode: (raw: unknown) => Either.Either<A, ParseResult.ParseError>
): Effect.Effect<ReadonlyArray<A>, EngineFailed> =>
  Schema.decode(Answers)(text).pipe(
    Effect.flatMap((answers) => Effect.forEach(answers, decode)),
    Effect.mapError((cause) =>
      new EngineFailed({ engine: engine.name, operation, reason: "UnexpectedAnswer", detail: cause.message, cause })
    )
  )

/** @internal */
export const nonEmptyLines = (
  text: string
): ReadonlyArray<string> => [...new Set(text.split("\n").map((line) => line.trim()).filter((line) => line !== ""))]
