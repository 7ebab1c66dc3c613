/**
 * The error of a child process that did not do what it was run for.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Schema from "effect/Schema"
import { formatOmitted } from "./internal/text.js"

/**
 * Why a command failed:
 *
 * - `NotFound`: there is no such executable
 * - `PermissionDenied`: the executable, or its working directory, may not be used
 * - `BadWorkingDirectory`: the working directory does not exist, or is none
 * - `Spawn`: the operating system refused for another reason (see `cause`)
 * - `ExitCode`: it ended with an exit code that is not accepted
 * - `Signal`: it was killed by a signal
 * - `TimedOut`: it took longer than `timeout`, and was terminated
 * - `Input`: what it was to read could not be produced
 * - `Output`: what it wrote could not be read
 * - `Unknown`: how it ended is not known
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
 * @since 0.1.0
 * @category models
 */
export type Reason = typeof Reason.Type

/**
 * A child process could not be started, ended badly, or was terminated.
 *
 * No field holds an environment value, and every text has the values given as
 * `redact` replaced by `<redacted>`: the error may be logged as it is.
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
    /** The exit code, if the command ended by itself. */
    exitCode: Schema.optional(Schema.Number),
    /** The signal that killed it, such as `SIGKILL`. */
    signal: Schema.optional(Schema.String),
    /** The timeout that passed. */
    timeout: Schema.optional(Schema.DurationFromMillis),
    /** What it wrote to standard output, if that was captured: at most about 64 KiB. */
    stdout: Schema.String,
    /** What it wrote to standard error: at most about 64 KiB. */
    stderr: Schema.String,
    /** The time from the start to the failure. */
    duration: Schema.DurationFromMillis,
    /** The original error, without its command line. */
    cause: Schema.optional(Schema.Defect)
  }
) {
  /**
   * One line: the reason and the command.
   *
   * @since 0.1.0
   */
  get shortMessage(): string {
    return `${sentence(this)}: ${this.command}`
  }

  /**
   * The short message and the last lines of standard error, or of standard
   * output if the command wrote no error.
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
