/**
 * Tar archives, read and written as streams in bounded memory.
 *
 * Writes POSIX archives, with extended headers for names and numbers that need them. Reads POSIX and GNU archives.
 * Sparse files are refused; container engines do not write them.
 *
 * @see https://pubs.opengroup.org/onlinepubs/9699919799.2018edition/utilities/pax.html#tag_20_92_13_01
 * @since 0.1.0
 */
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as decoder from "./internal/tar/decoder.js"
import * as encoder from "./internal/tar/encoder.js"
import type { Entry, EntryType, Header } from "./internal/tar/model.js"
import { encode as utf8 } from "./internal/values/text.js"

export type {
  /**
   * Entry of an archive. Entries are read in order: the content of an entry can be read once, and only until the next
   * entry is requested.
   *
   * @since 0.1.0
   * @category models
   */
  Entry,
  /**
   * Types of entries. `Link` is a hard link to an earlier file of the archive.
   *
   * @since 0.1.0
   * @category models
   */
  EntryType,
  /**
   * Header of an entry.
   *
   * @since 0.1.0
   * @category models
   */
  Header
} from "./internal/tar/model.js"

/**
 * An archive cannot be read or written. `path` is the entry, empty if unknown.
 *
 * - `Malformed`: not an archive, or damaged.
 * - `Truncated`: the archive ends too early.
 * - `InvalidName`: a name or the target of a link is not valid Unicode.
 * - `UnsupportedEntry`: a file in an unsupported form, such as a sparse file.
 * - `SizeMismatch`: the content does not have the size of the header.
 *
 * @since 0.1.0
 * @category errors
 */
export class TarError extends Schema.TaggedError<TarError>("@ociman/oci/TarError")("TarError", {
  path: Schema.String,
  reason: Schema.Literal("Malformed", "Truncated", "InvalidName", "UnsupportedEntry", "SizeMismatch"),
  detail: Schema.String
}) {
  override get message(): string {
    const where = this.path === "" ? "" : ` at ${JSON.stringify(this.path)}`
    return `${sentences[this.reason]}${where}${this.detail === "" ? "" : `: ${this.detail}`}`
  }
}

const sentences = {
  Malformed: "Not a valid tar archive",
  Truncated: "The tar archive ends too early",
  InvalidName: "A name in the tar archive is not valid Unicode",
  UnsupportedEntry: "The tar archive has an unsupported entry",
  SizeMismatch: "The content of a tar entry does not have the size of its header"
} as const

/**
 * Attributes of a new entry.
 *
 * @since 0.1.0
 * @category models
 */
export interface Attributes {
  /** Default: `0o644`, for directories `0o755`. */
  readonly mode?: number | undefined
  /** Default: 0. */
  readonly uid?: number | undefined
  /** Default: 0. */
  readonly gid?: number | undefined
  /** Default: the beginning of 1970, so that the same content gives the same archive. */
  readonly modified?: Date | undefined
}

const header = (path: string, type: EntryType, attributes: Attributes): Header => ({
  path,
  type,
  size: 0,
  mode: attributes.mode ?? (type === "Directory" ? 0o755 : 0o644),
  uid: attributes.uid ?? 0,
  gid: attributes.gid ?? 0,
  modified: attributes.modified ?? new Date(0),
  target: ""
})

/**
 * Makes a regular file; text as UTF-8.
 *
 * @since 0.1.0
 * @category constructors
 */
export const file = (path: string, content: string | Uint8Array, attributes: Attributes = {}): Entry => {
  const bytes = typeof content === "string" ? utf8(content) : content
  return { ...header(path, "File", attributes), size: bytes.length, content: Stream.make(bytes) }
}

/**
 * Makes a regular file of known size. Content of another size fails the archive with `SizeMismatch`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fileStream = <E, R>(
  path: string,
  size: number,
  content: Stream.Stream<Uint8Array, E, R>,
  attributes: Attributes = {}
): Entry<E, R> => ({ ...header(path, "File", attributes), size, content })

/**
 * Makes a directory.
 *
 * @since 0.1.0
 * @category constructors
 */
export const directory = (path: string, attributes: Attributes = {}): Entry => ({
  ...header(path, "Directory", attributes),
  content: Stream.empty
})

/**
 * Makes a symbolic link.
 *
 * @since 0.1.0
 * @category constructors
 */
export const symlink = (path: string, target: string, attributes: Attributes = {}): Entry => ({
  ...header(path, "Symlink", { mode: 0o777, ...attributes }),
  target,
  content: Stream.empty
})

