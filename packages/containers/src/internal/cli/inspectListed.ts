import * as Effect from "effect/Effect"
import type * as Either from "effect/Either"
import type * as ParseResult from "effect/ParseResult"
import type { EngineError } from "../../BackendError.js"
import { beginning, readAnswers } from "../dialect/inspection.js"
import { type Condition, matches } from "../dialect/messages.js"
import { unexpectedAnswer } from "./answers.js"
import type { Context } from "./context.js"

/**
 * Inspects the resources of a list. If one of them is removed meanwhile, the
 * client prints the others and fails.
 *
 * @internal
 */
export const inspectListed = <A>(
  context: Context,
  operation: string,
  command: readonly [kind: string, ...flags: ReadonlyArray<string>],
  ids: ReadonlyArray<string>,
  missing: Condition,
  decode: (raw: unknown) => Either.Either<A, ParseResult.ParseError>
): Effect.Effect<ReadonlyArray<A>, EngineError> => {
  const [kind, ...flags] = command
  const inspect = (acceptExitCode?: (exitCode: number) => boolean) =>
    Effect.catchAll(
      context.client.run([kind, "inspect", ...flags, ...ids], { acceptExitCode }),
      context.explain(operation)()
    )
  const invalid = ids.find((id) => !isIdOrName.test(id))
  if (invalid !== undefined) {
    return unexpectedAnswer(context, operation, `"${beginning(invalid)}" is not the id or name of a ${kind}`)
  }
  return ids.length === 0
    ? Effect.succeed([])
    : inspect(() => true).pipe(
      Effect.flatMap((answer) =>
        answer.exitCode === 0 || matches(answer.stderr.text, missing) ? Effect.succeed(answer) : inspect()
      ),
      Effect.flatMap(({ exitCode, stdout }) =>
        exitCode === 0 || stdout.text.trim() !== ""
          ? readAnswers(context, operation, stdout.text, decode)
          : inspectEach(context, operation, command, ids, missing, decode)
      )
    )
}

/** Podman may print nothing at all if one of the resources is removed meanwhile. */
const inspectEach: typeof inspectListed = (context, operation, command, ids, missing, decode) =>
  ids.length === 1
    ? Effect.succeed([])
    : Effect.map(
      Effect.forEach(ids, (id) => inspectListed(context, operation, command, [id], missing, decode), {
        concurrency: 4
      }),
      (answers) => answers.flat()
    )

// Any other text could be taken for a flag.
const isIdOrName = /^[a-zA-Z0-9][\w.:-]*$/
