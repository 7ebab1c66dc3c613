import type { PlatformError } from "@effect/platform/Error"
import type * as FileSystem from "@effect/platform/FileSystem"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import * as Schema from "effect/Schema"
import { LayoutError } from "../../ContentError.js"
import { decode, encode } from "../values/text.js"
import { isAlreadyExists, isNotFound } from "./platformError.js"
import * as processIdentity from "./processIdentity.js"
import * as regularFile from "./regularFile.js"

/**
 * Lock between processes: a file that only one process can create. It contains the identity of its owner, so the lock
 * of an ended process is taken over at once. If the owner cannot be checked, for example on another machine, the lock
 * is taken over after {@link patience} without renewal; a holder renews its time every {@link heartbeat}.
 *
 * A holder that was suspended longer than that may have lost the lock, so it checks `isHeld` right before the protected
 * change.
 */
export interface FileLock {
  readonly isHeld: Effect.Effect<boolean>
}

const heartbeat = Duration.seconds(2)

const patience = Duration.seconds(20)

const deadline = Duration.minutes(2)

/** Maximum size of a lock file: several times its usual content. */
const sizeLimit = 4096

const Content = Schema.parseJson(Schema.Struct({
  token: Schema.String,
  owner: Schema.optionalWith(processIdentity.ProcessIdentity, { exact: true })
}))

const encodeContent = Schema.encodeSync(Content)

const decodeContent = Schema.decodeOption(Content)

/** Random token for unique names. */
export const token: Effect.Effect<string> = Effect.map(
  Effect.replicateEffect(Random.nextIntBetween(0, 0x7FFFFFFF), 4),
  (numbers) => numbers.map((n) => n.toString(36)).join("")
)

/**
 * Creates a file. Returns `undefined` if it exists, else its content. On a full disk the content is empty: freeing
 * space must not need a lock with content.
 */
const create = (
  fs: FileSystem.FileSystem,
  path: string,
  content: string
): Effect.Effect<string | undefined, PlatformError> =>
  Effect.scoped(
    Effect.flatMap(fs.open(path, { flag: "wx" }), (file) =>
      file.writeAll(encode(content)).pipe(
        Effect.as(content),
        Effect.catchAll(() => Effect.as(file.truncate(0), "")),
        Effect.onError(() => Effect.ignore(fs.remove(path, { force: true })))
      ))
  ).pipe(
    Effect.catchAll((error) => isAlreadyExists(error) ? Effect.succeed(undefined) : Effect.fail(error))
  )

interface State {
  readonly content: string
  readonly inode: number | undefined
  /** Differs between locks, and changes whenever the holder renews its lock. */
  readonly sign: string
}

/** Reads the state of a lock, if it exists. */
const look = (fs: FileSystem.FileSystem, path: string) =>
  Effect.all([regularFile.read(fs, path, sizeLimit), fs.stat(path)]).pipe(
    Effect.map(([bytes, { ino, mtime }]) => {
      const content = decode(bytes)
      const inode = Option.getOrUndefined(ino)
      return Option.some({ content, inode, sign: `${content}@${inode}@${Option.getOrUndefined(mtime)?.getTime()}` })
    }),
    Effect.catchAll((error) => isNotFound(error) ? Effect.succeed(Option.none()) : Effect.fail(error))
  )

/** Removes an abandoned lock, unless it has changed meanwhile. Only one process does so at a time. */
const removeAbandoned = (fs: FileSystem.FileSystem, path: string, { content, sign }: State) => {
  const breaker = `${path}.break`
  return Effect.uninterruptible(
    Effect.flatMap(create(fs, breaker, content), (made) =>
      made !== undefined
        ? look(fs, path).pipe(
          Effect.flatMap((now) =>
            Option.exists(now, (_) => _.sign === sign) ? fs.remove(path, { force: true }) : Effect.void
          ),
          Effect.ensuring(Effect.ignore(fs.remove(breaker, { force: true })))
        )
        : Effect.void)
  )
}

