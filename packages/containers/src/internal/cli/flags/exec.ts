import * as Option from "effect/Option"
import type * as Exec from "../../../Exec.js"
import * as User from "../../../User.js"
import { type EnvironmentArguments, environmentArguments } from "./create.js"

/**
 * Arguments of the client that run a command in a container. They contain no
 * values of environment variables.
 *
 * @internal
 */
export const execArguments = (
  container: string,
  exec: Exec.Exec,
  environment: EnvironmentArguments,
  more: ReadonlyArray<string> = []
): ReadonlyArray<string> => [
  "container",
  "exec",
  ...(exec.tty ? ["--tty"] : []),
  ...(exec.interactive ? ["--interactive"] : []),
  ...Option.match(exec.user, { onNone: () => [], onSome: (user) => ["--user", User.format(user)] }),
  ...Option.match(exec.workingDirectory, { onNone: () => [], onSome: (path) => ["--workdir", path] }),
  ...environmentArguments(environment),
  ...more,
  container,
  exec.executable,
  ...exec.arguments
]
