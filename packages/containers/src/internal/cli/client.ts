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
 * Command line client of an engine.
 *
 * @internal
 */
export interface Client {
  readonly executable: string
  /** Environment variables of every run: plain output and the location of the engine. */
  readonly variables: Readonly<Record<string, string>>
  /** Runs the client to its end. Fails on a non-zero exit code. */
  readonly run: (
    args: ReadonlyArray<string>,
    options?: ClientOptions
  ) => Effect.Effect<Subprocess.Result, CommandFailed.CommandFailed>
  /** Runs the client with a stream as its input. A failure of the stream becomes an `InputError`. */
  readonly feed: <E>(
    args: ReadonlyArray<string>,
    stdin: Stream.Stream<Uint8Array, E>,
    options?: Pick<ClientOptions, "variables" | "timeout">
  ) => Effect.Effect<void, CommandFailed.CommandFailed | InputError<E>>
  /** Runs the client and streams its standard output. Fails at the end on a non-zero exit code. */
  readonly stdout: (
    args: ReadonlyArray<string>,
    options?: Pick<ClientOptions, "variables" | "timeout">
  ) => Stream.Stream<Uint8Array, CommandFailed.CommandFailed>
  /** Runs the client and streams its outputs and its exit code, which may be non-zero. */
  readonly follow: (
    args: ReadonlyArray<string>,
    options?: ClientOptions
  ) => Effect.Effect<RunningClient, CommandFailed.CommandFailed, Scope.Scope>
  /**
   * Opens a connection to the engine's API through the client, which applies its context, TLS or SSH. Standard input
   * and output of the process are the two directions; the end of `input` closes the first.
   */
  readonly dial: (
    input: Stream.Stream<Uint8Array>
  ) => Effect.Effect<Subprocess.Subprocess, CommandFailed.CommandFailed, Scope.Scope>
  /** Runs the client and streams both outputs. Fails at the end on a non-zero exit code. */
  readonly output: (
    args: ReadonlyArray<string>,
    options?: ClientOptions
  ) => Stream.Stream<Output.Output, CommandFailed.CommandFailed>
}

/**
 * Failure of the stream that a client reads as its input.
 *
 * @internal
 */
export interface InputError<out E> {
  readonly _tag: "InputError"
  readonly error: E
}

/** @internal */
export interface RunningClient {
  readonly events: Stream.Stream<Output.ProcessEvent, CommandFailed.CommandFailed>
  readonly isRunning: Effect.Effect<boolean>
}

/** @internal */
export interface ClientOptions {
  /** Variables of the client's own environment. */
  readonly variables?: Readonly<Record<string, string>> | undefined
  readonly redact?: ReadonlyArray<Redacted.Redacted<string>> | undefined
  readonly stdin?: Stdin | undefined
  /** Termination of the client on interruption. Applies to `output` only. */
  readonly termination?: Termination | undefined
  readonly maxStdout?: number | undefined
  /** Default: only 0. Does not apply to `follow`. */
  readonly acceptExitCode?: ((exitCode: number) => boolean) | undefined
  /** Default: two minutes for `run`, none for the others. Does not apply to `follow`. */
  readonly timeout?: Duration.DurationInput | undefined
}

/** @internal */
export interface Termination extends Pick<Subprocess.StartOptions, "killAfter" | "killSignal" | "onTerminate"> {}

/** Variables that make the output of a client independent of the user's environment. */
const plainOutput = {
  LC_ALL: "C",
  DOCKER_CLI_HINTS: "false",
  BUILDKIT_PROGRESS: "plain",
  NO_COLOR: "1",
  // Podman 5 prints a warning for each command on a host with cgroups v1.
  PODMAN_IGNORE_CGROUPSV1_WARNING: "1"
} as const

