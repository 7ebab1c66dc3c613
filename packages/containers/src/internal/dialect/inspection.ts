import * as Effect from "effect/Effect"
import type * as Either from "effect/Either"
import type * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import { EngineFailed } from "../../BackendError.js"
import type * as Engine from "../../Engine.js"

const Answers = Schema.parseJson(Schema.Array(Schema.Unknown))

/**
 * Decodes the elements of the JSON array that an `inspect` command prints.
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
 * Excerpt of an answer for an error: its first 500 characters.
 *
 * @internal
 */
export const beginning = (text: string): string => text.length > 500 ? `${text.slice(0, 500)}…` : text

/**
 * Trimmed lines of a text, without empty and repeated ones.
 *
 * @internal
 */
export const nonEmptyLines = (
  text: string
): ReadonlyArray<string> => [...new Set(text.split("\n").map((line) => line.trim()).filter((line) => line !== ""))]
