/**
 * Reads a directory tree in a fixed order: depth first, and the entries of each directory sorted by the UTF-8 bytes of
 * their names.
 *
 * Several files are read ahead at the same time in bounded memory: a file of more than {@link wholeFileLimit} bytes is
 * a stream.
 *
 * @since 0.1.0
 */
import type { PlatformError } from "@effect/platform/Error"
import type * as FileSystem from "@effect/platform/FileSystem"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as List from "effect/List"
import * as Option from "effect/Option"
import { isUint8Array } from "effect/Predicate"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { compareUtf8, isNoUnicode } from "../internal/values/text.js"

/**
 * An entry of a tree cannot be read.
 *
 * - `Unreadable`: reading failed; see `cause`.
 * - `Changed`: the file changed while it was read.
 * - `InvalidName`: the name or the target of a link is not valid Unicode.
 * - `UnsupportedType`: the entry is a device or a pipe.
 *
 * @since 0.1.0
 * @category errors
 */
export class FileTreeError extends Schema.TaggedError<FileTreeError>("@ociman/oci/FileTreeError")("FileTreeError", {
  path: Schema.String,
  reason: Schema.Literal("Unreadable", "Changed", "InvalidName", "UnsupportedType"),
  cause: Schema.optional(Schema.Defect)
}) {
  override get message(): string {
    const path = JSON.stringify(this.path)
    switch (this.reason) {
      case "Unreadable":
        return this.cause instanceof Error ? `Cannot read ${path}: ${this.cause.message}` : `Cannot read ${path}`
      case "Changed":
        return `${path} changed while it was read: try again when nothing writes to it`
      case "InvalidName":
        return `The name or the link target of ${path} is not valid Unicode: rename or exclude it`
      case "UnsupportedType":
        return `${path} is neither a file, a directory nor a symbolic link: remove or exclude it`
    }
  }
}

/**
 * Types of directory entries.
 *
 * @since 0.1.0
 * @category models
 */
export type EntryType = "File" | "Directory" | "Symlink" | "Socket" | "Other"

/**
 * Content of a file. `size` is the size of `content` in bytes.
 *
 * @since 0.1.0
 * @category models
 */
export interface Content {
  /** True if any executable bit is set. */
  readonly executable: boolean
  /** Permissions with the set-user-id, set-group-id and sticky bits: at most `0o7777`. */
  readonly mode: number
  readonly size: number
  readonly content: Uint8Array | Stream.Stream<Uint8Array, FileTreeError>
  /**
   * The same content in buffers that are overwritten when the next one is requested. Present only if the reader
   * supports it and the content is a stream.
   */
  readonly reused?: Stream.Stream<Uint8Array, FileTreeError> | undefined
}

/**
 * Regular file of a tree. `path` is relative to the root, with `/` as separator on every system.
 *
 * @since 0.1.0
 * @category models
 */
export interface File extends Content {
  readonly _tag: "File"
  readonly path: string
}

/**
 * Symbolic link of a tree, with its target.
 *
 * @since 0.1.0
 * @category models
 */
export interface Symlink {
  readonly _tag: "Symlink"
  readonly path: string
  readonly target: string
}

/**
 * Directory of a tree.
 *
 * @since 0.1.0
 * @category models
 */
export interface Directory {
  readonly _tag: "Directory"
  readonly path: string
  /** Permissions with the set-user-id, set-group-id and sticky bits: at most `0o7777`. */
  readonly mode: number
}

/**
 * Entry of a tree. Sockets are skipped, since no archive can hold one.
 *
 * @since 0.1.0
 * @category models
 */
export type Entry = File | Symlink

/**
 * Options of walking a tree.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /**
   * Selects entries. The path is relative to the root with `/` as separator. An excluded directory is not walked, and
   * an excluded entry is not read. Default: all entries.
   */
  readonly include?: ((path: string, type: EntryType) => boolean) | undefined
}

/**
 * Operations that a platform provides to read trees. Paths are absolute or relative to the working directory.
 *
 * @since 0.1.0
 * @category models
 */
export interface Reader {
  /** Lists the entries of a directory, in any order, without following links. */
  readonly readDirectory: (
    path: string
  ) => Effect.Effect<ReadonlyArray<{ readonly name: string; readonly type: EntryType }>, FileTreeError>
  readonly readLink: (path: string) => Effect.Effect<string, FileTreeError>
  /** Permissions of a directory: at most `0o7777`. */
  readonly readMode: (path: string) => Effect.Effect<number, FileTreeError>
  /**
   * Reads a few files at the same time, in the order of the paths. Content of more than {@link wholeFileLimit} bytes is
   * a stream. Paths below `root` are entries that were listed as files: a path that has since become a link, or is
   * below one, fails with `Changed`. Without a root, links are followed.
   */
  readonly readFiles: (
    paths: ReadonlyArray<string>,
    root?: string
  ) => Effect.Effect<ReadonlyArray<Content>, FileTreeError>
}

