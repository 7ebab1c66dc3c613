import type * as Command from "@effect/platform/Command"
import * as PlatformError from "@effect/platform/Error"
import * as Effect from "effect/Effect"
import * as HashMap from "effect/HashMap"
import * as Option from "effect/Option"
import * as Environment from "../../Environment.js"
import * as Exec from "../../Exec.js"
import * as User from "../../User.js"

/**
 * Converts a command of the platform to one in a container. Keeps the input open, since it may be written later.
 *
 * @internal
 */
export const toExec = (
  { args, command, cwd, env, gid, shell, uid }: Command.StandardCommand
): Effect.Effect<Exec.Exec, PlatformError.BadArgument> =>
  Effect.try({
    try: () =>
      Exec.modify(
        shell === false
          ? Exec.make(command, ...args)
          : Exec.make(shell === true ? "/bin/sh" : shell, "-c", [command, ...args].join(" ")),
        {
          environment: Environment.fromRecord(Object.fromEntries(HashMap.toEntries(env))),
          user: Option.map(uid, (uid) => User.ids(uid, Option.getOrUndefined(gid))),
          workingDirectory: cwd,
          interactive: true
        }
      ),
    catch: (cause) => badArgument(String(cause))
  })

/** @internal */
export const badArgument = (description: string): PlatformError.BadArgument =>
  new PlatformError.BadArgument({ module: "Command", method: "start", description })
