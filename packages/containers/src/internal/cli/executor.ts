import * as Command from "@effect/platform/Command"
import * as CommandExecutor from "@effect/platform/CommandExecutor"
import * as PlatformError from "@effect/platform/Error"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Inspectable from "effect/Inspectable"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { Execs } from "../../BackendDriver.js"
import type * as Exec from "../../Exec.js"
import { badArgument, toExec } from "../model/commandExec.js"
import { inFinalizer } from "../values/inFinalizer.js"
import type { Context } from "./context.js"
import * as environmentFile from "./environmentFile.js"
import * as execWatch from "./execWatch.js"
import { execArguments } from "./flags/exec.js"
import * as markedProcess from "./markedProcess.js"

/**
 * `CommandExecutor` that runs commands inside a container. Every command becomes
 * one of the engine's client, with the same input, outputs and pipes.
 *
 * @internal
 */
export const executor = (context: Context): Execs["executor"] => (container) =>
  CommandExecutor.makeExecutor((command) =>
    Effect.gen(function*() {
      const mark = yield* markedProcess.make
      const parts = yield* Effect.forEach(Command.flatten(command), (part) => watchPart(context, container, part))
      const users = parts.map(({ exec }) => exec.user)
      const [first, ...rest] = yield* Effect.forEach(
        parts,
        (part) => translate(context, container, mark, part)
      )
      const last = parts.at(-1)
      if (first === undefined || last === undefined) return yield* badArgument("the command is empty")
      const openOutputs = yield* Ref.make(0)
      const process = yield* Effect.acquireRelease(
        context.hostExecutor.start(rest.reduce(Command.pipeTo, first)),
        (process) =>
          Effect.flatMap(haveEnded(process, openOutputs, parts), (haveEnded) =>
            haveEnded ? Effect.void : Effect.forEach(
              users,
              (user) => markedProcess.terminate(context, container, user, mark),
              { discard: true }
            ))
      )
      const kill = (signal: CommandExecutor.Signal = "SIGTERM") =>
        Effect.forEach(users, (user) => markedProcess.signal(context, container, user, mark, signal)).pipe(
          Effect.mapError((cause) => systemError("kill", cause.shortMessage)),
          Effect.zipRight(Effect.exit(process.exitCode)),
          Effect.asVoid
        )
      return {
        ...process,
        stdout: countOpen(openOutputs, process.stdout),
        stderr: countOpen(openOutputs, process.stderr),
        exitCode: Effect.tap(process.exitCode, checkExitCode(last.watch)),
        kill,
        toJSON: () => process.toJSON(),
        toString: () => process.toString(),
        [Inspectable.NodeInspectSymbol]: () => process.toJSON(),
        [CommandExecutor.ProcessTypeId]: CommandExecutor.ProcessTypeId
      } satisfies CommandExecutor.Process
    })
  )

interface Part {
  readonly command: Command.StandardCommand
  readonly exec: Exec.Exec
  readonly watch: execWatch.Watch
}

const watchPart = Effect.fnUntraced(function*(
  context: Context,
  container: string,
  command: Command.StandardCommand
): Effect.fn.Return<Part, PlatformError.PlatformError, Scope.Scope> {
  const exec = yield* toExec(command)
  const { value } = yield* markedProcess.make
  return { command, exec, watch: yield* execWatch.make(context, container, value) }
})

/** Counts an output while it is open and not read to its end. */
const countOpen = <E>(open: Ref.Ref<number>, output: Stream.Stream<Uint8Array, E>): Stream.Stream<Uint8Array, E> =>
  Stream.execute(Ref.update(open, (count) => count + 1)).pipe(
    Stream.concat(output),
    Stream.concat(Stream.execute(Ref.update(open, (count) => count - 1)))
  )

/** Fails if the engine reports another exit code than the client. */
const checkExitCode = (watch: execWatch.Watch) => (exitCode: number) =>
  Effect.matchEffect(watch.state, {
    onFailure: ({ _tag }) => systemError("exitCode", `${lostConnection} (${_tag})`),
    onSuccess: (state) =>
      state._tag === "Running" || state._tag === "Ended" && state.exitCode !== exitCode
        ? systemError("exitCode", lostConnection)
        : Effect.void
  })

const lostConnection =
  "the connection ended before the process did; its exit code and the rest of its output are unknown"

/**
 * Reports whether all commands have ended. A client may end before its command
 * if its output is cut or if it writes into a pipe. A client whose outputs have
 * ended ends shortly afterwards; otherwise it is killed, so that it cannot start
 * its command later.
 */
const haveEnded = (
  process: CommandExecutor.Process,
  openOutputs: Ref.Ref<number>,
  parts: ReadonlyArray<Part>
): Effect.Effect<boolean> =>
  Effect.gen(function*() {
    const wasCut = (yield* Ref.get(openOutputs)) > 0
    const exit = wasCut ? Option.none() : yield* within("200 millis", process.exitCode)
    if (Option.isNone(exit)) {
      yield* within("1 seconds", process.kill("SIGKILL"))
      return false
    }
    const states = yield* Effect.forEach(parts, ({ watch }) => within("2 seconds", watch.state))
    return states.every(Option.exists(({ _tag }) => _tag === "Unknown" ? parts.length === 1 : _tag !== "Running"))
  })

/** Success of an effect within a time limit; none if it fails or takes longer. */
const within = <A, E>(duration: Duration.DurationInput, effect: Effect.Effect<A, E>): Effect.Effect<Option.Option<A>> =>
  effect.pipe(
    Effect.interruptible,
    Effect.timeoutOption(duration),
    Effect.exit,
    Effect.map(Exit.match({ onFailure: () => Option.none(), onSuccess: (result) => result })),
    inFinalizer
  )

const translate = Effect.fnUntraced(function*(
  context: Context,
  container: string,
  mark: markedProcess.Mark,
  { command, exec, watch }: Part
) {
  const prepared = yield* environmentFile.prepare(context, "Container.executor", exec.environment).pipe(
    Effect.mapError((error) => badArgument(error.message))
  )
  return Command.make(
    context.client.executable,
    ...execArguments(container, exec, {
      ...prepared.arguments,
      names: [...prepared.arguments.names, mark.name]
    }, watch.arguments)
  ).pipe(
    Command.env({ ...context.client.variables, ...prepared.variables, [mark.name]: mark.value }),
    Command.stdin(command.stdin),
    Command.stdout(command.stdout),
    Command.stderr(command.stderr)
  )
})

const systemError = (method: string, description: string) =>
  new PlatformError.SystemError({ module: "Command", method, reason: "Unknown", description })