/**
 * Maximum size of a file that is read as a whole: 256 KiB.
 *
 * @since 0.1.0
 * @category constants
 */
export const wholeFileLimit = 256 * 1024

/** Number of files read at the same time. Up to twice as many wait for the consumer. */
const batchSize = 32

/** @internal */
export interface Found {
  readonly path: string
  readonly type: EntryType
}

/**
 * Lists the entries of one directory of a tree in order.
 *
 * @internal
 */
export const list = Effect.fnUntraced(function*(
  reader: Reader,
  root: string,
  directory: string,
  include: NonNullable<Options["include"]>
) {
  const found: Array<Found> = []
  const entries = yield* reader.readDirectory(absolute(root, directory))
  for (const { name, type } of Array.from(entries).sort((a, b) => compareUtf8(a.name, b.name))) {
    const path = directory === "" ? name : `${directory}/${name}`
    if (type === "Socket" || !include(path, type)) continue
    if (isNoUnicode(name)) return yield* new FileTreeError({ path: absolute(root, path), reason: "InvalidName" })
    if (type === "Other") return yield* new FileTreeError({ path: absolute(root, path), reason: "UnsupportedType" })
    found.push({ path, type })
  }
  return found
})

const absolute = (root: string, path: string): string => path === "" ? root : `${root}/${path}`

/** Next batch of entries in order, and the rest. Directories are listed when they are reached. */
const next = (reader: Reader, root: string, include: NonNullable<Options["include"]>, directories: boolean) =>
  Effect.fnUntraced(function*(pending: List.List<Found>) {
    const batch: Array<Found> = []
    let rest = pending
    while (List.isCons(rest) && batch.length < batchSize) {
      const { head, tail } = rest
      if (head.type === "Directory") {
        rest = List.prependAll(tail, List.fromIterable(yield* list(reader, root, head.path, include)))
        if (directories && head.path !== "") batch.push(head)
      } else {
        batch.push(head)
        rest = tail
      }
    }
    return batch.length === 0 ? Option.none() : Option.some([batch, rest] as const)
  })

/** A wrong size would let content of one file be hashed as the beginning of the next. */
const sized = (path: string, content: Content): Effect.Effect<Content, FileTreeError> => {
  const { content: bytes, reused, size } = content
  const changed = Effect.suspend(() => new FileTreeError({ path, reason: "Changed" }))
  if (isUint8Array(bytes)) return bytes.length === size ? Effect.succeed(content) : changed
  const check = (stream: typeof bytes) =>
    Stream.suspend(() => {
      let remaining = size
      return stream.pipe(
        Stream.tap((chunk) => (remaining -= chunk.length) < 0 ? changed : Effect.void),
        Stream.concat(Stream.suspend(() => remaining === 0 ? Stream.empty : Stream.fromEffect(changed)))
      )
    })
  return Effect.succeed({
    ...content,
    content: check(bytes),
    ...(reused === undefined ? {} : { reused: check(reused) })
  })
}

/**
 * Reads the content of a batch of entries.
 *
 * @internal
 */
export const readBatch = (reader: Reader, root: string) =>
  Effect.fnUntraced(function*(batch: ReadonlyArray<Found>) {
    const paths = batch.filter(({ type }) => type === "File").map(({ path }) => absolute(root, path))
    const contents = (yield* reader.readFiles(paths, root))[Symbol.iterator]()
    const entries: Array<Entry | Directory> = []
    for (const { path, type } of batch) {
      const location = absolute(root, path)
      if (type === "Symlink") {
        const target = yield* reader.readLink(location)
        if (isNoUnicode(target)) return yield* new FileTreeError({ path: location, reason: "InvalidName" })
        entries.push({ _tag: "Symlink", path, target })
      } else if (type === "Directory") {
        entries.push({ _tag: "Directory", path, mode: yield* reader.readMode(location) })
      } else {
        const content = contents.next()
        if (content.done === true) {
          return yield* Effect.dieMessage("A reader returned fewer files than it was asked for")
        }
        entries.push({ _tag: "File", path, ...(yield* sized(location, content.value)) })
      }
    }
    return entries
  })

/**
 * Walks the directory `root`, which may be a link to a directory. Directories are not among the entries.
 *
 * @since 0.1.0
 * @category constructors
 */
