import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { Compression, type Format } from "../../Compression.js"
import { LayoutError } from "../../ContentError.js"
import type * as MediaType from "../../MediaType.js"
import { isBomb } from "../layers/limitCounter.js"
import { partsOf } from "../layers/path.js"
import * as tarDecoder from "../tar/decoder.js"
import { blockSize } from "../tar/header.js"
import { collect } from "../values/bytes.js"
import { damaged, unreadable } from "./errors.js"

/** Position of a file's content in an archive. */
interface Extent {
  readonly offset: number
  readonly size: number
}

/** Archive with random access to its files. */
export interface ArchiveFile {
  /** Paths without a leading `./`. */
  readonly paths: ReadonlyArray<string>
  readonly size: (path: string) => Option.Option<number>
  readonly read: (path: string) => Stream.Stream<Uint8Array, LayoutError>
  /** Reads a whole file of at most `limit` bytes. None if it does not exist. */
  readonly bytes: (path: string, limit: number) => Effect.Effect<Option.Option<Uint8Array>, LayoutError>
  /** Compression of a file, detected from its first bytes. */
  readonly compression: (path: string) => Effect.Effect<MediaType.Compression, LayoutError>
  /** Compression of the archive itself. */
  readonly outerCompression: MediaType.Compression
  /** Identity of the opened archive file, which differs once the file is replaced or changed. */
  readonly identity: string
}

const pieceSize = 128 * 1024

const extendedHeaderSize = 1024 * 1024

const maxEntries = 1_000_000

/** Maximum number of links to follow. In legacy archives a link leads directly to another layer. */
const maxLinks = 8

/** Maximum ratio of decompressed to compressed size. */
const maxRatio = 200

const notAnArchive = (path: string, rule: string): LayoutError => new LayoutError({ path, reason: "NotALayout", rule })

export const identityOf = ({ dev, ino, mtime, size }: FileSystem.File.Info): string => {
  const modified = Option.match(mtime, { onNone: () => "", onSome: (_) => _.getTime() })
  return `${dev} ${Option.getOrElse(ino, () => 0)} ${modified} ${size}`
}

/** Opens one handle for all reads, so that the content stays the same if the file is replaced meanwhile. */
const openHandle = (fs: FileSystem.FileSystem, path: string) =>
  Effect.gen(function*() {
    // Opening a pipe would block in a thread that cannot be interrupted.
    const { type } = yield* Effect.mapError(fs.stat(path), unreadable(path))
    if (type !== "File") return yield* noFile(path)
    return yield* handleOf(path, yield* Effect.mapError(fs.open(path, { flag: "r" }), unreadable(path)))
  })

const noFile = (path: string) => notAnArchive(path, "is not a file")

const handleOf = (path: string, file: FileSystem.File) =>
  Effect.gen(function*() {
    const failed = Effect.mapError(unreadable(path))
    const info = yield* failed(file.stat)
    if (info.type !== "File") return yield* noFile(path)
    const semaphore = Effect.unsafeMakeSemaphore(1)

    /** Reads up to `length` bytes from a position. */
    const readAt = (offset: number, length: number) =>
      file.seek(BigInt(offset), "start").pipe(
        Effect.zipRight(failed(file.readAlloc(length))),
        semaphore.withPermits(1)
      )

    /** Reads a whole range. Fails if the file ends within it. */
    const read = ({ offset, size }: Extent): Stream.Stream<Uint8Array, LayoutError> =>
      Stream.unfoldEffect(0, (at) => {
        if (at >= size) return Effect.succeedNone
        return Effect.flatMap(
          readAt(offset + at, Math.min(pieceSize, size - at)),
          Option.match({
            onNone: () => damaged(path, "ends in the middle of a file"),
            onSome: (bytes) => Effect.succeedSome([bytes, at + bytes.length] as const)
          })
        )
      })

    return { info, size: Number(info.size), readAt, read }
  })

type Handle = Effect.Effect.Success<ReturnType<typeof handleOf>>

const formatOf = (bytes: Uint8Array): Option.Option<Format> => {
  const starts = (...magic: ReadonlyArray<number>) => magic.every((byte, i) => bytes[i] === byte)
  return starts(0x1F, 0x8B)
    ? Option.some("gzip")
    : starts(0x28, 0xB5, 0x2F, 0xFD)
    ? Option.some("zstd")
    : Option.none()
}

/**
 * Decompresses an archive to a temporary file for random access. Where the system allows it, the file is unlinked once
 * opened, so that a killed process leaves nothing behind.
 */
