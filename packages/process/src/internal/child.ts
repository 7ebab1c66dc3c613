import * as Command from "@effect/platform/Command"
import * as CommandExecutor from "@effect/platform/CommandExecutor"
import type * as Cause from "effect/Cause"
import type * as Chunk from "effect/Chunk"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as FiberRef from "effect/FiberRef"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import * as Scheduler from "effect/Scheduler"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { CommandFailed } from "../CommandFailed.js"
import { type ExitStatus, fromProcess } from "./exitStatus.js"
import { feed, type Input } from "./input.js"
import type { Report } from "./report.js"

/**
 * A running process whose outputs are read and whose input is fed.
 *
 * @internal
 */
export interface Child<E> {
  readonly pid: CommandExecutor.ProcessId
  readonly isRunning: Effect.Effect<boolean>
  /** Waits for the exit. Fails at once if the input or an output fails. */
  readonly ended: Effect.Effect<ExitStatus, CommandFailed | E>
  /** Waits for the exit and the end of both outputs. */
  readonly completed: Effect.Effect<ExitStatus, CommandFailed | E>
  /**
   * Forks a fiber in the scope of the process. It is not a child of the current
   * fiber, whose interruption would reach it at once, even in finalizers.
   */
  readonly fork: <A, E1>(effect: Effect.Effect<A, E1>) => Effect.Effect<Fiber.Fiber<A, E1>>
  readonly kill: (signal: CommandExecutor.Signal) => Effect.Effect<void>
  /** Terminates the process and waits for its exit. */
  readonly terminate: Effect.Effect<void>
}

/** @internal */
export interface Reader {
  readonly write: (chunk: Chunk.Chunk<Uint8Array>) => Effect.Effect<unknown>
  readonly end: Effect.Effect<unknown>
}

/** @internal */
export interface Setup<E, R> {
  readonly command: Command.StandardCommand
  readonly input: Input<E, R>
  readonly stdout: Reader
  readonly stderr: Reader
  readonly killSignal: CommandExecutor.Signal
  readonly killAfter: Duration.DurationInput
  readonly onTerminate: (pid: CommandExecutor.ProcessId) => Effect.Effect<unknown>
  readonly report: Report
}

/**
 * Runs fibers without yielding. Output without a listener is lost when the
 * process exits, and a fast process may exit before a fiber is scheduled.
 */
const immediately = Scheduler.make((task) => task())

/** Time limit after SIGKILL, exceeded if the process has another user or is stuck in the kernel. */
const killTimeout = Duration.seconds(1)

/**
 * Starts a process that is terminated when the scope is closed.
 *
 * @internal
 */
export const start = Effect.fnUntraced(
  function*<E, R>(setup: Setup<E, R>) {
    const scheduler = yield* FiberRef.get(FiberRef.currentScheduler)
    const scope = yield* Scope.make()
    const ended = yield* Deferred.make<ExitStatus, CommandFailed | E>()
    const completed = yield* Deferred.make<ExitStatus, CommandFailed | E>()
    const failAll = (cause: Cause.Cause<CommandFailed | E>) =>
      Effect.zipRight(Deferred.failCause(ended, cause), Deferred.failCause(completed, cause))
    const fork = <A, E1, R1>(effect: Effect.Effect<A, E1, R1>) =>
      effect.pipe(
        Effect.withScheduler(scheduler),
        Effect.interruptible,
        Effect.forkIn(scope),
        Effect.withScheduler(immediately)
      )
    const read = (output: Command.Command.Output, stream: CommandExecutor.Process["stdout"], reader: Reader) =>
      // An inherited output has no stream.
      forEachChunk(output === "inherit" ? Stream.empty : stream, reader.write).pipe(
        Effect.catchAll((error) => setup.report.fail("Output", { error })),
        Effect.catchAllCause(failAll),
        Effect.ensuring(reader.end),
        fork
      )

    const process = yield* spawn(setup, scope)
    const stdout = yield* read(setup.command.stdout, process.stdout, setup.stdout)
    const stderr = yield* read(setup.command.stderr, process.stderr, setup.stderr)
    const terminate = yield* makeTerminate(process, [stdout, stderr], setup)
    yield* Effect.addFinalizer((exit) => Effect.zipRight(terminate, close(process, scope, exit)))
    if (setup.input !== "inherit") {
      const onFailure = (cause: Cause.Cause<E>) => Effect.zipRight(failAll(cause), terminate)
      yield* fork(feed(setup.input, process.stdin, onFailure))
    }

    const exited = Effect.catchAll(fromProcess(process), (error) => setup.report.fail("Unknown", { error }))
    yield* fork(Effect.intoDeferred(exited, ended))
    yield* fork(Effect.intoDeferred(
      Effect.zipLeft(Deferred.await(ended), Fiber.awaitAll([stdout, stderr])),
      completed
    ))
    const child: Child<E> = {
      pid: process.pid,
      isRunning: isRunning(process),
      ended: Deferred.await(ended),
      completed: Deferred.await(completed),
      fork,
      // The platform's `kill` waits for the exit, which most signals do not cause.
      kill: (signal) => Effect.asVoid(Effect.whenEffect(fork(Effect.ignore(process.kill(signal))), isRunning(process))),
      terminate
    }
    return child
  },
  Effect.uninterruptible
)