export const walk = (reader: Reader, root: string, options?: Options): Stream.Stream<Entry, FileTreeError> =>
  Stream.filter(walkEntries(reader, root, options, false), (entry) => entry._tag !== "Directory")

/**
 * Walks like {@link walk}, including every directory but the root, each before its entries.
 *
 * @since 0.1.0
 * @category constructors
 */
export const walkWithDirectories = (
  reader: Reader,
  root: string,
  options?: Options
): Stream.Stream<Entry | Directory, FileTreeError> => walkEntries(reader, root, options, true)

const walkEntries = (
  reader: Reader,
  root: string,
  options: Options | undefined,
  directories: boolean
): Stream.Stream<Entry | Directory, FileTreeError> =>
  Stream.unfoldEffect(
    List.of<Found>({ path: "", type: "Directory" }),
    next(reader, root, options?.include ?? (() => true), directories)
  ).pipe(
    Stream.mapEffect(readBatch(reader, root)),
    Stream.bufferChunks({ capacity: 1 }),
    Stream.mapConcatChunk(Chunk.unsafeFromArray)
  )

/**
 * Makes a reader from any `FileSystem`. A platform can provide a faster one.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromFileSystem = (fs: FileSystem.FileSystem): Reader => {
  const at = (path: string) => Effect.mapError(unreadable(path))

  // `FileSystem` has no lstat: a path with a link target is a link.
  const typeOf = (path: string): Effect.Effect<EntryType, PlatformError> =>
    fs.readLink(path).pipe(
      Effect.as<EntryType>("Symlink"),
      Effect.catchAll(() => Effect.map(fs.stat(path), ({ type }) => entryTypes[type] ?? "Other"))
    )

  /** `FileSystem` cannot tell the path of an open file, so the real path is checked before and after reading. */
  const checked = <A>(path: string, root: string | undefined, content: Effect.Effect<A, PlatformError>) => {
    if (root === undefined) return at(path)(content)
    const check = Effect.all([fs.realPath(root), fs.realPath(path)]).pipe(
      at(path),
      Effect.filterOrFail(
        ([realRoot, realPath]) => realPath === below(realRoot, root, path),
        () => new FileTreeError({ path, reason: "Changed" })
      )
    )
    return Effect.tap(Effect.zipRight(check, at(path)(content)), check)
  }

  const readFile = Effect.fnUntraced(function*(path: string) {
    const info = yield* fs.stat(path)
    const size = Number(info.size)
    const content: Content["content"] = size > wholeFileLimit
      ? Stream.mapError(fs.stream(path, { chunkSize: wholeFileLimit, bytesToRead: size + 1 }), unreadable(path))
      : yield* fs.readFile(path)
    return { executable: isExecutable(info.mode), mode: info.mode & 0o7777, size, content }
  })

  return {
    readDirectory: (path) =>
      fs.readDirectory(path).pipe(
        at(path),
        Effect.flatMap(Effect.forEach((name) => {
          const location = `${path}/${name}`
          // A decoded invalid name does not exist, so its type cannot be read.
          const type = isNoUnicode(name) ? Effect.succeed<EntryType>("Other") : at(location)(typeOf(location))
          return Effect.map(type, (type) => ({ name, type }))
        }, { concurrency: batchSize }))
      ),
    readLink: (path) => at(path)(fs.readLink(path)),
    readMode: (path) => at(path)(Effect.map(fs.stat(path), ({ mode }) => mode & 0o7777)),
    readFiles: (paths, root) =>
      Effect.forEach(paths, (path) => checked(path, root, readFile(path)), { concurrency: batchSize })
  }
}

/**
 * Real path of an entry below `root` if no link is on the way, given the real path of the root. Readers compare it with
 * the path of the opened file.
 *
 * @since 0.1.0
 * @category getters
 */
export const below = (realRoot: string, root: string, path: string): string =>
  `${realRoot === "/" ? "" : realRoot}${path.slice(root.length)}`

const entryTypes: Partial<Record<FileSystem.File.Type, EntryType>> = {
  File: "File",
  Directory: "Directory",
  SymbolicLink: "Symlink",
  Socket: "Socket"
}

/**
 * Reports whether any executable bit of a mode is set.
 *
 * @since 0.1.0
 * @category predicates
 */
export const isExecutable = (mode: number): boolean => (mode & 0o111) !== 0

/**
 * Makes the error of an unreadable entry.
 *
 * @since 0.1.0
 * @category errors
 */
export const unreadable = (path: string) => (cause: unknown): FileTreeError =>
  new FileTreeError({ path, reason: "Unreadable", cause })