/**
 * Writes an archive.
 *
 * @example
 * ```ts
 * import { Tar } from "@ociman/oci"
 * import { Effect, Stream } from "effect"
 *
 * const archive = Tar.write(Stream.make(Tar.directory("etc"), Tar.file("etc/motd", "Hello.\n", { mode: 0o600 })))
 * const paths = Tar.read(archive).pipe(Stream.map(({ path }) => path), Stream.runCollect)
 *
 * assert.deepStrictEqual(Array.from(await Effect.runPromise(paths)), ["etc", "etc/motd"])
 * ```
 *
 * @since 0.1.0
 * @category conversions
 */
export const write = <E, R, E2 = never, R2 = never>(
  entries: Stream.Stream<Entry<E2, R2>, E, R>
): Stream.Stream<Uint8Array, E | E2 | TarError, R | R2> =>
  encode(Stream.map(entries, (entry) => ({ header: entry, content: entry.content })))

/**
 * Writes an archive of entries whose contents may be in memory.
 *
 * @internal
 */
export const encode = <E, R, E2 = never, R2 = never>(
  items: Stream.Stream<encoder.Item<E2, R2>, E, R>,
  reuse = false
): Stream.Stream<Uint8Array, E | E2 | TarError, R | R2> =>
  encoder.encodeItems(items, reuse, (fault) => new TarError(fault))

/**
 * Reads the entries of an archive. Unread content is skipped.
 *
 * @since 0.1.0
 * @category conversions
 */
export const read = <E, R>(
  archive: Stream.Stream<Uint8Array, E, R>
): Stream.Stream<Entry<E | TarError>, E | TarError, R> =>
  readWith(archive, { extendedHeaderSize: 1024 * 1024, openEnd: false })

/**
 * Reads the entries of an archive, with limits.
 *
 * @internal
 */
export const readWith = <E, R>(
  archive: Stream.Stream<Uint8Array, E, R>,
  options: decoder.Options
): Stream.Stream<Entry<E | TarError>, E | TarError, R> =>
  Stream.unwrapScoped(Effect.gen(function*() {
    const pull = yield* Stream.toPull(decode(archive, options))
    const context = yield* Effect.context<R>()
    let events: Iterator<decoder.Event, unknown> = [][Symbol.iterator]()
    let current = 0
    let remaining = 0

    const next: Effect.Effect<decoder.Event, Option.Option<E | TarError>> = Effect.suspend(() => {
      const step = events.next()
      if (step.done !== true) return Effect.succeed(step.value)
      return Effect.flatMap(Effect.provide(pull, context), (chunk) => {
        events = chunk[Symbol.iterator]()
        return next
      })
    })

    const contentOf = (number: number): Stream.Stream<Uint8Array, E | TarError> =>
      Stream.repeatEffectOption(Effect.suspend((): Effect.Effect<Uint8Array, Option.Option<E | TarError>> => {
        if (number !== current) return Effect.dieMessage("The content of an entry was read after the next entry")
        if (remaining === 0) return Effect.fail(Option.none())
        return Effect.flatMap(next, (event) => {
          if (event._tag === "Entry") return Effect.dieMessage("A decoder left out content")
          remaining -= event.bytes.length
          return Effect.succeed(event.bytes)
        })
      }))

    const nextEntry: Effect.Effect<Entry<E | TarError>, Option.Option<E | TarError>> = Effect.flatMap(next, (event) => {
      if (event._tag === "Data") return nextEntry
      current++
      remaining = event.header.size
      return Effect.succeed({
        ...event.header,
        content: event.header.type === "File" ? contentOf(current) : Stream.empty
      })
    })

    return Stream.repeatEffectOption(nextEntry)
  }))

/**
 * Decodes an archive to headers and pieces of content.
 *
 * @internal
 */
export const decode = <E, R>(
  archive: Stream.Stream<Uint8Array, E, R>,
  options: decoder.Options
): Stream.Stream<decoder.Event, E | TarError, R> =>
  Stream.suspend(() => {
    const { end, push } = decoder.make(options)
    return archive.pipe(
      Stream.mapChunksEffect((chunk) =>
        Effect.suspend((): Effect.Effect<Chunk.Chunk<decoder.Event>, TarError> => {
          const events: Array<decoder.Event> = []
          for (const bytes of chunk) {
            const pushed = push(bytes, events)
            if (Either.isLeft(pushed)) return new TarError(pushed.left)
          }
          return Effect.succeed(Chunk.unsafeFromArray(events))
        })
      ),
      Stream.concat(Stream.execute(Effect.suspend(() => Either.mapLeft(end(), (fault) => new TarError(fault)))))
    )
  })
