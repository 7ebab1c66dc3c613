import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { Compression, type Format } from "../Compression.js"
import { LayoutError } from "../ContentError.js"
import type * as MediaType from "../MediaType.js"
import { collect } from "./bytes.js"
import { partsOf } from "./layerPath.js"
import { isBomb } from "./limitCounter.js"
import * as tarDecoder from "./tarDecoder.js"
import { blockSize } from "./tarHeader.js"

/** Where the content of a file lies in an archive. */
interface Extent {
  readonly offset: number
  readonly size: number
}

/** An archive of which every file can be read at any time, without reading the others. */
export interface ArchiveFile {
  /** Without a `./` before them. */
  readonly paths: ReadonlyArray<string>
  readonly size: (path: string) => Option.Option<number>
  readonly read: (path: string) => Stream.Stream<Uint8Array, LayoutError>
  /** All of a file, if it is there and has no more bytes than that. */
  readonly bytes: (path: string, limit: number) => Effect.Effect<Option.Option<Uint8Array>, LayoutError>
  /** How a file is compressed, by its first bytes. */
  readonly compression: (path: string) => Effect.Effect<MediaType.Compression, LayoutError>
  /** How the file itself is compressed. */
  readonly outerCompression: MediaType.Compression
  /** What the file was when it was opened: another one if somebody replaced or changed it. */
  readonly identity: string
}

const pieceSize = 128 * 1024

const extendedHeaderSize = 1024 * 1024

const maxEntries = 1_000_000

/** Links in legacy archives lead to one other layer, and never far. */
const maxLinks = 8

/** How many times its own size an archive may have when it is decompressed. */
const maxRatio = 200

const unreadable = (path: string) => (cause: unknown): LayoutError =>
  new LayoutError({ path, reason: "Unreadable", rule: "cannot be read", cause })

const damaged = (path: string, rule: string): LayoutError => new LayoutError({ path, reason: "Damaged", rule })

const notAnArchive = (path: string, rule: string): LayoutError => new LayoutError({ path, reason: "NotALayout", rule })

export const identityOf = ({ dev, ino, mtime, size }: FileSystem.File.Info): string => {
  const modified = Option.match(mtime, { onNone: () => "", onSome: (_) => _.getTime() })
  return `${dev} ${Option.getOrElse(ino, () => 0)} ${modified} ${size}`
}

/** One handle, which several read from in turns, so that a file that is replaced meanwhile stays what it was. */
const openHandle = (fs: FileSystem.FileSystem, path: string) =>
  Effect.gen(function*() {
    // Opening a pipe would wait for its writer, in a thread that cannot be interrupted.
    const { type } = yield* Effect.mapError(fs.stat(path), unreadable(path))
    if (type !== "File") return yield* noFile(path)
    return yield* handleOf(path, yield* Effect.mapError(fs.open(path, { flag: "r" }), unreadable(path)))
  })

const noFile = (path: string) => notAnArchive(path, "is no file, so it is no archive")

const handleOf = (path: string, file: FileSystem.File) =>
  Effect.gen(function*() {
    const failed = Effect.mapError(unreadable(path))
    const info = yield* failed(file.stat)
    if (info.type !== "File") return yield* noFile(path)
    const turn = Effect.unsafeMakeSemaphore(1)

    /** Up to so many bytes from a position on. */
    const readAt = (offset: number, length: number) =>
      file.seek(BigInt(offset), "start").pipe(
        Effect.zipRight(failed(file.readAlloc(length))),
        turn.withPermits(1)
      )

    /** All of a range, in which the file must not end. */
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
 * What is compressed can be read from its beginning only, so it is decompressed to a file first. That file has no name
 * any longer when it is written, where the system allows it, so that a program that is killed leaves nothing behind.
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
      Effect.mapError((error) => error._tag === "LayoutError" ? error : unreadable(path)(error))
    )
    return yield* handleOf(path, file)
  })

interface Found {
  readonly extents: ReadonlyMap<string, Extent>
  readonly links: ReadonlyMap<string, string>
}

/** A path in an archive as it is looked for: no `./` before it. */
const clean = (path: string): string | undefined => partsOf(path)?.join("/")

/** The target of a link, from the directory that the link is in. */
const resolveTarget = (path: string, target: string): string => {
  const parts: Array<string> = target.startsWith("/") ? [] : path.split("/").slice(0, -1)
  for (const part of target.split("/")) {
    if (part === "..") parts.pop()
    else if (part !== "" && part !== ".") parts.push(part)
  }
  return parts.join("/")
}

/** Reads the headers and passes over everything else. */
const scan = (path: string, { readAt, size }: Handle): Effect.Effect<Found, LayoutError> =>
  Effect.gen(function*() {
    const decoder = tarDecoder.make({ extendedHeaderSize, openEnd: false })
    const extents = new Map<string, Extent>()
    const links = new Map<string, string>()
    const check = Either.match({
      onLeft: ({ detail, path: entry }: { readonly path: string; readonly detail: string }) =>
        notAnArchive(path, `is no archive, or a damaged one${entry === "" ? "" : `, at ${entry}`}: ${detail}`),
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
        // Of several entries with one name the last one holds.
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
 * Opens an archive: its headers are read, and of its files nothing. A compressed one is decompressed to a temporary
 * file for as long as the scope is open.
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
