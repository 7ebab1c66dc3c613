/**
 * Runs child processes of the platform's `Command`: output is read while the
 * process runs, input is explicit, an unaccepted exit is an error, and the
 * process does not outlive its scope.
 *
 * Commands joined by `Command.pipeTo` run as a pipeline: the result is that of
 * the last command, and a failure of any command fails the pipeline, except of
 * one whose reader has already exited.
 *
 * `Command.env`, `Command.workingDirectory` and `Command.runInShell` apply as
 * usual, and so does `"inherit"` for `Command.stdin`, `Command.stdout` and
 * `Command.stderr`. Each process runs in a session of its own, so an inherited
 * terminal does not send it signals. Sinks of a command are ignored.
 *
 * @since 0.1.0
 */
import * as Command from "@effect/platform/Command"
import type * as CommandExecutor from "@effect/platform/CommandExecutor"
import * as Chunk from "effect/Chunk"
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import { dual } from "effect/Function"
import type * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { Captured } from "./Captured.js"
import type { CommandFailed } from "./CommandFailed.js"
import * as Execute from "./internal/execute.js"
import { makeLineSplitter } from "./internal/text.js"

/**
 * Options of starting a process.
 *
 * @since 0.1.0
 * @category models
 */
export interface StartOptions<out E = never, out R = never> {
  /**
   * Standard input: text as UTF-8, bytes, or a stream, which is pulled as fast
   * as the process reads. To write while the process runs, pass a stream of a
   * queue. A failure of the stream terminates the process and becomes the error
   * of the effect. Default: the input set by `Command.feed` or `Command.stdin`,
   * otherwise empty.
   */
  readonly stdin?: string | Uint8Array | Stream.Stream<Uint8Array, E, R> | undefined
  /** Signal that is sent first when the process is terminated. Default: SIGTERM. */
  readonly killSignal?: CommandExecutor.Signal | undefined
  /**
   * Time between that signal and SIGKILL. Default: 5 seconds. Both signals are
   * sent to the process group.
   */
  readonly killAfter?: Duration.DurationInput | undefined
  /**
   * Runs before the signal, for at most `killAfter`: for example to stop
   * processes outside the process group, which signals do not reach. If the
   * process has exited by then, no signal is sent. Default: nothing.
   */
  readonly onTerminate?: ((pid: CommandExecutor.ProcessId) => Effect.Effect<unknown>) | undefined
  /**
   * Secrets that errors show as `<redacted>`. One of up to three characters is
   * replaced only where it stands alone.
   */
  readonly redact?: ReadonlyArray<Redacted.Redacted<string>> | undefined
  /** Maximum number of captured bytes of standard error. Default: 65,536. */
  readonly maxStderr?: number | undefined
}

/**
 * Options of streaming the output of a command.
 *
 * @since 0.1.0
 * @category models
 */
export interface StreamOptions<out E = never, out R = never> extends StartOptions<E, R> {
  /** Accepts an exit code as success. Default: only 0. */
  readonly acceptExitCode?: ((exitCode: number) => boolean) | undefined
  /** Time after which the process is terminated. Default: unlimited. */
  readonly timeout?: Duration.DurationInput | undefined
}

/**
 * Options of running a command.
 *
 * @since 0.1.0
 * @category models
 */
export interface RunOptions<out E = never, out R = never> extends StreamOptions<E, R> {
  /** Maximum number of captured bytes of standard output, `Infinity` for all. Default: 1,048,576. */
  readonly maxStdout?: number | undefined
}

/**
 * Result of a command: exit code, captured output and duration.
 *
 * @since 0.1.0
 * @category models
 */
export interface Result {
  readonly exitCode: CommandExecutor.ExitCode
  readonly stdout: Captured
  readonly stderr: Captured
  readonly duration: Duration.Duration
}

/**
 * A chunk of output and its source.
 *
 * @since 0.1.0
 * @category models
 */
export interface Output {
  readonly source: "stdout" | "stderr"
  readonly bytes: Uint8Array
}