/** Detects a lack of renewal by the local clock, since clocks of other machines may differ. */
const watch = () => {
  let last = ""
  let since = 0
  return (sign: string) =>
    Effect.map(Clock.currentTimeMillis, (now) => {
      if (sign !== last) {
        last = sign
        since = now
      }
      return now - since > Duration.toMillis(patience)
    })
}

/** Waits longer after each attempt: frequent polling slows down the holder. */
const wait = (attempt: number) =>
  Effect.flatMap(Random.nextIntBetween(1, Math.min(8 * 2 ** attempt, 64)), (millis) => Effect.sleep(millis))

/** Acquires the lock until the Scope closes. */
export const acquire = (fs: FileSystem.FileSystem, path: string) =>
  Effect.gen(function*() {
    const failed = (cause: LayoutError | PlatformError) =>
      cause._tag === "LayoutError"
        ? cause
        : new LayoutError({ path, reason: "Unwritable", rule: "cannot be used as a lock", cause })
    const self = yield* processIdentity.current(fs)
    const content = encodeContent({
      token: yield* token,
      ...(Option.isNone(self) ? {} : { owner: self.value })
    })

    const isOver = Effect.fnUntraced(function*(found: string) {
      const read = decodeContent(found)
      const owner = Option.flatMap(read, (_) => Option.fromNullable(_.owner))
      return Option.isNone(owner) ? Option.none<boolean>() : yield* processIdentity.hasEnded(fs, self, owner.value)
    })

    const lockIsSilent = watch()
    const breakerIsSilent = watch()

    let attempts = 0
    const waitForOther = Effect.gen(function*() {
      const pause = wait(attempts++)
      const found = yield* look(fs, path)
      if (Option.isNone(found)) return
      const silent = yield* lockIsSilent(found.value.sign)
      const over = yield* isOver(found.value.content)
      if (!Option.getOrElse(over, () => silent)) return yield* pause
      yield* removeAbandoned(fs, path, found.value)
      const breaker = yield* look(fs, `${path}.break`)
      if (Option.isSome(breaker) && (yield* breakerIsSilent(breaker.value.sign))) {
        yield* fs.remove(`${path}.break`, { force: true })
      }
      yield* pause
    })

    /** Content of the acquired lock, or its inode if there was no space for content. */
    let held: Pick<State, "content" | "inode"> = { content, inode: undefined }

    const isHeld = look(fs, path).pipe(
      Effect.map((found) =>
        Option.exists(found, (_) => _.content === held.content && (held.inode ?? _.inode) === _.inode)
      ),
      Effect.orElseSucceed(() => false)
    )

    const release = Effect.ignore(
      Effect.flatMap(isHeld, (held) => held ? fs.remove(path, { force: true }) : Effect.void)
    )

    const tryOnce = Effect.uninterruptible(Effect.gen(function*() {
      const made = yield* create(fs, path, content)
      if (made === undefined) return false
      if (made === "") held = Option.getOrElse(yield* look(fs, path), () => held)
      yield* Effect.addFinalizer(() => release)
      return true
    }))

    yield* tryOnce.pipe(
      Effect.tap((mine) => mine ? Effect.void : waitForOther),
      Effect.repeat({ until: (mine) => mine }),
      Effect.mapError(failed),
      Effect.timeoutFail({
        duration: deadline,
        onTimeout: () =>
          new LayoutError({
            path,
            reason: "Locked",
            rule: "is held by another process: wait for it, or remove the file if there is none"
          })
      })
    )

    const renew = Effect.flatMap(Clock.currentTimeMillis, (now) => fs.utimes(path, now / 1000, now / 1000))
    yield* Effect.forkScoped(Effect.forever(Effect.zipRight(Effect.sleep(heartbeat), Effect.ignore(renew))))
    return { isHeld } satisfies FileLock
  })
