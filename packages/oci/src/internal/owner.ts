import type * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"

/** A process, so that no other is taken for it: not one of another machine, not a later one of the same number. */
export interface Owner {
  /** One run of a machine, and a process namespace there. */
  readonly host: string
  readonly pid: string
  /** In ticks since the machine was started. */
  readonly started: string
}

// The name of the executable stands in parentheses and may contain any character.
const fieldsOf = (stat: string) => {
  const [state = "", ...rest] = stat.slice(stat.lastIndexOf(")") + 2).split(" ")
  return { pid: stat.slice(0, stat.indexOf(" ")), hasEnded: state === "Z" || state === "X", started: rest[18] ?? "" }
}

/** This process, where `/proc` tells. */
export const current = (fs: FileSystem.FileSystem): Effect.Effect<Option.Option<Owner>> =>
  Effect.all([
    fs.readFileString("/proc/self/stat"),
    fs.readFileString("/proc/sys/kernel/random/boot_id"),
    fs.readLink("/proc/self/ns/pid")
  ]).pipe(
    Effect.map(([stat, boot, namespace]) => {
      const { pid, started } = fieldsOf(stat)
      return { host: `${boot.trim()}/${namespace}`, pid, started }
    }),
    Effect.option
  )

/** Whether a process has ended, if that can be known from here. */
export const hasEnded = (
  fs: FileSystem.FileSystem,
  self: Option.Option<Owner>,
  owner: Owner
): Effect.Effect<Option.Option<boolean>> => {
  if (Option.isNone(self) || self.value.host !== owner.host) return Effect.succeed(Option.none())
  return fs.readFileString(`/proc/${owner.pid}/stat`).pipe(
    Effect.map((stat) => {
      const { hasEnded, started } = fieldsOf(stat)
      return Option.some(hasEnded || started !== owner.started)
    }),
    Effect.catchAll((error) =>
      // Where processes are hidden from other users, that one is not seen is no sign of its end.
      error._tag === "SystemError" && error.reason === "NotFound"
        ? Effect.map(fs.exists("/proc/1/stat"), (sees) => sees ? Option.some(true) : Option.none())
        : Effect.succeed(Option.none())
    ),
    Effect.orElseSucceed(() => Option.none())
  )
}