/**
 * A running process. Closing the scope that it was started in terminates it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Subprocess<out E = never> {
  readonly pid: CommandExecutor.ProcessId
  /**
   * Waits for the exit; can be run repeatedly. Every exit code is a success.
   * Fails if a signal killed the process or the stdin stream failed.
   */
  readonly exitCode: Effect.Effect<CommandExecutor.ExitCode, CommandFailed | E>
  readonly isRunning: Effect.Effect<boolean>
  /** Sends a signal to the process group, SIGTERM by default, without waiting. Does nothing after the exit. */
  readonly kill: (signal?: CommandExecutor.Signal) => Effect.Effect<void>
  /**
   * Standard output; can also be read after the exit. The process is blocked
   * while its output is not read. Each chunk is delivered once.
   */
  readonly stdout: Stream.Stream<Uint8Array>
  /** Standard error; see `stdout`. */
  readonly stderr: Stream.Stream<Uint8Array>
}

/**
 * Runs a command and captures its output. Completes when the process has exited
 * and its output is closed; a background process that inherits the output keeps
 * it open.
 *
 * Fails with `CommandFailed` if the command cannot be started, exits with an
 * unaccepted exit code, or exceeds `timeout`. Terminates the process before a
 * failure or interruption completes.
 *
 * @example
 * ```ts
 * import { Command } from "@effect/platform"
 * import { NodeContext } from "@effect/platform-node"
 * import { Subprocess } from "@ociman/process"
 * import { Effect } from "effect"
 *
 * const program = Effect.gen(function*() {
 *   const { stdout } = yield* Subprocess.run(Command.make("sort"), { stdin: "b\na\n" })
 *   assert.strictEqual(stdout.text, "a\nb\n")
 *
 *   const error = yield* Command.make("sh", "-c", "echo no >&2; exit 3").pipe(Subprocess.run, Effect.flip)
 *   assert.strictEqual(error.reason, "ExitCode")
 *   assert.strictEqual(error.stderr, "no\n")
 * })
 *
 * Effect.runPromise(program.pipe(Effect.provide(NodeContext.layer)))
 * ```
 *
 * @since 0.1.0
 * @category execution
 */
export const run: {
  <E = never, R = never>(
    options: RunOptions<E, R>
  ): (self: Command.Command) => Effect.Effect<Result, CommandFailed | E, CommandExecutor.CommandExecutor | R>
  <E = never, R = never>(
    self: Command.Command,
    options: RunOptions<E, R>
  ): Effect.Effect<Result, CommandFailed | E, CommandExecutor.CommandExecutor | R>
  (self: Command.Command): Effect.Effect<Result, CommandFailed, CommandExecutor.CommandExecutor>
} = dual(
  (args) => Command.isCommand(args[0]),
  <E, R>(self: Command.Command, options: RunOptions<E, R> = {}) => Execute.run(self, options)
)

/**
 * Starts a process in a scope. Closing the scope terminates it, by SIGTERM and
 * after `killAfter` by SIGKILL, and waits for its exit.
 *
 * @since 0.1.0
 * @category execution
 */
export const start: {
  <E = never, R = never>(
    options: StartOptions<E, R>
  ): (
    self: Command.Command
  ) => Effect.Effect<Subprocess<E>, CommandFailed, CommandExecutor.CommandExecutor | R | Scope.Scope>
  <E = never, R = never>(
    self: Command.Command,
    options: StartOptions<E, R>
  ): Effect.Effect<Subprocess<E>, CommandFailed, CommandExecutor.CommandExecutor | R | Scope.Scope>
  (self: Command.Command): Effect.Effect<Subprocess, CommandFailed, CommandExecutor.CommandExecutor | Scope.Scope>
} = dual(
  (args) => Command.isCommand(args[0]),
  <E, R>(self: Command.Command, options: StartOptions<E, R> = {}) => Execute.start(self, options)
)

/**
 * Streams standard output. The process is blocked while the stream is not
 * pulled, and terminated when the consumer stops early.
 *
 * Fails with `CommandFailed` as `run` does; an unaccepted exit fails the stream
 * after its last bytes. The time that the consumer takes counts for `timeout`.
 *
 * @since 0.1.0
 * @category streaming
 */
