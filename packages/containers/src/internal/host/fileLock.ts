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
 * Holder of a lock: a process, and a nonce of the acquisition. The nonce becomes part of paths that are removed, so its
 * pattern must be that of {@link makeNonce}.
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

// The only sign of life of a process on another machine is that it touches its lock. A lock that is not touched
// expires, even if it names a running process.
const touchInterval = Duration.seconds(30)
const abandonedAfter = Duration.minutes(5)
// Time in which a holder that was suspended together with this process touches its lock again.
const resumeTime = Duration.seconds(5)

const polling = Schedule.exponential("10 millis", 1.5).pipe(
  Schedule.union(Schedule.spaced("250 millis")),
  Schedule.jittered
)

/**
 * Acquires a lock, a file at the path, and holds it until the scope closes. Takes
 * over a lock of a process that has ended, and one that has not been touched for
 * 5 minutes. The directory must exist and be writable by this user only, since
 * write access allows to remove a lock.
 *
 * A lock is a hard link to a file with its holder, so it is created atomically
 * with its content. Removing the lock of another holder requires a second lock,
 * whose name contains the nonce of the first: of several processes that find a
 * lock abandoned only one removes it, and none removes the lock of its successor.
 */
export const hold = (
  options: Options,
  path: string
): Effect.Effect<void, PlatformError, Scope.Scope> =>
  Option.match(options.identity.current, {
    // A lock of a process without identity could never be taken over.
    onNone: () => Effect.void,
    onSome: (process) =>
      Effect.gen(function*() {
        const { fileSystem } = options
        const holder = { process, nonce: yield* makeNonce }
        yield* Effect.addFinalizer(() => release(options, path, holder))
        yield* tryAcquire(options, path, holder).pipe(
          Effect.repeat({ until: (acquired) => acquired, schedule: polling })
        )
        yield* Clock.currentTimeMillis.pipe(
          Effect.flatMap((now) => fileSystem.utimes(path, now / 1000, now / 1000)),
          Effect.ignore,
          Effect.schedule(Schedule.spaced(touchInterval)),
          // The holder may be uninterruptible, and its scope waits for this fiber.
          Effect.interruptible,
          Effect.forkScoped
        )
      })
  })

const makeNonce = Effect.map(
  Effect.replicateEffect(Random.nextIntBetween(0, 2 ** 32), 3),
  (numbers) => numbers.map((number) => number.toString(16).padStart(8, "0")).join("")
)

/** Acquires the lock if it is free. Removes it if it is abandoned, for the next attempt. */
const tryAcquire = (options: Options, path: string, mine: Holder): Effect.Effect<boolean, PlatformError> =>
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
    // After an interruption, a link could still be created, and would have no holder.
    Effect.uninterruptible
  )
}

/** Reads the holder of a lock; none if there is no lock. A file of another format has an unknown holder. */
const holderOf = ({ fileSystem }: Options, path: string) =>
  fileSystem.readFileString(path).pipe(
    Effect.map((text) => Option.some(Option.getOrElse(Schema.decodeOption(HolderFromText)(text), () => unknownHolder))),
    Effect.catchIf(isReason("NotFound"), () => Effect.succeed(Option.none<Holder>()))
  )

const unknownHolder: Holder = { process: new Process({ host: "?", pid: 1, started: "?" }), nonce: "unknown" }

const isAbandoned = ({ fileSystem, identity }: Options, path: string, { process }: Holder) =>
  Effect.gen(function*() {
    const liveness = yield* identity.isAlive(process)
    if (liveness === "Dead") return true
    const touched = lastTouched(fileSystem, path)
    const before = yield* touched
    const now = yield* Clock.currentTimeMillis
    if (now - before <= Duration.toMillis(abandonedAfter)) return false
    if (liveness === "Unknown") return true
    yield* Effect.sleep(resumeTime)
    return (yield* touched) === before
  }).pipe(Effect.catchIf(isReason("NotFound"), () => Effect.succeed(false)))

const lastTouched = (fileSystem: FileSystem.FileSystem, path: string) =>
  Effect.map(
    fileSystem.stat(path),
    ({ mtime }) => Option.match(mtime, { onNone: () => Number.POSITIVE_INFINITY, onSome: (time) => time.getTime() })
  )

const remove = (options: Options, path: string, other: Holder, mine: Holder): Effect.Effect<void, PlatformError> => {
  const removalLock = `${path}.${other.nonce}.abandoned`
  return Effect.suspend(() => tryAcquire(options, removalLock, mine)).pipe(
    Effect.flatMap((acquired) => acquired ? removeOf(options, path, other) : Effect.void),
    Effect.zipRight(Effect.ignore(options.fileSystem.remove(draftOf(path, other)))),
    Effect.ensuring(release(options, removalLock, mine)),
    Effect.uninterruptible
  )
}

const removeOf = (options: Options, path: string, holder: Holder) =>
  Effect.flatMap(holderOf(options, path), (found) =>
    Option.exists(found, ({ nonce }) => nonce === holder.nonce)
      ? Effect.catchIf(options.fileSystem.remove(path), isReason("NotFound"), () => Effect.void)
      : Effect.void)

const release = (options: Options, path: string, mine: Holder) =>
  Effect.catchAll(removeOf(options, path, mine), (error) => Effect.logWarning(`Cannot release the lock ${path}`, error))
