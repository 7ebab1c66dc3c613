import * as Command from "@effect/platform/Command"
import * as CommandExecutor from "@effect/platform/CommandExecutor"
import * as PlatformError from "@effect/platform/Error"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Inspectable from "effect/Inspectable"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import type * as Scope from "effect/Scope"
import * as Sink from "effect/Sink"
import * as Stream from "effect/Stream"
import type { Execs } from "../../BackendDriver.js"
import type * as Exec from "../../Exec.js"
import * as Output from "../../Output.js"
import { toExec } from "../model/commandExec.js"
import { collect } from "../values/bytes.js"
import * as Commands from "./commands.js"
import { type Context, getContainer } from "./context.js"
import * as History from "./history.js"
import * as Scripts from "./scripts.js"
import * as Signals from "./signals.js"

/**
 * `CommandExecutor` whose processes run in a container, scripted by the option
 * `exec`.
 *
 * @internal
 */
export const executor = (context: Context): Execs["executor"] => (key) =>
  CommandExecutor.makeExecutor((command) => {
    const [first, ...rest] = Command.flatten(command)
    return rest.reduce(
      (previous, part) => Effect.flatMap(previous, ({ stdout }) => start(context, key, part, stdout)),
      start(context, key, first, first.stdin)
    )
  })

const start = Effect.fnUntraced(function*(
  context: Context,
  key: string,
  command: Command.StandardCommand,
  stdin: Command.CommandInput
): Effect.fn.Return<CommandExecutor.Process, PlatformError.PlatformError, Scope.Scope> {
  const exec = yield* toExec(command)
  const written = yield* Deferred.make<Uint8Array>()
  const input = yield* Scripts.makeInput(inputOf(stdin, written))
  const running: Running = {
    history: yield* History.make,
    exited: yield* Deferred.make<CommandExecutor.ExitCode, PlatformError.PlatformError>()
  }

  yield* events(context, key, exec, input.read).pipe(
    Stream.runForEach((event) =>
      event.source === "exit"
        ? end(running, Effect.succeed(event.exitCode))
        : History.record(running.history, event)
    ),
    Effect.raceFirst(Effect.asVoid(Deferred.await(running.exited))),
    Effect.raceFirst(Option.getOrElse(input.failure, () => Effect.never)),
    Effect.catchAllCause((cause) => end(running, Effect.failCause(cause))),
    Effect.interruptible,
    Effect.forkScoped
  )
  yield* Effect.addFinalizer(() => end(running, Effect.succeed(Signals.exitCode(Signals.terminate))))

  const pid = CommandExecutor.ProcessId(yield* Random.nextIntBetween(2, 2 ** 15))
  const toJSON = () => ({ _id: "@effect/platform/CommandExecutor/Process", pid })
  return {
    [CommandExecutor.ProcessTypeId]: CommandExecutor.ProcessTypeId,
    toJSON,
    toString: () => Inspectable.format(toJSON()),
    [Inspectable.NodeInspectSymbol]: toJSON,
    pid,
    exitCode: Deferred.await(running.exited),
    isRunning: Effect.negate(Deferred.isDone(running.exited)),
    kill: (signal = "SIGTERM") => kill(running, signal),
    stdin: stdin === "pipe" ? writeTo(written) : Sink.drain,
    stdout: outputOf(command.stdout, output(running, "stdout")),
    stderr: outputOf(command.stderr, output(running, "stderr"))
  }
})

interface Running {
  readonly history: History.History
  readonly exited: Deferred.Deferred<CommandExecutor.ExitCode, PlatformError.PlatformError>
}

/** Completes the process; only the first completion counts. The exit event in the history ends the outputs. */
const end = ({ exited, history }: Running, outcome: Effect.Effect<number, PlatformError.PlatformError>) =>
  Deferred.complete(exited, Effect.map(outcome, CommandExecutor.ExitCode)).pipe(
    Effect.zipRight(History.record(history, Output.exit(0))),
    Effect.uninterruptible
  )

const output = ({ exited, history }: Running, source: Output.Output["source"]) =>
  Stream.concat(
    Output.bytes(History.outputs(History.follow(history, 0)), source),
    // The output fails if the script died, since the consumer may not read the exit code.
    Stream.drain(Stream.fromEffect(Deferred.await(exited)))
  )

/** A command that cannot be run prints its error, like the client of an engine. */
const events = (context: Context, key: string, exec: Exec.Exec, stdin: Effect.Effect<Uint8Array>) =>
  getContainer(context, key).pipe(
    Effect.map((container) => Commands.run(context, container, exec, stdin)),
    Effect.catchAll(({ message }) => Effect.succeed(Stream.fail({ detail: message, exitCode: 1 }))),
    Stream.unwrap,
    Stream.catchAll(({ detail, exitCode }) =>
      Stream.make(Output.stderr(Scripts.toBytes(`Error: ${detail}\n`)), Output.exit(exitCode))
    )
  )

const kill = (running: Running, name: CommandExecutor.Signal) => {
  const signal = Signals.parse(name)
  if (signal === undefined) {
    return new PlatformError.SystemError({
      module: "Command",
      method: "kill",
      reason: "InvalidData",
      description: `invalid signal: ${name}`
    })
  }
  return Signals.terminates(signal) ? end(running, Effect.succeed(Signals.exitCode(signal))) : Effect.void
}

const inputOf = (
  input: Command.CommandInput,
  written: Deferred.Deferred<Uint8Array>
): string | Uint8Array | Stream.Stream<Uint8Array, PlatformError.PlatformError> | undefined =>
  input === "inherit" ? undefined : input === "pipe" ? Stream.fromEffect(Deferred.await(written)) : input

const writeTo = (written: Deferred.Deferred<Uint8Array>): CommandExecutor.Process["stdin"] =>
  Sink.collectAll<Uint8Array>().pipe(
    Sink.mapEffect((chunks) => Deferred.complete(written, collect(Stream.fromChunk(chunks)))),
    Sink.map(() => undefined)
  )

const outputOf = (
  output: Command.CommandOutput,
  stream: Stream.Stream<Uint8Array, PlatformError.PlatformError>
) => output === "pipe" ? stream : output === "inherit" ? Stream.empty : Stream.transduce(stream, output)
