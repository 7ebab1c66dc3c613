import * as Command from "@effect/platform/Command"
import * as CommandExecutor from "@effect/platform/CommandExecutor"
import type * as CommandFailed from "@ociman/process/CommandFailed"
import * as Subprocess from "@ociman/process/Subprocess"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { identity } from "effect/Function"
import * as Predicate from "effect/Predicate"
import type * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { Stdin } from "../../Exec.js"
import * as Output from "../../Output.js"
import { streamInput } from "./streamInput.js"

/**
 * The command line client of an engine.
 *
 * @internal
 */
export interface Client {
  readonly executable: string
  /** What it is run with: output that is the same everywhere, and where its engine is. */
  readonly variables: Readonly<Record<string, string>>
  /** Runs the client to its end; any exit code but 0 is a failure. */
  readonly run: (
    args: ReadonlyArray<string>,
    options?: ClientOptions
  ) => Effect.Effect<Subprocess.Result, CommandFailed.CommandFailed>
  /** Runs the client and feeds it a stream, whose own failure comes out as `Unfed`; any exit code but 0 is a failure. */
  readonly feed: <E>(
    args: ReadonlyArray<string>,
    stdin: Stream.Stream<Uint8Array, E>,
    options?: Pick<ClientOptions, "variables" | "timeout">
  ) => Effect.Effect<void, CommandFailed.CommandFailed | Unfed<E>>
  /** Runs the client and gives its standard output as it comes; any exit code but 0 is a failure at the end. */
  readonly stdout: (
    args: ReadonlyArray<string>,
    options?: Pick<ClientOptions, "variables" | "timeout">
  ) => Stream.Stream<Uint8Array, CommandFailed.CommandFailed>
  /** Runs the client and follows what it writes to its end, whatever its exit code. */
  readonly follow: (
    args: ReadonlyArray<string>,
    options?: ClientOptions
  ) => Effect.Effect<Following, CommandFailed.CommandFailed, Scope.Scope>
  /**
   * Opens a connection to the engine's own API, which the client makes as it does for itself: through its context, TLS
   * or SSH. Standard input and output are the two directions; the end of `input` closes the first.
   */
  readonly dial: (
    input: Stream.Stream<Uint8Array>
  ) => Effect.Effect<Subprocess.Subprocess, CommandFailed.CommandFailed, Scope.Scope>
  /** Runs the client and gives what it writes as it comes; any exit code but 0 is a failure at the end. */
  readonly output: (
    args: ReadonlyArray<string>,
    options?: ClientOptions
  ) => Stream.Stream<Output.Output, CommandFailed.CommandFailed>
}

/**
 * What a client was to read failed.
 *
 * @internal
 */
export interface Unfed<out E> {
  readonly _tag: "Unfed"
  readonly error: E
}

/** @internal */
export interface Following {
  readonly events: Stream.Stream<Output.ProcessEvent, CommandFailed.CommandFailed>
  readonly isRunning: Effect.Effect<boolean>
}

/** @internal */
export interface ClientOptions {
  /** Variables of the client's own environment. */
  readonly variables?: Readonly<Record<string, string>> | undefined
  readonly redact?: ReadonlyArray<Redacted.Redacted<string>> | undefined
  readonly stdin?: Stdin | undefined
  /** How the client is ended when it is interrupted, by `output` alone. */
  readonly termination?: Termination | undefined
  readonly maxStdout?: number | undefined
  /** Default: only 0. It does not hold for `follow`. */
  readonly acceptExitCode?: ((exitCode: number) => boolean) | undefined
  /** Default: two minutes for `run`, and none for the others. It does not hold for `follow`. */
  readonly timeout?: Duration.DurationInput | undefined
}

/** @internal */
export interface Termination extends Pick<Subprocess.StartOptions, "killAfter" | "killSignal" | "onTerminate"> {}

// They make a client's output the same everywhere.
const plainOutput = {
  LC_ALL: "C",
  DOCKER_CLI_HINTS: "false",
  BUILDKIT_PROGRESS: "plain",
  NO_COLOR: "1",
  // Podman 5 warns before each command on the first version of control groups.
  PODMAN_IGNORE_CGROUPSV1_WARNING: "1"
} as const

