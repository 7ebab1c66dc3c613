import * as Effect from "effect/Effect"
import type * as Either from "effect/Either"
import type * as ParseResult from "effect/ParseResult"
import { type EngineError, EngineFailed } from "../../BackendError.js"
import { beginning, readAnswers } from "../dialect/inspection.js"
import { type Condition, says } from "../dialect/messages.js"
import type { Context } from "./context.js"

/**
 * Inspects things that a list has just named. One that is removed meanwhile
 * makes the client fail after it has answered for the others.
 *
 * @internal
 */
export const inspectListed = <A>(
  context: Context,
  operation: string,
  command: readonly [kind: string, ...flags: ReadonlyArray<string>],
  ids: ReadonlyArray<string>,
  gone: Condition,
  decode: (raw: unknown) => Either.Either<A, ParseResult.ParseError>
): Effect.Effect<ReadonlyArray<A>, EngineError> => {
  const [kind, ...flags] = command
  const inspect = (acceptExitCode?: (exitCode: number) => boolean) =>
    Effect.catchAll(
      context.client.run([kind, "inspect", ...flags, ...ids], { acceptExitCode }),
      context.explain(operation)()
    )
  const nonsense = ids.find((id) => !isIdOrName.test(id))
  if (nonsense !== undefined) {
    const detail = `"${beginning(nonsense)}" is no ${kind}`
    return new EngineFailed({ engine: context.engine.name, operation, reason: "UnexpectedAnswer", detail })
  }
  return ids.length === 0
    ? Effect.succeed([])
    : inspect(() => true).pipe(
      Effect.flatMap((answer) =>
        answer.exitCode === 0 || says(answer.stderr.text, gone) ? Effect.succeed(answer) : inspect()
      ),
      Effect.flatMap(({ exitCode, stdout }) =>
        exitCode === 0 || stdout.text.trim() !== ""
          ? readAnswers(context, operation, stdout.text, decode)
          : others(context, operation, command, ids, gone, decode)
      )
    )
}

/** Podman may say nothing at all of the others when one is removed while it looks. */
const others: typeof inspectListed = (context, operation, command, ids, gone, decode) =>
  ids.length === 1
    ? Effect.succeed([])
    : Effect.map(
      Effect.forEach(ids, (id) => inspectListed(context, operation, command, [id], gone, decode), { concurrency: 4 }),
      (answers) => answers.flat()
    )

// What is neither might be taken for a flag, or for the name of something that is gone by now.
const isIdOrName = /^[a-zA-Z0-9][\w.:-]*$/
