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
import * as Credential from "../../Credential.js"
import { parseObject, tokenUser } from "./authFile.js"

/** A credential helper failed. */
export class HelperFailure extends Data.TaggedError("HelperFailure")<{
  readonly reason: "HelperMissing" | "HelperFailed" | "HelperTimedOut" | "HelperOutputInvalid"
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
 * Runs a credential helper. Its output may be a secret, and is not part of an error.
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
    : new HelperFailure({ reason: "HelperMissing", detail: `${JSON.stringify(name)} is not a valid name of a helper` })

const failedWith = (name: string, action: string, exitCode: number) =>
  new HelperFailure({
    reason: "HelperFailed",
    detail: `docker-credential-${name} ${action} exited with code ${exitCode}`
  })

export const get = (
  name: string,
  server: string,
  timeout: Duration.DurationInput
): Effect.Effect<Option.Option<Credential.Credential>, HelperFailure, CommandExecutor.CommandExecutor> =>
  Effect.flatMap(run(name, "get", server, timeout), ({ exitCode, text }) => {
    if (exitCode !== 0) return text.includes(notFound) ? Effect.succeedNone : failedWith(name, "get", exitCode)
    return Either.match(parseObject(text, ["Secret", "Username"]), {
      onLeft: (detail) => new HelperFailure({ reason: "HelperOutputInvalid", detail }),
      onRight: ({ Secret, Username }) =>
        typeof Secret !== "string" || typeof Username !== "string"
          ? new HelperFailure({ reason: "HelperOutputInvalid", detail: "it has no Username or no Secret" })
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
    ({ exitCode }) => exitCode === 0 ? Effect.void : failedWith(name, "store", exitCode)
  )
}

/** Erases a credential. Not every helper reports if there was one. */
export const erase = (
  name: string,
  server: string,
  timeout: Duration.DurationInput
): Effect.Effect<void, HelperFailure, CommandExecutor.CommandExecutor> =>
  Effect.flatMap(
    run(name, "erase", server, timeout),
    ({ exitCode, text }) =>
      exitCode === 0 || text.includes(notFound) ? Effect.void : failedWith(name, "erase", exitCode)
  )
