import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { EngineFailed } from "../../BackendError.js"
import type * as Engine from "../../Engine.js"
import { nonEmptyLines } from "../dialect/inspection.js"

interface Context {
  readonly engine: Pick<Engine.Engine<Engine.Cli>, "name">
}

/**
 * Error of an answer that does not have the expected format.
 *
 * @internal
 */
export const unexpectedAnswer = ({ engine }: Context, operation: string, detail: string) =>
  new EngineFailed({ engine: engine.name, operation, reason: "UnexpectedAnswer", detail })

/**
 * Decodes the last line of an output, for example the id of a new image.
 * `noun` names the expected content in the error, with its article.
 *
 * @internal
 */
export const decodeLastLine = <A>(
  context: Context,
  operation: string,
  noun: string,
  schema: Schema.Schema<A, string>,
  output: string
): Effect.Effect<A, EngineFailed> => {
  const line = nonEmptyLines(output).at(-1) ?? ""
  return Effect.mapError(
    Schema.decode(schema)(line),
    () => unexpectedAnswer(context, operation, `"${line}" is not ${noun}`)
  )
}
