import * as Command from "@effect/platform/Command"
import type * as CommandExecutor from "@effect/platform/CommandExecutor"
import * as Arr from "effect/Array"
import * as Chunk from "effect/Chunk"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Mailbox from "effect/Mailbox"
import * as Ref from "effect/Ref"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { CommandFailed } from "../CommandFailed.js"
import * as Capture from "./capture.js"
import * as Child from "./child.js"
import type { ExitStatus } from "./exitStatus.js"
import * as Input from "./input.js"
import type { RunOptions, StartOptions, StreamOptions } from "./options.js"
import * as Report from "./report.js"

type Executor = CommandExecutor.CommandExecutor

interface Result {
  readonly exitCode: CommandExecutor.ExitCode
  readonly stdout: Capture.Captured
  readonly stderr: Capture.Captured
  readonly duration: Duration.Duration
}

interface Output {
  readonly source: "stdout" | "stderr"
  readonly bytes: Uint8Array
}

interface Subprocess<out E> {
  readonly pid: CommandExecutor.ProcessId
  readonly exitCode: Effect.Effect<CommandExecutor.ExitCode, CommandFailed | E>
  readonly isRunning: Effect.Effect<boolean>
  readonly kill: (signal?: CommandExecutor.Signal) => Effect.Effect<void>
  readonly stdout: Stream.Stream<Uint8Array>
  readonly stderr: Stream.Stream<Uint8Array>
}

/** @internal */
export const run = <E, R>(
  self: Command.Command,
  options: RunOptions<E, R>
): Effect.Effect<Result, CommandFailed | E, Executor | R> =>
  Effect.gen(function*() {
    const stdout = Capture.make(options.maxStdout ?? 1024 * 1024)
    const stderr = makeStderr(options)
    const launch = yield* prepare(self, options, { stdout, stderr })
    yield* Effect.annotateCurrentSpan("process.executable.name", launch.report.executable)
    const child = yield* launch.start({ stdout: record(stdout), stderr: record(stderr) })
    const exitCode = yield* complete(child, launch.report, options, (exitCode) =>
      Effect.annotateCurrentSpan("process.exit.code", exitCode))
    return { exitCode, stdout: stdout.result(), stderr: stderr.result(), duration: yield* launch.report.elapsed }
  }).pipe(
    Effect.scoped,
    Effect.withSpan("Subprocess.run", { captureStackTrace: false })
  )

/** @internal */
export const start = <E, R>(
  self: Command.Command,
  options: StartOptions<E, R>
): Effect.Effect<Subprocess<E>, CommandFailed, Executor | R | Scope.Scope> =>
  Effect.uninterruptible(Effect.gen(function*() {
    const stdout = yield* Mailbox.make<Uint8Array>(mailboxSize)
    const stderr = yield* Mailbox.make<Uint8Array>(mailboxSize)
    const captured = makeStderr(options)
    const launch = yield* prepare(self, options, { stderr: captured })
    const child = yield* launch.start({
      stdout: { write: (chunk) => stdout.offerAll(chunk), end: stdout.end },
      stderr: both(record(captured), { write: (chunk) => stderr.offerAll(chunk), end: stderr.end })
    })
    yield* Effect.addFinalizer(() => Effect.zipRight(stdout.shutdown, stderr.shutdown))
    return {
      pid: child.pid,
      isRunning: child.isRunning,
      exitCode: Effect.flatMap(child.ended, exitCodeOf(launch.report)),
      kill: (signal = "SIGTERM") => child.kill(signal),
      stdout: Mailbox.toStream(stdout),
      stderr: Mailbox.toStream(stderr)
    }
  }))

/** @internal */
export const streamStdout = <E, R>(
  self: Command.Command,
  options: StreamOptions<E, R>
): Stream.Stream<Uint8Array, CommandFailed | E, Executor | R> =>
  stream<Uint8Array, E, R>(self, options, (offer) => ({
    stdout: { write: offer, end: Effect.void },
    stderr: { write: () => Effect.void, end: Effect.void }
  }))

/** @internal */
export const streamOutput = <E, R>(
  self: Command.Command,
  options: StreamOptions<E, R>
): Stream.Stream<Output, CommandFailed | E, Executor | R> =>
  stream<Output, E, R>(self, options, (offer) => {
    const from = (source: Output["source"]): Child.Reader => ({
      write: (chunk) => offer(Chunk.map(chunk, (bytes) => ({ source, bytes }))),
      end: Effect.void
    })
    return { stdout: from("stdout"), stderr: from("stderr") }
  })

