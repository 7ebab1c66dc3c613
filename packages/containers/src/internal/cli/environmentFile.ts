import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import { EngineFailed } from "../../BackendError.js"
import type * as Environment from "../../Environment.js"
import { temporaryDirectory } from "../host/temporaryDirectory.js"
import type { Context } from "./context.js"
import { encodeEnvironment } from "./environment.js"
import type { EnvironmentArguments } from "./flags/create.js"

/** @internal */
export interface Prepared {
  readonly arguments: EnvironmentArguments
  readonly variables: Readonly<Record<string, string>>
  readonly redact: ReadonlyArray<Redacted.Redacted<string>>
}

/**
 * Encodes an environment for the client and writes its file, if it needs one, to
 * a private directory that is removed when the scope closes.
 *
 * @internal
 */
export const prepare = Effect.fnUntraced(function*(
  context: Context,
  operation: string,
  environment: Environment.Environment
): Effect.fn.Return<Prepared, EngineFailed, Scope.Scope> {
  const { engine, fileSystem } = context
  const failed = (reason: EngineFailed["reason"], detail: string, cause?: unknown) =>
    new EngineFailed({ engine: engine.name, operation, reason, detail, ...(cause === undefined ? {} : { cause }) })
  const { fileLines, names, variables } = yield* Either.mapLeft(encodeEnvironment(environment), (name) =>
    failed(
      "InvalidDefinition",
      `The environment variable ${name} affects the engine's client itself, so it must be passed in an environment file. ` +
        "Its value has more than one line or more than 64 KiB, which such a file cannot hold."
    ))
  const file = fileLines.length === 0
    ? Option.none<string>()
    : Option.some(
      yield* temporaryDirectory(context, "env").pipe(
        Effect.map((directory) => `${directory}/environment`),
        Effect.tap((path) => fileSystem.writeFileString(path, fileLines.join("\n") + "\n", { mode: 0o600 })),
        Effect.mapError((cause) =>
          failed("Refused", `cannot write a private file for the environment: ${cause.message}`, cause)
        )
      )
    )
  return {
    arguments: { names, file },
    variables,
    redact: Array.from(environment).flatMap(([, value]) => Redacted.isRedacted(value) ? [value] : [])
  }
})
