import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"

/** A process, so that no other is taken for it: not one of another machine, not a later one of the same number. */
export const Owner = Schema.Struct({
  /** One run of a machine, and a process namespace there. */
  host: Schema.String,
  pid: Schema.String.pipe(Schema.pattern(/^\d+$/)),
  /** In ticks since the machine was started. */
  started: Schema.String
})

export interface Owner extends Schema.Schema.Type<typeof Owner> {}

/** Operations of a file system that tell about processes. */
export interface Reading<E> {
  readonly readFileString: (path: string) => Effect.Effect<string, E>
  readonly readLink: (path: string) => Effect.Effect<string, E>
  readonly exists: (path: string) => Effect.Effect<boolean, E>
}

const isNotFound = (error: unknown): boolean => Predicate.hasProperty(error, "reason") && error.reason === "NotFound"

// The name of the executable stands in parentheses and may contain any character.
const fieldsOf = (stat: string) => {
  const [state = "", ...rest] = stat.slice(stat.lastIndexOf(")") + 2).split(" ")
  return { pid: stat.slice(0, stat.indexOf(" ")), hasEnded: state === "Z" || state === "X", started: rest[18] ?? "" }
}

/** This process, where `/proc` tells. */
export const current = <E>(fs: Reading<E>): Effect.Effect<Option.Option<Owner>> =>
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
export const hasEnded = <E>(
  fs: Reading<E>,
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
      isNotFound(error)
        ? Effect.map(fs.exists("/proc/1/stat"), (sees) => sees ? Option.some(true) : Option.none())
        : Effect.succeed(Option.none())
    ),
    Effect.orElseSucceed(() => Option.none())
  )
}
