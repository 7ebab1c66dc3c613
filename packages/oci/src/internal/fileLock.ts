import type { PlatformError } from "@effect/platform/Error"
import type * as FileSystem from "@effect/platform/FileSystem"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import * as Schema from "effect/Schema"
import { LayoutError } from "../ContentError.js"
import * as owners from "./owner.js"
import * as regularFile from "./regularFile.js"
import { decode, encode } from "./text.js"

/**
 * A lock between processes: a file that only one can create. It has the name of its owner in it, so one whose owner
 * has ended is taken over at once. Of an owner that cannot be asked after (on another machine, say) the lock is taken
 * over when it showed no sign of life for {@link patience}; while it is held its time is renewed every
 * {@link heartbeat}.
 *
 * An owner that was suspended for so long can find its lock taken when it goes on, so it asks once more, by
 * `isHeld`, right before it does what the lock is for.
 */
export interface FileLock {
  readonly isHeld: Effect.Effect<boolean>
}

const heartbeat = Duration.seconds(2)

const patience = Duration.seconds(20)

const deadline = Duration.minutes(2)

/** Bytes of a lock that are read: several times what there is in one. */
const sizeLimit = 4096

const Content = Schema.parseJson(Schema.Struct({
  token: Schema.String,
  owner: Schema.optionalWith(owners.Owner, { exact: true })
}))

const encodeContent = Schema.encodeSync(Content)

const decodeContent = Schema.decodeOption(Content)

const isReason = (error: LayoutError | PlatformError, reason: "AlreadyExists" | "NotFound"): boolean =>
  error._tag === "SystemError" && error.reason === reason

/** A name that nobody else thinks of. */
export const token: Effect.Effect<string> = Effect.map(
  Effect.replicateEffect(Random.nextIntBetween(0, 0x7FFFFFFF), 4),
  (numbers) => numbers.map((n) => n.toString(36)).join("")
)

/**
 * Creates a file that was not there. `undefined` if it was, else the content that it has: none on a full disk, where
 * space could never be freed if that needed a lock with content.
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
    Effect.catchAll((error) => isReason(error, "AlreadyExists") ? Effect.succeed(undefined) : Effect.fail(error))
  )

interface State {
  readonly content: string
  readonly inode: number | undefined
  /** Another one for each lock, and whenever its holder has renewed it. */
  readonly sign: string
}

/** The state of a lock, if there is one. */
const look = (fs: FileSystem.FileSystem, path: string) =>
  Effect.all([regularFile.read(fs, path, sizeLimit), fs.stat(path)]).pipe(
    Effect.map(([bytes, { ino, mtime }]) => {
      const content = decode(bytes)
      const inode = Option.getOrUndefined(ino)
      return Option.some({ content, inode, sign: `${content}@${inode}@${Option.getOrUndefined(mtime)?.getTime()}` })
    }),
    Effect.catchAll((error) => isReason(error, "NotFound") ? Effect.succeed(Option.none()) : Effect.fail(error))
  )

/** Removes a lock that is over, unless it has become another one meanwhile. One process does so at a time. */
const takeAway = (fs: FileSystem.FileSystem, path: string, { content, sign }: State) => {
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

/** Watches something for signs of life, by the time that passes here: clocks of others do not count. */
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

/** Longer after each attempt, since many who ask often keep the holder of the lock from its work. */
const wait = (attempt: number) =>
  Effect.flatMap(Random.nextIntBetween(1, Math.min(8 * 2 ** attempt, 64)), (millis) => Effect.sleep(millis))

/**
 * Holds the lock until the Scope closes.
 */
export const acquire = (fs: FileSystem.FileSystem, path: string) =>
  Effect.gen(function*() {
    const failed = (cause: LayoutError | PlatformError) =>
      cause._tag === "LayoutError"
        ? cause
        : new LayoutError({ path, reason: "Unwritable", rule: "cannot be used as a lock", cause })
    const self = yield* owners.current(fs)
    const content = encodeContent({
      token: yield* token,
      ...(Option.isNone(self) ? {} : { owner: self.value })
    })

    const isOver = Effect.fnUntraced(function*(found: string) {
      const read = decodeContent(found)
      const owner = Option.flatMap(read, (_) => Option.fromNullable(_.owner))
      return Option.isNone(owner) ? Option.none<boolean>() : yield* owners.hasEnded(fs, self, owner.value)
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
      yield* takeAway(fs, path, found.value)
      const breaker = yield* look(fs, `${path}.break`)
      if (Option.isSome(breaker) && (yield* breakerIsSilent(breaker.value.sign))) {
        yield* fs.remove(`${path}.break`, { force: true })
      }
      yield* pause
    })

    /** The content of the lock that is held, or its inode where there was no space for content. */
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