/** @internal */
export const make = (
  executor: CommandExecutor.CommandExecutor,
  executable: string,
  location: Readonly<Record<string, string>>
): Client => {
  const variables = { ...plainOutput, ...location }
  const context: Context = { executor, executable, variables }
  return {
    executable,
    variables,
    run: (args, options = {}) => run(context, args, options),
    feed: (args, stdin, options = {}) => feed(context, args, stdin, options),
    stdout: (args, options = {}) =>
      Subprocess.stream(command(context, args, options), { timeout: options.timeout }).pipe(
        Stream.provideService(CommandExecutor.CommandExecutor, executor)
      ),
    output: (args, options = {}) =>
      Subprocess.output(command(context, args, options), {
        redact: options.redact,
        timeout: options.timeout,
        ...options.termination,
        stdin: textOrBytes(options.stdin)
      }).pipe(
        Stream.provideService(CommandExecutor.CommandExecutor, executor)
      ),
    dial: (input) =>
      // It ignores SIGTERM, and has nothing to clean up.
      Subprocess.start(command(context, ["system", "dial-stdio"], {}), { stdin: input, killSignal: "SIGKILL" }).pipe(
        Effect.provideService(CommandExecutor.CommandExecutor, executor)
      ),
    follow: (args, options = {}) => follow(context, args, options)
  }
}

interface Context {
  readonly executor: CommandExecutor.CommandExecutor
  readonly executable: string
  readonly variables: Readonly<Record<string, string>>
}

const command = (context: Context, args: ReadonlyArray<string>, { variables }: Pick<ClientOptions, "variables">) =>
  Command.env(Command.make(context.executable, ...args), { ...context.variables, ...variables })

/**
 * Command with the stream of the options as its input. The failure of a stream
 * that is part of a command becomes a failure of the command; `restore` makes
 * the original error its cause.
 */
const commandWithStdin = (context: Context, args: ReadonlyArray<string>, options: ClientOptions) => {
  const { stdin } = options
  if (!Predicate.isObject(stdin) || Predicate.isUint8Array(stdin)) {
    return { command: command(context, args, options), restore: identity<CommandFailed.CommandFailed> }
  }
  const { restore, stream } = streamInput(stdin)
  return { command: Command.stdin(command(context, args, options), stream), restore }
}

const textOrBytes = (stdin: Stdin | undefined) =>
  typeof stdin === "string" || Predicate.isUint8Array(stdin) ? stdin : undefined

const run = (
  context: Context,
  args: ReadonlyArray<string>,
  options: ClientOptions
): Effect.Effect<Subprocess.Result, CommandFailed.CommandFailed> =>
  Effect.suspend(() => {
    const { command, restore } = commandWithStdin(context, args, options)
    return Subprocess.run(command, {
      maxStdout: options.maxStdout ?? maxAnswer,
      redact: options.redact,
      acceptExitCode: options.acceptExitCode,
      timeout: options.timeout ?? answerTimeout,
      stdin: textOrBytes(options.stdin)
    }).pipe(
      Effect.mapError(restore),
      Effect.provideService(CommandExecutor.CommandExecutor, context.executor)
    )
  })

const feed = <E>(
  context: Context,
  args: ReadonlyArray<string>,
  stdin: Stream.Stream<Uint8Array, E>,
  options: Pick<ClientOptions, "variables" | "timeout">
): Effect.Effect<void, CommandFailed.CommandFailed | InputError<E>> =>
  Subprocess.run(command(context, args, options), {
    timeout: options.timeout,
    stdin: Stream.mapError(stdin, (error): InputError<E> => ({ _tag: "InputError", error }))
  }).pipe(Effect.asVoid, Effect.provideService(CommandExecutor.CommandExecutor, context.executor))

const follow = (
  context: Context,
  args: ReadonlyArray<string>,
  options: ClientOptions
): Effect.Effect<RunningClient, CommandFailed.CommandFailed, Scope.Scope> =>
  Effect.suspend(() => {
    const { command, restore } = commandWithStdin(context, args, options)
    return Subprocess.start(command, { redact: options.redact, stdin: textOrBytes(options.stdin) }).pipe(
      Effect.provideService(CommandExecutor.CommandExecutor, context.executor),
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

/** Bytes of a client's output: far more than any list or inspection. */
const maxAnswer = 64 * 1024 * 1024

/**
 * Default timeout of a command.
 *
 * @internal
 */
export const answerTimeout = Duration.minutes(2)

/**
 * Timeout of commands that transfer images or trees of files.
 *
 * @internal
 */
export const transferTimeout = Duration.hours(1)
