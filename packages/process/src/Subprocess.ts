/**
 * Child processes of the platform's `Command`, run to their end: outputs are
 * read while the process runs, input is explicit, a bad end is an error, and
 * nothing of the process outlives the scope it ran in.
 *
 * A command whose parts are joined by `Command.pipeTo` is run as a pipeline:
 * the result is the last part's, and a failure of any part fails the whole,
 * except of a part whose output is no longer wanted.
 *
 * `Command.env`, `Command.workingDirectory` and `Command.runInShell` work as
 * ever, and so does `"inherit"` for `Command.stdin`, `Command.stdout` and
 * `Command.stderr`. A process runs in a session of its own, so that a terminal
 * which it inherits sends it no signals. Sinks of a command are not used.
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
 * @since 0.1.0
 * @category models
 */
export interface StartOptions<out E = never, out R = never> {
  /**
   * What the process reads: text as UTF-8, bytes, or a stream that is pulled
   * as fast as the process reads; to write to it while it runs, give a stream
   * from a queue. The stream's own failure terminates the process, and is the
   * failure of the whole. By default what the command has by `Command.feed` or
   * `Command.stdin`, and otherwise nothing: the process sees the end at once.
   */
  readonly stdin?: string | Uint8Array | Stream.Stream<Uint8Array, E, R> | undefined
  /** The signal by which the process is asked to end when it is terminated; SIGTERM by default. */
  readonly killSignal?: CommandExecutor.Signal | undefined
  /**
   * The time between that signal and SIGKILL when the process is terminated; 5
   * seconds by default. Both go to its process group.
   */
  readonly killAfter?: Duration.DurationInput | undefined
  /**
   * What is done before that signal when the process is terminated, for at most
   * as long again: ending what it has started outside its process group, which
   * no signal reaches. A process that has ended by then gets none.
   */
  readonly onTerminate?: ((pid: CommandExecutor.ProcessId) => Effect.Effect<unknown>) | undefined
  /**
   * Values that must not be seen: in errors they read `<redacted>`. One of up
   * to three characters is only recognized where it stands alone.
   */
  readonly redact?: ReadonlyArray<Redacted.Redacted<string>> | undefined
  /** How many bytes of standard error are kept; 65,536 by default. */
  readonly maxStderr?: number | undefined
}

/**
 * @since 0.1.0
 * @category models
 */
export interface StreamOptions<out E = never, out R = never> extends StartOptions<E, R> {
  /** The exit codes that are no failure; only 0 by default. */
  readonly acceptExitCode?: ((exitCode: number) => boolean) | undefined
  /** The time after which the process is terminated; unlimited by default. */
  readonly timeout?: Duration.DurationInput | undefined
}

/**
 * @since 0.1.0
 * @category models
 */
export interface RunOptions<out E = never, out R = never> extends StreamOptions<E, R> {
  /** How many bytes of standard output are kept; 1,048,576 by default, `Infinity` for all. */
  readonly maxStdout?: number | undefined
}

/**
 * What a process left behind.
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
 * A piece of output, and where it was written.
 *
 * @since 0.1.0
 * @category models
 */
export interface Output {
  readonly source: "stdout" | "stderr"
  readonly bytes: Uint8Array
}

/**
 * A running process. It is terminated when the scope that it was started in is
 * closed.
 *
 * @since 0.1.0
 * @category models
 */
export interface Subprocess<out E = never> {
  readonly pid: CommandExecutor.ProcessId
  /**
   * Waits for the exit, as often as wanted. No exit code is a failure here; a
   * signal is, and so is the failure of the stdin stream.
   */
  readonly exitCode: Effect.Effect<CommandExecutor.ExitCode, CommandFailed | E>
  readonly isRunning: Effect.Effect<boolean>
  /** Sends a signal to the process group, SIGTERM by default, and does not wait. No error if it is gone. */
  readonly kill: (signal?: CommandExecutor.Signal) => Effect.Effect<void>
  /**
   * Standard output, which may be read after the exit too. The process is held
   * up while its output is not read. Each piece is delivered once.
   */
  readonly stdout: Stream.Stream<Uint8Array>
  /** Standard error, by the same rules. */
  readonly stderr: Stream.Stream<Uint8Array>
}

/**
 * Runs a command to its end and captures its outputs. It has ended when it has
 * exited and its outputs are closed; a child that it leaves behind holds them
 * open for as long as it uses them.
 *
 * Fails with `CommandFailed` if the command cannot be started, does not end
 * with an accepted exit code, or takes longer than `timeout`. When that
 * happens or the effect is interrupted, the process is gone before it returns.
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
 * Starts a process that is terminated when the scope is closed: with SIGTERM,
 * and with SIGKILL after `killAfter`. Closing the scope waits for its end.
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
 * Standard output as it comes. The process is held up while the stream is not
 * pulled, and terminated when the consumer stops early.
 *
 * Fails with `CommandFailed` as `run` does; after the last bytes, if it is the
 * end of the process that fails it. The time of the consumer counts for the
 * timeout.
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
 * Standard output as lines of UTF-8, without their ends (`\n` or `\r\n`),
 * malformed bytes replaced. The last line need not have an end. Otherwise as
 * `stream`.
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
 * Both outputs as they come, as one stream. Each keeps its order; between the
 * two the order is that of arrival. Otherwise as `stream`.
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
 * Splits bytes into lines of UTF-8, wherever sequences and line ends are torn
 * apart: for one of the outputs of a started process.
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
 * A line of one of the outputs, without its end.
 *
 * @since 0.1.0
 * @category models
 */
export interface Line {
  readonly source: Output["source"]
  readonly text: string
}

/**
 * Splits both outputs into lines of UTF-8, each for itself. Lines are in the
 * order in which their ends arrive; those without an end come last.
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
