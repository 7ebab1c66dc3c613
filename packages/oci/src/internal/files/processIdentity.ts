import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { isNotFound } from "./platformError.js"

/**
 * Identity of a process: the boot of its machine, its process and time namespaces, its number, and its start time.
 * Without any one of these, another process can be taken for it; a start time, for example, reads differently in
 * another time namespace.
 */
export const ProcessIdentity = Schema.Struct({
  /** The boot id, and the process and time namespaces in which `pid` and `started` have a meaning. */
  host: Schema.String,
  pid: Schema.String.pipe(Schema.pattern(/^\d+$/)),
  /** In ticks since the machine was started. */
  started: Schema.String
})

export interface ProcessIdentity extends Schema.Schema.Type<typeof ProcessIdentity> {}

/** Filesystem operations that read `/proc`. */
export interface ProcReader<E> {
  readonly readFileString: (path: string) => Effect.Effect<string, E>
  readonly readLink: (path: string) => Effect.Effect<string, E>
  readonly exists: (path: string) => Effect.Effect<boolean, E>
}

// The name of the executable is in parentheses and may contain any character.
const fieldsOf = (stat: string) => {
  const [state = "", ...rest] = stat.slice(stat.lastIndexOf(")") + 2).split(" ")
  return { pid: stat.slice(0, stat.indexOf(" ")), hasEnded: state === "Z" || state === "X", started: rest[18] ?? "" }
}

/** Identity of this process, on systems with `/proc`. */
export const current = <E>(fs: ProcReader<E>): Effect.Effect<Option.Option<ProcessIdentity>> =>
  Effect.all([
    fs.readFileString("/proc/self/stat"),
    fs.readFileString("/proc/sys/kernel/random/boot_id"),
    fs.readLink("/proc/self/ns/pid"),
    // Linux before version 5.6 has no time namespaces.
    Effect.catchIf(fs.readLink("/proc/self/ns/time"), isNotFound, () => Effect.succeed(""))
  ]).pipe(
    Effect.map(([stat, boot, processes, time]) => {
      const { pid, started } = fieldsOf(stat)
      return { host: [boot.trim(), processes, time].join("/"), pid, started }
    }),
    Effect.option
  )

/** Reports whether a process has ended. None if this cannot be determined here. */
export const hasEnded = <E>(
  fs: ProcReader<E>,
  self: Option.Option<ProcessIdentity>,
  owner: ProcessIdentity
): Effect.Effect<Option.Option<boolean>> => {
  if (Option.isNone(self) || self.value.host !== owner.host) return Effect.succeed(Option.none())
  return fs.readFileString(`/proc/${owner.pid}/stat`).pipe(
    Effect.map((stat) => {
      const { hasEnded, started } = fieldsOf(stat)
      return Option.some(hasEnded || started !== owner.started)
    }),
    Effect.catchAll((error) =>
      // With hidepid, other users' processes are invisible: a missing entry is conclusive only if process 1 is visible.
      isNotFound(error)
        ? Effect.map(fs.exists("/proc/1/stat"), (sees) => sees ? Option.some(true) : Option.none())
        : Effect.succeed(Option.none())
    ),
    Effect.orElseSucceed(() => Option.none())
  )
}
