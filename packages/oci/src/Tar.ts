/**
 * Archives in the format of tar, read and written as streams: of a file of any size only a piece is in memory.
 *
 * Written are POSIX archives, with extended headers where a name or a number asks for one. Read are those of POSIX and
 * of GNU tar. Sparse files in the extended headers of GNU tar are refused; Go's archives, those of container engines,
 * never have any.
 *
 * @see https://pubs.opengroup.org/onlinepubs/9699919799.2018edition/utilities/pax.html#tag_20_92_13_01
 * @since 0.1.0
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { createTarDecoder, createTarPacker, type TarHeader } from "modern-tar"
import { encode } from "./internal/text.js"
import * as web from "./internal/webStreams.js"

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
  const bytes = typeof content === "string" ? encode(content) : content
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
  Stream.unwrapScoped(Effect.gen(function*() {
    const { controller, readable }: Packer = createTarPacker()
    const failure = yield* Deferred.make<never, E | E2 | TarError>()
    const pack = Stream.runForEach(entries, (entry) => packEntry(controller, entry)).pipe(
      Effect.zipRight(Effect.try({ try: () => controller.finalize(), catch: damage("") }))
    )
    yield* web.feed(pack, failure, (reason) => Promise.resolve(controller.error(reason)))
    return web.readAll(readable, failure, damage(""))
  }))

interface Packer {
  readonly readable: web.Readable<Uint8Array>
  readonly controller: {
    readonly add: (header: TarHeader) => web.Writable<Uint8Array>
    readonly finalize: () => void
    readonly error: (reason: unknown) => void
  }
}

const packEntry = <E, R>(controller: Packer["controller"], entry: Entry<E, R>) =>
  Effect.gen(function*() {
    const failed = damage(entry.path)
    if (isInvalid(entry.path) || isInvalid(entry.target)) return yield* invalidName(entry.path)
    const writer = yield* Effect.try({ try: () => controller.add(toHeader(entry)).getWriter(), catch: failed })
    if (entry.type === "File") yield* web.writeAll(entry.content, writer, failed)
    yield* Effect.tryPromise({ try: () => writer.close(), catch: failed })
  })

const toHeader = (entry: Header): TarHeader => ({
  name: entry.type === "Directory" ? `${entry.path}/` : entry.path,
  type: typeNames[entry.type],
  size: entry.type === "File" ? entry.size : 0,
  mode: entry.mode,
  uid: entry.uid,
  gid: entry.gid,
  mtime: entry.modified,
  ...(entry.target === "" ? {} : { linkname: entry.target })
})

const typeNames = {
  File: "file",
  Directory: "directory",
  Symlink: "symlink",
  Link: "link",
  CharacterDevice: "character-device",
  BlockDevice: "block-device",
  Fifo: "fifo"
} as const

const entryTypes: Partial<Record<string, EntryType>> = {
  file: "File",
  directory: "Directory",
  symlink: "Symlink",
  link: "Link",
  "character-device": "CharacterDevice",
  "block-device": "BlockDevice",
  fifo: "Fifo"
}

/**
 * The entries of an archive. Content that is not read is passed over.
 *
 * @since 0.1.0
 * @category conversions
 */
export const read = <E, R>(
  archive: Stream.Stream<Uint8Array, E, R>
): Stream.Stream<Entry<E | TarError>, E | TarError, R> =>
  Stream.unwrapScoped(Effect.gen(function*() {
    const decoder: Decoder = createTarDecoder({ strict: true })
    const failure = yield* Deferred.make<never, E | TarError>()
    const writer = decoder.writable.getWriter()
    yield* web.writeAll(archive, writer, damage("")).pipe(
      Effect.zipRight(Effect.tryPromise({ try: () => writer.close(), catch: damage("") })),
      (side) => web.feed(side, failure, (reason) => writer.abort(reason))
    )
    // The decoder waits at the content of an entry until that is taken or passed over.
    const passOver = yield* Ref.make<Effect.Effect<void>>(Effect.void)
    return web.readAll(decoder.readable, failure, damage(""), Effect.flatten(passOver)).pipe(
      Stream.mapEffect(({ body, header }) =>
        Effect.zipRight(
          Ref.set(passOver, web.discard(body)),
          fromHeader(header, web.readAll(body, failure, damage(header.name)))
        )
      )
    )
  }))

interface Decoder {
  readonly writable: web.Writable<Uint8Array>
  readonly readable: web.Readable<{ readonly header: TarHeader; readonly body: web.Readable<Uint8Array> }>
}

const fromHeader = <E>(header: TarHeader, content: Stream.Stream<Uint8Array, E>): Effect.Effect<Entry<E>, TarError> => {
  const { linkname: target = "", name } = header
  if (isInvalid(name) || isInvalid(target)) return invalidName(name)
  const type = entryTypes[header.type ?? "file"]
  if (type === undefined || Object.keys(header.pax ?? {}).some((key) => key.startsWith("GNU.sparse."))) {
    return new TarError({ path: name, reason: "UnsupportedEntry", detail: type === undefined ? "" : "a sparse file" })
  }
  const isDirectory = type === "Directory" || (type === "File" && name.endsWith("/"))
  return Effect.succeed({
    path: isDirectory && name.length > 1 ? name.replace(/\/+$/, "") : name,
    type: isDirectory ? "Directory" : type,
    size: type === "File" ? header.size : 0,
    // Docker puts the type of the file into the mode too.
    mode: (header.mode ?? 0) & 0o7777,
    uid: header.uid ?? 0,
    gid: header.gid ?? 0,
    modified: header.mtime ?? new Date(0),
    target,
    content
  })
}

/** Half a surrogate pair, or what decoders put in the place of bytes that are not UTF-8. */
const isInvalid = (name: string): boolean => /[\uFFFD\p{Surrogate}]/u.test(name)

const invalidName = (path: string) => new TarError({ path, reason: "InvalidName", detail: "" })

const damage = (path: string) => (error: unknown): TarError => {
  const detail = error instanceof Error ? error.message : String(error)
  const reason = /truncated|unexpected end/i.test(detail)
    ? "Truncated"
    : /size mismatch|exceeds given size|invalid tar entry size/i.test(detail)
    ? "SizeMismatch"
    : "Malformed"
  return new TarError({ path, reason, detail })
}
