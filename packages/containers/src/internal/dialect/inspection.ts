import * as Effect from "effect/Effect"
import type * as Either from "effect/Either"
import type * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import { EngineFailed } from "../../BackendError.js"
import type * as Engine from "../../Engine.js"

const Answers = Schema.parseJson(Schema.Array(Schema.Unknown))

/**
 * Reads what an `inspect` command answers: a JSON array, each element of which
 * is decoded.
 *
 * @internal
 */
export const readAnswers = <A>(
  { engine }: { readonly engine: Pick<Engine.Engine, "name"> },
  operation: string,
  text: string,
  decode: (raw: unknown) => Either.Either<A, ParseResult.ParseError>
): Effect.Effect<ReadonlyArray<A>, EngineFailed> =>
  Schema.decode(Answers)(text).pipe(
    Effect.flatMap((answers) => Effect.forEach(answers, decode)),
    Effect.mapError((cause) =>
      new EngineFailed({
        engine: engine.name,
        operation,
        reason: "UnexpectedAnswer",
        detail: text.trim() === "" ? "nothing" : beginning(text.trim()),
        cause
      })
    )
  )

/**
 * The part of an answer that goes into an error.
 *
 * @internal
 */
export const beginning = (text: string): string => text.length > 500 ? `${text.slice(0, 500)}…` : text

/** @internal */
export const nonEmptyLines = (
  text: string
): ReadonlyArray<string> => [...new Set(text.split("\n").map((line) => line.trim()).filter((line) => line !== ""))]