/** Streams what the readers offer, then fails if the process failed. */
const stream = <A, E, R>(
  self: Command.Command,
  options: StreamOptions<E, R>,
  readers: (offer: (chunk: Chunk.Chunk<A>) => Effect.Effect<unknown>) => Readers
): Stream.Stream<A, CommandFailed | E, Executor | R> =>
  Stream.unwrapScoped(Effect.uninterruptible(Effect.gen(function*() {
    const mailbox = yield* Mailbox.make<A, CommandFailed | E>(mailboxSize)
    const captured = makeStderr(options)
    const launch = yield* prepare(self, options, { stderr: captured })
    const { stderr, stdout } = readers((chunk) => mailbox.offerAll(chunk))
    const child = yield* launch.start({ stdout, stderr: both(record(captured), stderr) })
    yield* complete(child, launch.report, options).pipe(
      Effect.asVoid,
      Effect.exit,
      Effect.flatMap((exit) => mailbox.done(exit)),
      Effect.interruptible,
      Effect.forkScoped
    )
    // Drops the output once there is no consumer, so that the process is not blocked and can exit.
    yield* Effect.addFinalizer(() => mailbox.shutdown)
    return Mailbox.toStream(mailbox)
  })))

interface Readers {
  readonly stdout: Child.Reader
  readonly stderr: Child.Reader
}

/** Maximum number of buffered chunks of 64 KiB. */
const mailboxSize = 8

const makeStderr = (options: StartOptions<unknown, unknown>) => Capture.make(options.maxStderr ?? 64 * 1024)

const record = (capture: Capture.Capture): Child.Reader => ({
  write: (chunk) =>
    Effect.sync(() => {
      for (const bytes of chunk) capture.write(bytes)
    }),
  end: Effect.void
})

const both = (first: Child.Reader, second: Child.Reader): Child.Reader => ({
  write: (chunk) => Effect.zipRight(first.write(chunk), second.write(chunk)),
  end: Effect.zipRight(first.end, second.end)
})

/** Prepares the last command of a pipeline, with the others as its input. */
const prepare = Effect.fnUntraced(function*<E, R>(
  self: Command.Command,
  options: StartOptions<E, R>,
  captures: { readonly stdout?: Capture.Capture; readonly stderr: Capture.Capture }
) {
  const parts = Command.flatten(self)
  const command = Arr.lastNonEmpty(parts)
  const report = yield* Report.make(command, options.redact ?? [], captures)
  const before = Arr.initNonEmpty(parts)
  const input = Arr.isNonEmptyReadonlyArray(before)
    ? streamStdout(pipeline(before), { ...options, timeout: undefined })
    : Input.make(options.stdin, command, (error) => report.fail("Input", { error }))
  return {
    report,
    start: (readers: Readers) => Child.start({ command, input, ...readers, ...terminationOf(options), report })
  }
})

const terminationOf = (
  { killAfter = Duration.seconds(5), killSignal = "SIGTERM", onTerminate = () => Effect.void }: StartOptions<
    unknown,
    unknown
  >
) => ({ killAfter, killSignal, onTerminate })

const pipeline = ([head, ...tail]: Arr.NonEmptyReadonlyArray<Command.StandardCommand>): Command.Command =>
  tail.reduce<Command.Command>((left, right) => Command.pipeTo(left, right), head)

const exitCodeOf = (report: Report.Report) => (ended: ExitStatus) =>
  ended._tag === "Exited" ? Effect.succeed(ended.exitCode) : report.fail("Signal", { signal: ended.signal })

/** Waits for the exit, and fails if it is not accepted. */
const complete = <E>(
  child: Child.Child<E>,
  report: Report.Report,
  { acceptExitCode = (exitCode) => exitCode === 0, timeout }: StreamOptions<unknown, unknown>,
  onExitCode: (exitCode: CommandExecutor.ExitCode) => Effect.Effect<void> = () => Effect.void
): Effect.Effect<CommandExecutor.ExitCode, CommandFailed | E> => {
  const completed = child.completed.pipe(
    Effect.flatMap(exitCodeOf(report)),
    Effect.tap(onExitCode),
    Effect.filterOrElse(acceptExitCode, (exitCode) => report.fail("ExitCode", { exitCode }))
  )
  if (timeout === undefined) return completed
  return Effect.gen(function*() {
    const result = yield* Deferred.make<CommandExecutor.ExitCode, CommandFailed | E>()
    const timedOut = yield* Ref.make(false)
    // The exit of a process that is terminated after the timeout does not count.
    yield* completed.pipe(
      Effect.exit,
      Effect.flatMap((exit) => Effect.unlessEffect(Deferred.done(result, exit), Ref.get(timedOut))),
      child.fork
    )
    yield* Ref.set(timedOut, true).pipe(
      Effect.zipRight(child.terminate),
      Effect.zipRight(report.fail("TimedOut", { timeout: Duration.decode(timeout) })),
      Effect.intoDeferred(result),
      Effect.delay(timeout),
      child.fork
    )
    return yield* Deferred.await(result)
  })
}
