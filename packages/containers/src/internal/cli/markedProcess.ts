import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import * as User from "../../User.js"
import { inFinalizer } from "../values/inFinalizer.js"
import type { Context } from "./context.js"

/**
 * Environment variable that identifies the processes of an `exec`. Engines cannot
 * signal such a process, and it outlives the client that started it. Child
 * processes inherit the variable, and a script in the container finds them by it.
 *
 * @internal
 */
export interface Mark {
  readonly name: string
  readonly value: string
}

/** @internal */
export const make: Effect.Effect<Mark> = Effect.map(
  Effect.all([Random.nextIntBetween(0, 2 ** 32), Random.nextIntBetween(0, 2 ** 32)]),
  (numbers) => ({ name: "OCIMAN_EXEC", value: numbers.map((number) => number.toString(16).padStart(8, "0")).join("") })
)

const findScript = `marked() {
  for d in /proc/[0-9]*; do grep -qs "$1" "$d/environ" && echo "\${d#/proc/}"; done
}`

// A process that has ended meanwhile is not an error.
const signalScript = `${findScript}
e=0
for p in $(marked "$1"); do kill -"$2" "$p" || [ ! -e "/proc/$p" ] || e=1; done
exit $e`

const terminateScript = `${findScript}
i=0
while p=$(marked "$1"); [ -n "$p" ]; do
  [ $i -eq 0 ] && kill -TERM $p
  [ $i -ge 10 ] && kill -KILL $p
  [ $i -ge 20 ] && exit 1
  i=$((i + 1)); sleep 0.1 || sleep 1
done`

const runScript = (
  { client }: Context,
  container: string,
  user: Option.Option<User.User>,
  words: ReadonlyArray<string>
) =>
  client.run([
    "container",
    "exec",
    // Only the same user may read the environment of a process without further privileges.
    ...Option.match(user, { onNone: () => [], onSome: (user) => ["--user", User.format(user)] }),
    container,
    "sh",
    "-c",
    ...words
  ], { timeout: "10 seconds" })

/**
 * Sends a signal to the marked processes of a container.
 *
 * @internal
 */
export const signal = (
  context: Context,
  container: string,
  user: Option.Option<User.User>,
  mark: Mark,
  name: string
) => Effect.asVoid(runScript(context, container, user, [signalScript, "sh", markOf(mark), name.replace(/^SIG/, "")]))

/**
 * Ends the marked processes of a container, with SIGKILL after one second. This
 * needs a shell in the container; without one they end with the container.
 *
 * @internal
 */
export const terminate = (
  context: Context,
  container: string,
  user: Option.Option<User.User>,
  mark: Mark
): Effect.Effect<void> =>
  runScript(context, container, user, [terminateScript, "sh", markOf(mark)]).pipe(
    Effect.catchAll((error) =>
      Effect.annotateLogs(Effect.logDebug("Cannot terminate a command in a container", error.shortMessage), {
        container
      })
    ),
    // It runs in finalizers, where only an interruptible effect can time out.
    Effect.interruptible,
    Effect.timeoutOption("10 seconds"),
    inFinalizer,
    Effect.asVoid
  )

const markOf = ({ name, value }: Mark) => `${name}=${value}`