const decompressed = (fs: FileSystem.FileSystem, path: string, handle: Handle, format: Format) =>
  Effect.gen(function*() {
    const { decompress } = yield* Compression
    const failed = Effect.mapError(unreadable(path))
    const remove = (directory: string) => Effect.ignore(fs.remove(directory, { recursive: true, force: true }))
    const directory = yield* Effect.acquireRelease(failed(fs.makeTempDirectory({ prefix: "ociman-" })), remove)
    const file = yield* failed(fs.open(`${directory}/archive`, { flag: "wx+", mode: 0o600 }))
    yield* remove(directory)
    let size = 0
    const limited = (bytes: Uint8Array) => {
      size += bytes.length
      return isBomb(size, handle.size, maxRatio)
        ? damaged(path, `would have more than ${maxRatio} times its size`)
        : Effect.void
    }
    yield* handle.read({ offset: 0, size: handle.size }).pipe(
      decompress(format),
      Stream.tap(limited),
      Stream.runForEach((bytes) => Effect.uninterruptible(file.writeAll(bytes))),
      Effect.mapError(unreadable(path))
    )
    return yield* handleOf(path, file)
  })

interface Found {
  readonly extents: ReadonlyMap<string, Extent>
  readonly links: ReadonlyMap<string, string>
}

/** Path of an archive entry without a leading `./`. */
const clean = (path: string): string | undefined => partsOf(path)?.join("/")

/** Resolves the target of a link relative to the directory of the link. */
const resolveTarget = (path: string, target: string): string => {
  const parts: Array<string> = target.startsWith("/") ? [] : path.split("/").slice(0, -1)
  for (const part of target.split("/")) {
    if (part === "..") parts.pop()
    else if (part !== "" && part !== ".") parts.push(part)
  }
  return parts.join("/")
}

/** Reads the headers and skips the content. */
const scan = (path: string, { readAt, size }: Handle): Effect.Effect<Found, LayoutError> =>
  Effect.gen(function*() {
    const decoder = tarDecoder.make({ extendedHeaderSize, openEnd: false })
    const extents = new Map<string, Extent>()
    const links = new Map<string, string>()
    const check = Either.match({
      onLeft: ({ detail, path: entry }: { readonly path: string; readonly detail: string }) =>
        notAnArchive(path, `is not a valid archive${entry === "" ? "" : `, at ${entry}`}: ${detail}`),
      onRight: () => Effect.void
    })
    let entries = 0
    let at = 0
    while (!decoder.isOver()) {
      const block = yield* readAt(at, blockSize)
      if (Option.isNone(block)) break
      const events: Array<tarDecoder.Event> = []
      yield* check(decoder.push(block.value, events))
      at += block.value.length
      for (const event of events) {
        if (event._tag !== "Entry") continue
        if (++entries > maxEntries) return yield* damaged(path, `has more than ${maxEntries} entries`)
        const name = clean(event.header.path)
        if (name === undefined) continue
        // The last of several entries with the same name applies.
        extents.delete(name)
        links.delete(name)
        const { size, target, type } = event.header
        if (type === "File") extents.set(name, { offset: at, size })
        if (type === "Symlink") links.set(name, resolveTarget(name, target))
        if (type === "Link") links.set(name, clean(target) ?? "")
      }
      at += decoder.skip()
    }
    if (at > size) return yield* damaged(path, "ends too early: some of it is missing")
    yield* check(decoder.end())
    return { extents, links }
  })

/**
 * Opens an archive by reading its headers. A compressed archive is decompressed to a temporary file until the scope
 * closes.
 */
export const open = (
  path: string
): Effect.Effect<ArchiveFile, LayoutError, FileSystem.FileSystem | Compression | Scope.Scope> =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const outer = yield* openHandle(fs, path)
    const format = Option.flatMap(yield* outer.readAt(0, 4), formatOf)
    const handle = Option.isNone(format) ? outer : yield* decompressed(fs, path, outer, format.value)
    const { extents, links } = yield* scan(path, handle)

    const find = (name: string, hops = 0): Option.Option<Extent> => {
      const link = links.get(name)
      if (link === undefined) return Option.fromNullable(extents.get(name))
      return hops < maxLinks ? find(link, hops + 1) : Option.none()
    }

    const locate = (name: string) => find(clean(name) ?? "")

    return {
      paths: [...extents.keys(), ...links.keys()],
      size: (name) => Option.map(locate(name), (_) => _.size),
      read: (name) =>
        Option.match(locate(name), {
          onNone: () => Stream.fail(damaged(path, `has no ${name}`)),
          onSome: handle.read
        }),
      bytes: (name, limit) =>
        Option.match(locate(name), {
          onNone: () => Effect.succeedNone,
          onSome: (extent) =>
            extent.size > limit
              ? damaged(path, `has a ${name} of ${extent.size} bytes, and at most ${limit} are read`)
              : Effect.asSome(collect(handle.read(extent)))
        }),
      compression: (name) =>
        Option.match(locate(name), {
          onNone: () => Effect.succeed("none"),
          onSome: ({ offset, size }) =>
            Effect.map(
              handle.readAt(offset, Math.min(4, size)),
              (bytes) => Option.getOrElse(Option.flatMap(bytes, formatOf), () => "none" as const)
            )
        }),
      outerCompression: Option.getOrElse(format, () => "none" as const),
      identity: identityOf(outer.info)
    }
  })
