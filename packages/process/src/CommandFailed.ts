/**
 * Error of a child process that failed to start or to succeed.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Schema from "effect/Schema"
import { formatOmitted } from "./internal/text.js"

/**
 * Reason of the failure:
 *
 * - `NotFound`: the executable does not exist
 * - `PermissionDenied`: the executable or the working directory is not accessible
 * - `BadWorkingDirectory`: the working directory does not exist or is not a directory
 * - `Spawn`: the operating system could not start the process (see `cause`)
 * - `ExitCode`: the process exited with a code that is not accepted
 * - `Signal`: the process was killed by a signal
 * - `TimedOut`: the process exceeded `timeout` and was terminated
 * - `Input`: the standard input could not be produced
 * - `Output`: the output could not be read
 * - `Unknown`: the exit status could not be determined
 *
 * @since 0.1.0
 * @category schemas
 */
export const Reason = Schema.Literal(
  "NotFound",
  "PermissionDenied",
  "BadWorkingDirectory",
  "Spawn",
  "ExitCode",
  "Signal",
  "TimedOut",
  "Input",
  "Output",
  "Unknown"
)

/**
 * Reason of the failure.
 *
 * @since 0.1.0
 * @category models
 */
export type Reason = typeof Reason.Type

/**
 * A child process could not be started, failed, or was terminated.
 *
 * Safe to log: no field contains a value of the environment, and values given
 * as `redact` are replaced by `<redacted>` in every text.
 *
 * @example
 * ```ts
 * import { CommandFailed } from "@ociman/process"
 * import { Duration } from "effect"
 *
 * const error = new CommandFailed.CommandFailed({
 *   reason: "ExitCode",
 *   executable: "git",
 *   command: "git push origin main",
 *   exitCode: 128,
 *   stdout: "",
 *   stderr: "fatal: not a git repository\n",
 *   duration: Duration.millis(12)
 * })
 * assert.strictEqual(
 *   error.message,
 *   "Command failed with exit code 128: git push origin main\nfatal: not a git repository"
 * )
 * ```
 *
 * @since 0.1.0
 * @category errors
 */
export class CommandFailed extends Schema.TaggedError<CommandFailed>("@ociman/process/CommandFailed")(
  "CommandFailed",
  {
    reason: Reason,
    /** The executable, without its arguments. */
    executable: Schema.String,
    /** The whole command line, quoted for a POSIX shell. */
    command: Schema.String,
    /** The working directory, if it was not this process's own. */
    cwd: Schema.optional(Schema.String),
    /** The exit code, if the process exited. */
    exitCode: Schema.optional(Schema.Number),
    /** The signal that killed the process, such as `SIGKILL`. */
    signal: Schema.optional(Schema.String),
    /** The exceeded timeout. */
    timeout: Schema.optional(Schema.DurationFromMillis),
    /** Captured standard output, at most about 64 KiB; empty if it was not captured. */
    stdout: Schema.String,
    /** Captured standard error, at most about 64 KiB. */
    stderr: Schema.String,
    /** The time from the start to the failure. */
    duration: Schema.DurationFromMillis,
    /** The original error, without its command line. */
    cause: Schema.optional(Schema.Defect)
  }
) {
  /**
   * Reason and command line in one line.
   *
   * @since 0.1.0
   */
  get shortMessage(): string {
    return `${sentence(this)}: ${this.command}`
  }

  /**
   * The short message, then the end of standard error, or of standard output
   * if standard error is empty.
   *
   * @since 0.1.0
   */
  override get message(): string {
    const output = this.stderr.trim() === "" ? this.stdout : this.stderr
    const tail = lastCharacters(output.trim(), 4096)
    return tail === "" ? this.shortMessage : `${this.shortMessage}\n${tail}`
  }
}

/**
 * Checks if a value is a {@link CommandFailed}.
 *
 * @since 0.1.0
 * @category guards
 */
export const isCommandFailed: (u: unknown) => u is CommandFailed = Schema.is(CommandFailed)

const sentence = (self: CommandFailed): string => {
  switch (self.reason) {
    case "NotFound":
      return `Command not found (no executable "${self.executable}")`
    case "PermissionDenied":
      return "Command may not be run (permission denied)"
    case "BadWorkingDirectory":
      return `Command has no working directory "${self.cwd ?? ""}"`
    case "Spawn":
      return `Command could not be started${causeOf(self)}`
    case "ExitCode":
      return `Command failed with exit code ${self.exitCode ?? "unknown"}`
    case "Signal":
      return `Command was killed with ${self.signal ?? "a signal"}`
    case "TimedOut":
      return `Command timed out after ${Duration.format(self.timeout ?? self.duration)}`
    case "Input":
      return `Command could not be given its input${causeOf(self)}`
    case "Output":
      return `Output of the command could not be read${causeOf(self)}`
    case "Unknown":
      return `Command failed${causeOf(self)}`
  }
}

const causeOf = (self: CommandFailed): string => self.cause instanceof Error ? ` (${self.cause.message})` : ""

const lastCharacters = (text: string, limit: number): string =>
  text.length <= limit ? text : `${formatOmitted(text.length - limit, "characters")}\n${text.slice(-limit)}`