/** @internal */
export const make = (
  executor: CommandExecutor.CommandExecutor,
  executable: string,
  whereabouts: Readonly<Record<string, string>>
): Client => {
  const always = { ...plainOutput, ...whereabouts }
  const command = (args: ReadonlyArray<string>, { variables }: ClientOptions) =>
    Command.env(Command.make(executable, ...args), { ...always, ...variables })
  // As part of the command, a stream's own failure becomes the command's.
  const fed = (args: ReadonlyArray<string>, options: ClientOptions) => {
    const { stdin } = options
    if (!Predicate.isObject(stdin) || Predicate.isUint8Array(stdin)) {
      return { command: command(args, options), restore: identity<CommandFailed.CommandFailed> }
    }
    const { restore, stream } = streamInput(stdin)
    return { command: Command.stdin(command(args, options), stream), restore }
  }
  const given = (stdin: Stdin | undefined) =>
    typeof stdin === "string" || Predicate.isUint8Array(stdin) ? stdin : undefined
  return {
    executable,
    variables: always,
    run: (args, options = {}) =>
      Effect.suspend(() => {
        const { command, restore } = fed(args, options)
        return Subprocess.run(command, {
          maxStdout: options.maxStdout ?? answerLimit,
          redact: options.redact,
          acceptExitCode: options.acceptExitCode,
          timeout: options.timeout ?? answerTimeout,
          stdin: given(options.stdin)
        }).pipe(Effect.mapError(restore), Effect.provideService(CommandExecutor.CommandExecutor, executor))
      }),
    feed: <E>(args: ReadonlyArray<string>, stdin: Stream.Stream<Uint8Array, E>, options: ClientOptions = {}) =>
      Subprocess.run(command(args, options), {
        timeout: options.timeout,
        stdin: Stream.mapError(stdin, (error): Unfed<E> => ({ _tag: "Unfed", error }))
      }).pipe(Effect.asVoid, Effect.provideService(CommandExecutor.CommandExecutor, executor)),
    stdout: (args, options = {}) =>
      Subprocess.stream(command(args, options), { timeout: options.timeout }).pipe(
        Stream.provideService(CommandExecutor.CommandExecutor, executor)
      ),
    output: (args, options = {}) =>
      Subprocess.output(command(args, options), {
        redact: options.redact,
        timeout: options.timeout,
        ...options.termination,
        stdin: given(options.stdin)
      }).pipe(
        Stream.provideService(CommandExecutor.CommandExecutor, executor)
      ),
    dial: (input) =>
      // It goes on after a signal that asks it to end, and has nothing to tidy up.
      Subprocess.start(command(["system", "dial-stdio"], {}), { stdin: input, killSignal: "SIGKILL" }).pipe(
        Effect.provideService(CommandExecutor.CommandExecutor, executor)
      ),
    follow: (args, options = {}) =>
      Effect.suspend(() => {
        const { command, restore } = fed(args, options)
        return Subprocess.start(command, { redact: options.redact, stdin: given(options.stdin) }).pipe(
          Effect.provideService(CommandExecutor.CommandExecutor, executor),
          Effect.map((process) => ({
            isRunning: process.isRunning,
            events: Stream.merge(
              Stream.map(process.stdout, Output.stdout),
              Stream.map(process.stderr, Output.stderr)
            ).pipe(
              Stream.concat(Stream.map(Stream.fromEffect(process.exitCode), Output.exit)),
              Stream.mapError(restore)
            )
          }))
        )
      })
  }
}

// Far more than any list or inspection; a client that answers with more is broken.
const answerLimit = 64 * 1024 * 1024

/**
 * How long an answer may take.
 *
 * @internal
 */
export const answerTimeout = Duration.minutes(2)

/**
 * How long what moves whole images or trees of files may take.
 *
 * @internal
 */
export const transferLimit = Duration.hours(1)