const spawn = <E, R>({ command, report }: Setup<E, R>, scope: Scope.CloseableScope) =>
  CommandExecutor.CommandExecutor.pipe(
    Effect.flatMap((executor) => executor.start(withPipes(command))),
    Scope.extend(scope),
    Effect.catchAll(report.failToStart),
    Effect.catchAllDefect(report.dieToStart),
    Effect.onError((cause) => Scope.close(scope, Exit.failCause(cause))),
    Effect.withScheduler(immediately)
  )

/** Like `Stream.runForEachChunk`, but does not fork, so that it listens at once. */
const forEachChunk = <E>(
  stream: Stream.Stream<Uint8Array, E>,
  write: Reader["write"]
): Effect.Effect<void, E> =>
  Stream.toPull(stream).pipe(
    Effect.flatMap((pull) => {
      const loop: Effect.Effect<never, Option.Option<E>> = Effect.flatMap(pull, (chunk) =>
        Effect.zipRight(write(chunk), loop))
      return loop
    }),
    Effect.scoped,
    Effect.catchAll((end) =>
      Option.isNone(end) ? Effect.void : Effect.fail(end.value)
    )
  )

/** Replaces streams and sinks of the command, which the platform would consume too. */
const withPipes = (command: Command.StandardCommand): Command.Command =>
  command.pipe(
    Command.stdin(command.stdin === "inherit" ? "inherit" : "pipe"),
    Command.stdout(command.stdout === "inherit" ? "inherit" : "pipe"),
    Command.stderr(command.stderr === "inherit" ? "inherit" : "pipe")
  )

const makeTerminate = (
  process: CommandExecutor.Process,
  readers: ReadonlyArray<Fiber.Fiber<unknown>>,
  { killAfter, killSignal, onTerminate }: Pick<Setup<never, never>, "killAfter" | "killSignal" | "onTerminate">
) =>
  Effect.gen(function*() {
    const lock = yield* Effect.makeSemaphore(1)
    const isBusy = Effect.zipWith(
      isRunning(process),
      Effect.forEach(readers, Fiber.poll),
      (running, exits) => running || exits.some(Option.isNone)
    )
    const stop = (signal: CommandExecutor.Signal, limit: Duration.DurationInput) =>
      Effect.ignore(process.kill(signal)).pipe(
        Effect.zipRight(Effect.exit(process.exitCode)),
        // Children of the process get the same grace period: they hold the outputs open.
        Effect.zipRight(Fiber.awaitAll(readers)),
        Effect.interruptible,
        Effect.timeoutOption(limit)
      )
    const prepare = Effect.suspend(() => onTerminate(process.pid)).pipe(
      Effect.interruptible,
      Effect.timeoutOption(killAfter),
      Effect.exit
    )
    const stopBoth = stop(killSignal, killAfter).pipe(
      // Unconditionally, since a child of the process may have closed its outputs.
      Effect.zipRight(stop("SIGKILL", killTimeout)),
      Effect.whenEffect(isBusy)
    )
    // A child in a session of its own is not signaled, and may hold the outputs open indefinitely.
    const hasStopped = yield* Ref.make(false)
    return Effect.zipRight(prepare, stopBoth).pipe(
      Effect.zipRight(Ref.set(hasStopped, true)),
      Effect.whenEffect(isBusy),
      Effect.unlessEffect(Ref.get(hasStopped)),
      Effect.uninterruptible,
      lock.withPermits(1),
      // In a daemon, so that interrupting a waiter does not interrupt the termination.
      Effect.forkDaemon,
      Effect.flatMap(Fiber.join),
      Effect.asVoid
    )
  })

const isRunning = (process: CommandExecutor.Process) => Effect.orElseSucceed(process.isRunning, () => false)

/** Closes the scope of the platform's process, in the background if it is still running: it waits for the exit. */
const close = (process: CommandExecutor.Process, scope: Scope.CloseableScope, exit: Exit.Exit<unknown, unknown>) =>
  Effect.if(isRunning(process), {
    onFalse: () => Scope.close(scope, exit),
    onTrue: () =>
      Effect.zipRight(
        Effect.logWarning(`Process ${process.pid} is still running after SIGKILL`),
        Effect.forkDaemon(Scope.close(scope, exit))
      )
  })