export const stream: {
  <E = never, R = never>(
    options: StreamOptions<E, R>
  ): (self: Command.Command) => Stream.Stream<Uint8Array, CommandFailed | E, CommandExecutor.CommandExecutor | R>
  <E = never, R = never>(
    self: Command.Command,
    options: StreamOptions<E, R>
  ): Stream.Stream<Uint8Array, CommandFailed | E, CommandExecutor.CommandExecutor | R>
  (self: Command.Command): Stream.Stream<Uint8Array, CommandFailed, CommandExecutor.CommandExecutor>
} = dual(
  (args) => Command.isCommand(args[0]),
  <E, R>(self: Command.Command, options: StreamOptions<E, R> = {}) => Execute.streamStdout(self, options)
)

/**
 * Streams standard output as lines of UTF-8, without line terminators (`\n` or
 * `\r\n`) and with malformed bytes replaced. The last line need not be
 * terminated. Otherwise as `stream`.
 *
 * @since 0.1.0
 * @category streaming
 */
export const streamLines: {
  <E = never, R = never>(
    options: StreamOptions<E, R>
  ): (self: Command.Command) => Stream.Stream<string, CommandFailed | E, CommandExecutor.CommandExecutor | R>
  <E = never, R = never>(
    self: Command.Command,
    options: StreamOptions<E, R>
  ): Stream.Stream<string, CommandFailed | E, CommandExecutor.CommandExecutor | R>
  (self: Command.Command): Stream.Stream<string, CommandFailed, CommandExecutor.CommandExecutor>
} = dual(
  (args) => Command.isCommand(args[0]),
  <E, R>(self: Command.Command, options: StreamOptions<E, R> = {}) => splitLines(Execute.streamStdout(self, options))
)

/**
 * Streams standard output and standard error together, in order of arrival; each
 * keeps its own order. Otherwise as `stream`.
 *
 * @since 0.1.0
 * @category streaming
 */
export const output: {
  <E = never, R = never>(
    options: StreamOptions<E, R>
  ): (self: Command.Command) => Stream.Stream<Output, CommandFailed | E, CommandExecutor.CommandExecutor | R>
  <E = never, R = never>(
    self: Command.Command,
    options: StreamOptions<E, R>
  ): Stream.Stream<Output, CommandFailed | E, CommandExecutor.CommandExecutor | R>
  (self: Command.Command): Stream.Stream<Output, CommandFailed, CommandExecutor.CommandExecutor>
} = dual(
  (args) => Command.isCommand(args[0]),
  <E, R>(self: Command.Command, options: StreamOptions<E, R> = {}) => Execute.streamOutput(self, options)
)

/**
 * Splits bytes into lines of UTF-8, also where a sequence or line terminator
 * spans two chunks. For the output of a started process.
 *
 * @since 0.1.0
 * @category text
 */
export const splitLines = <E, R>(self: Stream.Stream<Uint8Array, E, R>): Stream.Stream<string, E, R> =>
  Stream.suspend(() => {
    const splitter = makeLineSplitter()
    return self.pipe(
      Stream.mapChunks(Chunk.flatMap((bytes) => Chunk.fromIterable(splitter.write(bytes)))),
      Stream.concat(Stream.suspend(() => Stream.fromIterable(splitter.end())))
    )
  })

/**
 * A line of output without its terminator, and its source.
 *
 * @since 0.1.0
 * @category models
 */
export interface Line {
  readonly source: Output["source"]
  readonly text: string
}

/**
 * Splits standard output and standard error into lines of UTF-8, each
 * separately. Lines are in the order in which their terminators arrive;
 * unterminated lines come last.
 *
 * @since 0.1.0
 * @category text
 */
export const splitOutputLines = <E, R>(self: Stream.Stream<Output, E, R>): Stream.Stream<Line, E, R> =>
  Stream.suspend(() => {
    const splitters = { stdout: makeLineSplitter(), stderr: makeLineSplitter() }
    const from = (source: Output["source"], texts: ReadonlyArray<string>) =>
      Chunk.map(Chunk.fromIterable(texts), (text): Line => ({ source, text }))
    const rest = Stream.suspend(() =>
      Stream.fromChunk(
        Chunk.appendAll(from("stdout", splitters.stdout.end()), from("stderr", splitters.stderr.end()))
      )
    )
    return self.pipe(
      Stream.mapChunks(Chunk.flatMap(({ bytes, source }) => from(source, splitters[source].write(bytes)))),
      Stream.concat(rest),
      Stream.catchAll((error) => Stream.concat(rest, Stream.fail(error)))
    )
  })
