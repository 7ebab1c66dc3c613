import * as Command from "@effect/platform/Command"
import * as CommandExecutor from "@effect/platform/CommandExecutor"
import * as PlatformError from "@effect/platform/Error"
import * as Arr from "effect/Array"
import * as Effect from "effect/Effect"
import * as Inspectable from "effect/Inspectable"
import * as Option from "effect/Option"
import type * as Exec from "../../Exec.js"
import type { Primitives } from "../../Primitives.js"
import { badArgument, toExec } from "../commandExec.js"
import { inFinalizer } from "../inFinalizer.js"
import type { Context } from "./context.js"
import * as environmentFile from "./environmentFile.js"
import { execArguments } from "./execArguments.js"
import * as markedProcess from "./markedProcess.js"

/**
 * The platform's processes, inside a container: every command becomes one of
 * the engine's client, with the same input, outputs and pipes.
 *
 * @internal
 */
export const executor = (context: Context): Pick<Primitives, "executor"> => ({
  executor: (container) =>
    CommandExecutor.makeExecutor((command) =>
      Effect.gen(function*() {
        const mark = yield* markedProcess.make
        const parts = Command.flatten(command)
        const execs = yield* Effect.forEach(parts, toExec)
        const users = execs.map(({ user }) => user)
        const [first, ...rest] = yield* Effect.forEach(
          Arr.zip(parts, execs),
          ([part, exec]) => translate(context, container, mark, part, exec)
        )
        if (first === undefined) return yield* badArgument("there is no command")
        const process = yield* Effect.acquireRelease(
          context.hostExecutor.start(rest.reduce(Command.pipeTo, first)),
          (process) =>
            Effect.unlessEffect(
              Effect.forEach(users, (user) => markedProcess.terminate(context, container, user, mark), {
                discard: true
              }),
              hasEnded(process)
            )
        )
        const kill = (signal: CommandExecutor.Signal = "SIGTERM") =>
          Effect.forEach(users, (user) => markedProcess.signal(context, container, user, mark, signal)).pipe(
            Effect.mapError((cause) => systemError("kill", cause.shortMessage)),
            Effect.zipRight(Effect.exit(process.exitCode)),
            Effect.asVoid
          )
        return {
          ...process,
          kill,
          toJSON: () => process.toJSON(),
          toString: () => process.toString(),
          [Inspectable.NodeInspectSymbol]: () => process.toJSON(),
          [CommandExecutor.ProcessTypeId]: CommandExecutor.ProcessTypeId
        } satisfies CommandExecutor.Process
      })
    )
})

// The output of a process ends a moment before its client does.
const hasEnded = (process: CommandExecutor.Process) =>
  Effect.exit(process.exitCode).pipe(
    Effect.interruptible,
    Effect.timeoutOption("200 millis"),
    inFinalizer,
    Effect.map(Option.isSome)
  )

const translate = Effect.fnUntraced(function*(
  context: Context,
  container: string,
  mark: markedProcess.Mark,
  command: Command.StandardCommand,
  exec: Exec.Exec
) {
  const prepared = yield* environmentFile.prepare(context, "Container.executor", exec.environment).pipe(
    Effect.mapError((error) => badArgument(error.message))
  )
  return Command.make(
    context.client.executable,
    ...execArguments(container, exec, {
      ...prepared.arguments,
      names: [...prepared.arguments.names, mark.name]
    })
  ).pipe(
    Command.env({ ...context.client.variables, ...prepared.variables, [mark.name]: mark.value }),
    Command.stdin(command.stdin),
    Command.stdout(command.stdout),
    Command.stderr(command.stderr)
  )
})

const systemError = (method: string, description: string) =>
  new PlatformError.SystemError({ module: "Command", method, reason: "Unknown", description })
