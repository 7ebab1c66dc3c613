import type { PlatformError } from "@effect/platform/Error"
import type * as FileSystem from "@effect/platform/FileSystem"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import { Process } from "../../Session.js"
import type { ProcessIdentity } from "./processIdentity.js"

/**
 * Who has a lock: a process, and the one time of many that it has taken it. The nonce becomes part of paths that are
 * removed, so it must be one that {@link makeNonce} makes.
 */
const Holder = Schema.Struct({ process: Process, nonce: Schema.String.pipe(Schema.pattern(/^[0-9a-f]{24}$/)) })

type Holder = typeof Holder.Type

const HolderFromText = Schema.parseJson(Holder)

/**
 * @internal
 */
export interface Options {
  readonly fileSystem: FileSystem.FileSystem
  readonly identity: ProcessIdentity
}

// Whether a process on another machine still runs is told by its lock alone, which it touches. A lock that nobody
// touches blocks nobody for longer, even if it names a process that runs.
const touchEvery = Duration.seconds(30)
const abandonedAfter = Duration.minutes(5)
// The time in which a holder that was suspended together with this process touches its lock again.
const resumedWithin = Duration.seconds(5)

const polling = Schedule.exponential("10 millis", 1.5).pipe(
  Schedule.union(Schedule.spaced("250 millis")),
  Schedule.jittered
)

/**
 * Waits until nobody holds the lock that is a file of that path, and holds it
 * until the scope closes. A lock of a process that has ended is taken over, and
 * one that has not been touched for 5 minutes. Its directory must exist, and
 * only this user may write to it: whoever can write there can take a lock away.
 *
 * A lock appears with its holder's name in it, as a link to a file that is
 * written before, so that only one can have it. To remove the lock of somebody
 * else, one must hold another lock, whose name has that lock's nonce in it: of
 * two who both find it abandoned only one removes it, and nobody removes the
 * lock of who comes next.
 */
export const hold = (
  options: Options,
  path: string
): Effect.Effect<void, PlatformError, Scope.Scope> =>
  Option.match(options.identity.current, {
    // Who cannot say who it is would leave a lock that nobody could take over.
    onNone: () => Effect.void,
    onSome: (process) =>
      Effect.gen(function*() {
        const { fileSystem } = options
        const holder = { process, nonce: yield* makeNonce }
        yield* Effect.addFinalizer(() => release(options, path, holder))
        yield* take(options, path, holder).pipe(
          Effect.repeat({ until: (taken) => taken, schedule: polling })
        )
        yield* Clock.currentTimeMillis.pipe(
          Effect.flatMap((now) => fileSystem.utimes(path, now / 1000, now / 1000)),
          Effect.ignore,
          Effect.schedule(Schedule.spaced(touchEvery)),
          // Who holds it may be uninterruptible, and the scope waits for this to end.
          Effect.interruptible,
          Effect.forkScoped
        )
      })
  })

const makeNonce = Effect.map(
  Effect.replicateEffect(Random.nextIntBetween(0, 2 ** 32), 3),
  (numbers) => numbers.map((number) => number.toString(16).padStart(8, "0")).join("")
)

/** Takes the lock if it is free; if it is abandoned, it is free the next time. */
const take = (options: Options, path: string, mine: Holder): Effect.Effect<boolean, PlatformError> =>
  Effect.gen(function*() {
    if (yield* link(options, path, mine)) return true
    const other = yield* holderOf(options, path)
    if (Option.isSome(other) && (yield* isAbandoned(options, path, other.value))) {
      yield* remove(options, path, other.value, mine)
    }
    return false
  })

const isReason = (reason: string) => (error: PlatformError) => error._tag === "SystemError" && error.reason === reason

const draftOf = (path: string, { nonce }: Holder) => `${path}.${nonce}`

const link = ({ fileSystem }: Options, path: string, mine: Holder) => {
  const draft = draftOf(path, mine)
  return Schema.encode(HolderFromText)(mine).pipe(
    Effect.orDie,
    Effect.flatMap((text) => fileSystem.writeFileString(draft, text, { mode: 0o600 })),
    Effect.zipRight(fileSystem.link(draft, path)),
    Effect.as(true),
    Effect.catchIf(isReason("AlreadyExists"), () => Effect.succeed(false)),
    Effect.ensuring(Effect.ignore(fileSystem.remove(draft))),
    // A link that is made after all would be nobody's.
    Effect.uninterruptible
  )
}

/** Nothing if there is no lock. A file that is not understood has a holder of whom nothing is known. */
const holderOf = ({ fileSystem }: Options, path: string) =>
  fileSystem.readFileString(path).pipe(
    Effect.map((text) => Option.some(Option.getOrElse(Schema.decodeOption(HolderFromText)(text), () => stranger))),
    Effect.catchIf(isReason("NotFound"), () => Effect.succeed(Option.none<Holder>()))
  )

const stranger: Holder = { process: new Process({ host: "?", pid: 1, started: "?" }), nonce: "unknown" }

const isAbandoned = ({ fileSystem, identity }: Options, path: string, { process }: Holder) =>
  Effect.gen(function*() {
    const liveness = yield* identity.isAlive(process)
    if (liveness === "Dead") return true
    const touched = lastTouched(fileSystem, path)
    const before = yield* touched
    const now = yield* Clock.currentTimeMillis
    if (now - before <= Duration.toMillis(abandonedAfter)) return false
    if (liveness === "Unknown") return true
    yield* Effect.sleep(resumedWithin)
    return (yield* touched) === before
  }).pipe(Effect.catchIf(isReason("NotFound"), () => Effect.succeed(false)))

const lastTouched = (fileSystem: FileSystem.FileSystem, path: string) =>
  Effect.map(
    fileSystem.stat(path),
    ({ mtime }) => Option.match(mtime, { onNone: () => Number.POSITIVE_INFINITY, onSome: (time) => time.getTime() })
  )

const remove = (options: Options, path: string, other: Holder, mine: Holder): Effect.Effect<void, PlatformError> => {
  const permission = `${path}.${other.nonce}.abandoned`
  return Effect.suspend(() => take(options, permission, mine)).pipe(
    Effect.flatMap((taken) => taken ? removeOf(options, path, other) : Effect.void),
    Effect.zipRight(Effect.ignore(options.fileSystem.remove(draftOf(path, other)))),
    Effect.ensuring(release(options, permission, mine)),
    Effect.uninterruptible
  )
}

const removeOf = (options: Options, path: string, holder: Holder) =>
  Effect.flatMap(holderOf(options, path), (found) =>
    Option.exists(found, ({ nonce }) => nonce === holder.nonce)
      ? Effect.catchIf(options.fileSystem.remove(path), isReason("NotFound"), () => Effect.void)
      : Effect.void)

const release = (options: Options, path: string, mine: Holder) =>
  Effect.catchAll(removeOf(options, path, mine), (error) => Effect.logWarning(`The lock ${path} stays`, error))
