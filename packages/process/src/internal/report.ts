import type * as Command from "@effect/platform/Command"
import * as PlatformError from "@effect/platform/Error"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import type * as Redacted from "effect/Redacted"
import { CommandFailed, type Reason } from "../CommandFailed.js"
import type { Capture } from "./capture.js"
import * as CommandLine from "./commandLine.js"
import * as Redaction from "./redaction.js"

/**
 * Data of a run for its error.
 *
 * @internal
 */
export interface Report {
  readonly executable: string
  readonly elapsed: Effect.Effect<Duration.Duration>
  readonly fail: (reason: Reason, details?: Details) => Effect.Effect<never, CommandFailed>
  readonly failToStart: (error: PlatformError.PlatformError) => Effect.Effect<never, CommandFailed>
  readonly dieToStart: (defect: unknown) => Effect.Effect<never, CommandFailed>
}

interface Details {
  readonly exitCode?: number
  readonly signal?: string
  readonly timeout?: Duration.Duration
  readonly error?: PlatformError.PlatformError
}

const errorOutputLimit = 64 * 1024

/** @internal */
export const make = (
  command: Command.StandardCommand,
  secrets: ReadonlyArray<Redacted.Redacted<string>>,
  captures: { readonly stdout?: Capture | undefined; readonly stderr?: Capture | undefined }
): Effect.Effect<Report> =>
  Effect.map(Clock.currentTimeMillis, (started): Report => {
    const redaction = Redaction.make(secrets)
    const executable = redaction.text(CommandLine.executable(command))
    const elapsed = Effect.map(Clock.currentTimeMillis, (now) => Duration.millis(now - started))
    const text = (capture: Capture | undefined): string =>
      capture === undefined ? "" : redaction.captured(capture.result(), errorOutputLimit)
    const fail: Report["fail"] = (reason, details = {}) =>
      Effect.flatMap(elapsed, (duration) =>
        new CommandFailed({
          reason,
          executable,
          command: CommandLine.format(command, redaction),
          cwd: Option.getOrUndefined(Option.map(command.cwd, redaction.text)),
          exitCode: details.exitCode,
          signal: details.signal,
          timeout: details.timeout,
          stdout: text(captures.stdout),
          stderr: text(captures.stderr),
          duration,
          cause: details.error === undefined ? undefined : withoutCommandLine(details.error, redaction)
        }))
    const failToStart: Report["failToStart"] = (error) =>
      fail(startReason(error, Option.isSome(command.cwd)), { error })
    return {
      executable,
      elapsed,
      fail,
      failToStart,
      dieToStart: (defect) => failToStart(fromDefect(defect))
    }
  })

const startReason = (error: PlatformError.PlatformError, hasDirectory: boolean): Reason => {
  if (error._tag === "BadArgument") return "Spawn"
  // The platform checks the working directory before it spawns.
  if (error.module === "FileSystem") {
    return error.reason === "PermissionDenied" ? "PermissionDenied" : "BadWorkingDirectory"
  }
  switch (error.reason) {
    case "NotFound":
      return "NotFound"
    case "PermissionDenied":
      return "PermissionDenied"
    case "BadResource":
      return hasDirectory ? "BadWorkingDirectory" : "NotFound"
    default:
      return "Spawn"
  }
}

/**
 * Removes the command line from a platform error: its path is the command line,
 * and its cause contains the arguments.
 */
const withoutCommandLine = (error: PlatformError.PlatformError, redaction: Redaction.Redaction) =>
  error._tag === "BadArgument"
    ? new PlatformError.BadArgument({
      module: error.module,
      method: error.method,
      description: redactOptional(error.description, redaction)
    })
    : new PlatformError.SystemError({
      reason: error.reason,
      module: error.module,
      method: error.method,
      syscall: error.syscall?.split(" ")[0],
      description: redactOptional(error.description, redaction)
    })

const redactOptional = (text: string | undefined, redaction: Redaction.Redaction): string | undefined =>
  text === undefined ? undefined : redaction.text(text)

/**
 * Converts an exception. Node throws some system errors, and errors of invalid
 * arguments or environment values, whose message contains the value: only the
 * code is safe to show.
 */
const fromDefect = (defect: unknown): PlatformError.PlatformError => {
  const code = Predicate.hasProperty(defect, "code") && Predicate.isString(defect.code) ? defect.code : undefined
  return new PlatformError.SystemError({
    reason: code === "ENOTDIR" ? "BadResource" : "Unknown",
    module: "Command",
    method: "spawn",
    description: code ?? "unexpected exception"
  })
}
