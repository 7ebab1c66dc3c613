/**
 * Archives in the format of tar, read and written as streams: of a file of any size only a piece is in memory.
 *
 * Written are POSIX archives, with extended headers where a name or a number asks for one. Read are those of POSIX and
 * of GNU tar. Sparse files are refused; engines write none.
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
import * as decoder from "./internal/tarDecoder.js"
import * as encoder from "./internal/tarEncoder.js"
import { encode as utf8 } from "./internal/text.js"

/**
 * What is wrong with an archive, or with what should become one. `path` is the entry, empty where none is known.
 *
 * - `Malformed`: it is no archive, or is damaged.
 * - `Truncated`: it ends in the middle.
 * - `InvalidName`: a name or the target of a link is not Unicode.
 * - `UnsupportedEntry`: a file in a form that is not understood, such as a sparse one.
 * - `SizeMismatch`: the content is not as long as the entry says.
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
  Malformed: "Not a tar archive, or a damaged one",
  Truncated: "The tar archive ends too early",
  InvalidName: "A name in the tar archive is not valid Unicode",
  UnsupportedEntry: "The tar archive has an entry in a form that is not understood",
  SizeMismatch: "The content of a tar entry is not as long as it says"
} as const

/**
 * `Link` is a hard link: another name of a file that is in the archive already.
 *
 * @since 0.1.0
 * @category models
 */
export type EntryType = "File" | "Directory" | "Symlink" | "Link" | "CharacterDevice" | "BlockDevice" | "Fifo"

/**
 * All there is to know of an entry but its content.
 *
 * @since 0.1.0
 * @category models
 */
export interface Header {
  /** As it stands in the archive, without the slash that ends the name of a directory. May be hostile. */
  readonly path: string
  readonly type: EntryType
  /** Bytes of content; 0 for all but files. */
  readonly size: number
  /** Permissions, with the bits for set-user-id, set-group-id and sticky: at most `0o7777`. */
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly modified: Date
  /** Where a link points to; empty for all but links. May be hostile. */
  readonly target: string
}

/**
 * An entry of an archive. What is read is read in order: the content of an entry is there until the next entry is
 * asked for, and once.
 *
 * @since 0.1.0
 * @category models
 */
export interface Entry<out E = never, out R = never> extends Header {
  readonly content: Stream.Stream<Uint8Array, E, R>
}

/**
 * @since 0.1.0
 * @category models
 */
export interface Attributes {
  /** Default: `0o644`, of a directory `0o755`. */
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
 * A regular file; text as UTF-8.
 *
 * @since 0.1.0
 * @category constructors
 */
export const file = (path: string, content: string | Uint8Array, attributes: Attributes = {}): Entry => {
  const bytes = typeof content === "string" ? utf8(content) : content
  return { ...header(path, "File", attributes), size: bytes.length, content: Stream.make(bytes) }
}

/**
 * A regular file of which the size is known. Content of another size fails the archive with `SizeMismatch`.
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
 * @since 0.1.0
 * @category constructors
 */
export const directory = (path: string, attributes: Attributes = {}): Entry => ({
  ...header(path, "Directory", attributes),
  content: Stream.empty
})

/**
 * A symbolic link.
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
 * The archive of these entries.
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
 * The archive of entries whose contents may be in memory.
 *
 * @internal
 */
export const encode = <E, R, E2 = never, R2 = never>(
  items: Stream.Stream<encoder.Item<E2, R2>, E, R>,
  reuse = false
): Stream.Stream<Uint8Array, E | E2 | TarError, R | R2> =>
  encoder.encodeItems(items, reuse, (fault) => new TarError(fault))

/**
 * The entries of an archive. Content that is not read is passed over.
 *
 * @since 0.1.0
 * @category conversions
 */
export const read = <E, R>(
  archive: Stream.Stream<Uint8Array, E, R>
): Stream.Stream<Entry<E | TarError>, E | TarError, R> =>
  readWith(archive, { extendedHeaderSize: 1024 * 1024, openEnd: false })

/**
 * The entries of an archive, with limits.
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
 * What an archive is made of, piece by piece.
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
