import * as Chunk from "effect/Chunk"
import * as Config from "effect/Config"
import type * as ConfigError from "effect/ConfigError"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { isUint8Array } from "effect/Predicate"
import * as Stream from "effect/Stream"
import * as FileTree from "../../author/FileTree.js"
import type { Options as ReadOptions } from "../tar/decoder.js"
import type { Item as TarItem } from "../tar/encoder.js"
import { comparePaths } from "../tar/header.js"
import type { Header } from "../tar/model.js"
import { collect } from "../values/bytes.js"
import { LayerError } from "./error.js"
import type { Counter, Exceeded } from "./limitCounter.js"
import type { Limits } from "./limits.js"
import { join, nameOf, parentOf, partsOf } from "./path.js"
import * as whiteout from "./whiteout.js"

export type Item<E = never, R = never> = TarItem<E, R>

/** Decoder options for layers: many programs omit the final blocks. */
export const reading = ({ extendedHeaderSize }: Limits): ReadOptions => ({ extendedHeaderSize, openEnd: true })

export const exceeded = ({ path, rule }: Exceeded): LayerError =>
  new LayerError({ path, reason: "LimitExceeded", detail: rule })

export const checked = (counter: Counter, header: Header): Effect.Effect<void, LayerError> => {
  const found = counter.entry(header, partsOf(header.path)?.length ?? 0)
  return found === undefined ? Effect.void : exceeded(found)
}

const epoch = Config.withDefault(Config.integer("SOURCE_DATE_EPOCH"), 0)

export const time = (modified: Date | undefined): Effect.Effect<Date, ConfigError.ConfigError> =>
  modified === undefined ? Effect.map(epoch, (seconds) => new Date(seconds * 1000)) : Effect.succeed(modified)

/** Attributes of entries built from files. */
export interface Style {
  readonly modified: Date
  readonly permissions: "normal" | "kept"
}

export const style = (
  options: { readonly modified?: Date | undefined; readonly permissions?: Style["permissions"] | undefined },
  permissions: Style["permissions"]
): Effect.Effect<Style, ConfigError.ConfigError> =>
  Effect.map(time(options.modified), (modified) => ({ modified, permissions: options.permissions ?? permissions }))

const none = new Uint8Array(0)

const headerOf = (
  path: string,
  type: Header["type"],
  mode: number,
  modified: Date
): Header => ({ path, type, size: 0, mode, uid: 0, gid: 0, modified, target: "" })

export const directoryItem = (path: string, modified: Date, mode = 0o755): Item => ({
  header: headerOf(path, "Directory", mode, modified),
  content: none
})

/** Empty file that marks a removal by its name. */
export const markerItem = (directory: string, name: string, modified: Date): Item => ({
  header: headerOf(join(directory, name), "File", 0o644, modified),
  content: none
})

const reserved = (path: string): Either.Either<never, LayerError> =>
  Either.left(new LayerError({ path, reason: "ReservedName" }))

export const fromTree = (
  path: string,
  entry: FileTree.Entry | FileTree.Directory,
  { modified, permissions }: Style
): Either.Either<Item<FileTree.FileTreeError>, LayerError> => {
  if (nameOf(path).startsWith(whiteout.prefix)) return reserved(path)
  const kept = permissions === "kept"
  switch (entry._tag) {
    case "Directory":
      return Either.right(directoryItem(path, modified, kept ? entry.mode : 0o755))
    case "Symlink":
      return Either.right({
        header: { ...headerOf(path, "Symlink", 0o777, modified), target: entry.target },
        content: none
      })
    case "File": {
      const mode = kept ? entry.mode : entry.executable ? 0o755 : 0o644
      return Either.right({
        header: { ...headerOf(path, "File", mode, modified), size: entry.size },
        content: entry.content,
        reused: entry.reused
      })
    }
  }
}

/** First bytes of a file. */
export const beginning = <E, R>(
  content: Uint8Array | Stream.Stream<Uint8Array, E, R>,
  length: number
): Effect.Effect<Uint8Array, E, R> => {
  if (isUint8Array(content)) return Effect.succeed(content.subarray(0, length))
  let received = 0
  return Effect.map(
    collect(Stream.takeUntil(content, (bytes) => (received += bytes.length) >= length)),
    (bytes) => bytes.subarray(0, length)
  )
}

/** A directory and its parents, outermost first. */
const withParents = (path: string): ReadonlyArray<string> => {
  const all: Array<string> = []
  for (let at = path; at !== ""; at = parentOf(at)) all.push(at)
  return all.reverse()
}

const invalidPath = (path: string) => new LayerError({ path, reason: "InvalidPath" })

export const directoryItems = (
  reader: FileTree.Reader,
  root: string,
  options: FileTree.Options & { readonly at?: string | undefined },
  style: Style
): Stream.Stream<Item<FileTree.FileTreeError>, FileTree.FileTreeError | LayerError> => {
  const at = partsOf(options.at ?? "/")
  if (at === undefined) return Stream.fail(invalidPath(options.at ?? ""))
  const base = at.join("/")
  const entries = FileTree.walkWithDirectories(reader, root, options).pipe(
    Stream.mapChunksEffect((chunk) =>
      Either.map(
        Either.all(Chunk.toReadonlyArray(chunk).map((entry) => fromTree(join(base, entry.path), entry, style))),
        Chunk.unsafeFromArray
      )
    )
  )
  return Stream.concat(
    Stream.fromIterable(withParents(base).map((path) => directoryItem(path, style.modified))),
    entries
  )
}

/** Sorts entries and adds missing parent directories. */
export const sorted = <E, R>(
  items: ReadonlyArray<Item<E, R>>,
  modified: Date
): Stream.Stream<Item<E, R>, LayerError> => {
  const all = new Map<string, Item<E, R>>()
  for (const item of items) {
    const path = partsOf(item.header.path)?.join("/")
    if (path === undefined || path === "") return Stream.fail(invalidPath(item.header.path))
    if (all.has(path)) return Stream.fail(new LayerError({ path, reason: "Duplicate" }))
    all.set(path, { ...item, header: { ...item.header, path } })
  }
  for (const path of Array.from(all.keys())) {
    for (const parent of withParents(parentOf(path))) {
      const item = all.get(parent)
      if (item === undefined) all.set(parent, directoryItem(parent, modified))
      else if (item.header.type !== "Directory") return Stream.fail(invalidPath(path))
    }
  }
  return Stream.fromIterable(Array.from(all.values()).sort((a, b) => comparePaths(a.header.path, b.header.path)))
}
