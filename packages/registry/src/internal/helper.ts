import * as Command from "@effect/platform/Command"
import type * as CommandExecutor from "@effect/platform/CommandExecutor"
import type * as CommandFailed from "@ociman/process/CommandFailed"
import * as Subprocess from "@ociman/process/Subprocess"
import * as Data from "effect/Data"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Credential from "../Credential.js"
import { parseObject, tokenUser } from "./authFile.js"

/** How a helper could not help. */
export class HelperFailure extends Data.TaggedError("HelperFailure")<{
  readonly reason: "HelperMissing" | "HelperFailed" | "HelperTimedOut" | "HelperAnswerInvalid"
  readonly detail: string
}> {}

const notFound = "credentials not found in native keychain"

const failure = (error: CommandFailed.CommandFailed): HelperFailure =>
  new HelperFailure({
    reason: error.reason === "NotFound"
      ? "HelperMissing"
      : error.reason === "TimedOut"
      ? "HelperTimedOut"
      : "HelperFailed",
    detail: error.shortMessage
  })

/**
 * Runs a program that keeps credentials. What it printed is for nobody to see, since it may be a secret.
 *
 * https://github.com/docker/docker-credential-helpers/blob/v0.9.3/README.md#development
 */
const run = (name: string, action: "get" | "store" | "erase", stdin: string, timeout: Duration.DurationInput) =>
  /^[^/\\\0]+$/.test(name)
    ? Subprocess.run(Command.make(`docker-credential-${name}`, action), {
      stdin,
      timeout,
      acceptExitCode: () => true
    }).pipe(
      Effect.mapError(failure),
      Effect.map(({ exitCode, stdout }) => ({ exitCode: Number(exitCode), text: stdout.text }))
    )
    : new HelperFailure({ reason: "HelperMissing", detail: `no helper can be called ${JSON.stringify(name)}` })

const refused = (name: string, action: string, exitCode: number) =>
  new HelperFailure({
    reason: "HelperFailed",
    detail: `docker-credential-${name} ${action} ended with exit code ${exitCode}`
  })

export const get = (
  name: string,
  server: string,
  timeout: Duration.DurationInput
): Effect.Effect<Option.Option<Credential.Credential>, HelperFailure, CommandExecutor.CommandExecutor> =>
  Effect.flatMap(run(name, "get", server, timeout), ({ exitCode, text }) => {
    if (exitCode !== 0) return text.includes(notFound) ? Effect.succeedNone : refused(name, "get", exitCode)
    return Either.match(parseObject(text, ["Secret", "Username"]), {
      onLeft: (detail) => new HelperFailure({ reason: "HelperAnswerInvalid", detail }),
      onRight: ({ Secret, Username }) =>
        typeof Secret !== "string" || typeof Username !== "string"
          ? new HelperFailure({ reason: "HelperAnswerInvalid", detail: "it has no Username or no Secret" })
          : Secret === "" && Username === ""
          ? Effect.succeedNone
          : Effect.succeedSome(
            Username === tokenUser
              ? Credential.identityToken(Redacted.make(Secret))
              : Credential.login(Username, Redacted.make(Secret))
          )
    })
  })

export const store = (
  name: string,
  server: string,
  secret: Credential.Login,
  timeout: Duration.DurationInput
): Effect.Effect<void, HelperFailure, CommandExecutor.CommandExecutor> => {
  const input = { ServerURL: server, Username: secret.username, Secret: Redacted.value(secret.password) }
  return Effect.flatMap(
    run(name, "store", JSON.stringify(input), timeout),
    ({ exitCode }) => exitCode === 0 ? Effect.void : refused(name, "store", exitCode)
  )
}

/** Whether there was something to erase is not known of every helper. */
export const erase = (
  name: string,
  server: string,
  timeout: Duration.DurationInput
): Effect.Effect<void, HelperFailure, CommandExecutor.CommandExecutor> =>
  Effect.flatMap(
    run(name, "erase", server, timeout),
    ({ exitCode, text }) => exitCode === 0 || text.includes(notFound) ? Effect.void : refused(name, "erase", exitCode)
  )
