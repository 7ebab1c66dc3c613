import * as Chunk from "effect/Chunk"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as List from "effect/List"
import * as Option from "effect/Option"
import { isUint8Array } from "effect/Predicate"
import * as Stream from "effect/Stream"
import * as FileTree from "../../author/FileTree.js"
import type { Hasher } from "../../Hasher.js"
import { LayerError } from "./error.js"
import * as packing from "./packing.js"
import { nameOf } from "./path.js"
import * as whiteout from "./whiteout.js"

export interface Comparison {
  readonly reader: FileTree.Reader
  readonly hasher: Context.Tag.Service<typeof Hasher>
  readonly lower: string
  readonly upper: string
  readonly include: NonNullable<FileTree.Options["include"]>
  readonly style: packing.Style
}

/** A path, and its entry type in each of the two directories. */
interface Pair {
  readonly path: string
  readonly lower: FileTree.EntryType | undefined
  readonly upper: FileTree.EntryType
}

type Item = packing.Item<FileTree.FileTreeError>

type Entry = FileTree.Entry | FileTree.Directory

interface State {
  readonly pending: List.List<Pair>
  /** Unchanged parent directories, outermost first. They become entries only if something in them changed. */
  readonly parents: ReadonlyArray<Item>
}

/** Computes the entries that turn `lower` into `upper`. In each directory, removals come first. */
export const diffItems = (
  comparison: Comparison
): Stream.Stream<Item, FileTree.FileTreeError | LayerError> => {
  const { hasher, include, lower, reader, style, upper } = comparison

  const read = (root: string, path: string, type: FileTree.EntryType) =>
    Effect.flatMap(
      FileTree.readBatch(reader, root)([{ path, type }]),
      ([entry]) =>
        entry === undefined
          ? Effect.dieMessage("A reader returned fewer files than it was asked for")
          : Effect.succeed(entry)
    )

  const digest = (content: FileTree.Content["content"]) =>
    isUint8Array(content) ? hasher.bytes(content) : hasher.stream(content)

  const isSameContent = (a: FileTree.Content, b: FileTree.Content) => {
    if (a.size !== b.size) return Effect.succeed(false)
    if (isUint8Array(a.content) && isUint8Array(b.content)) return Effect.succeed(areEqual(a.content, b.content))
    return Effect.zipWith(digest(a.content), digest(b.content), (a, b) => a === b)
  }

  const isSame = (a: Entry, b: Entry): Effect.Effect<boolean, FileTree.FileTreeError> => {
    if (a._tag === "Symlink" && b._tag === "Symlink") return Effect.succeed(a.target === b.target)
    if (a._tag === "Directory" && b._tag === "Directory") {
      return Effect.succeed(a.mode === b.mode || style.permissions === "normal")
    }
    if (a._tag !== "File" || b._tag !== "File") return Effect.succeed(false)
    const sameMode = style.permissions === "normal" ? a.executable === b.executable : a.mode === b.mode
    return sameMode ? isSameContent(a, b) : Effect.succeed(false)
  }

  const listOf = (root: string, path: string, exists: boolean) =>
    exists ? FileTree.list(reader, root, path, include) : Effect.succeed([])

  /** Compares two listings of a directory: removals, and entries to compare. */
  const open = Effect.fnUntraced(function*(path: string, lowerIsDirectory: boolean) {
    const before = new Map((yield* listOf(lower, path, lowerIsDirectory)).map((found) => [found.path, found.type]))
    const after = yield* listOf(upper, path, true)
    const remaining = new Set(after.map((found) => found.path))
    const removed = Array.from(before.keys()).filter((path) => !remaining.has(path))
    const reserved = removed.find((path) => nameOf(path).startsWith(whiteout.prefix))
    if (reserved !== undefined) return yield* new LayerError({ path: reserved, reason: "ReservedName" })
    const markers = removed.length > 1 && removed.length === before.size
      ? [packing.markerItem(path, whiteout.opaque, style.modified)]
      : removed.map((removed) => packing.markerItem(path, `${whiteout.prefix}${nameOf(removed)}`, style.modified))
    const pairs = after.map((found): Pair => ({ path: found.path, lower: before.get(found.path), upper: found.type }))
    return { markers, pairs: List.fromIterable(pairs) }
  })

  const isIn = (path: string) => ({ header }: Item) => path.startsWith(`${header.path}/`)

  const step = Effect.fnUntraced(function*({ parents, pending }: State) {
    if (List.isNil(pending)) return Option.none()
    const { head, tail } = pending
    const above = parents.filter(isIn(head.path))
    const entry = yield* read(upper, head.path, head.upper)
    const item = yield* packing.fromTree(head.path, entry, style)
    const same = head.lower === head.upper && (yield* isSame(yield* read(lower, head.path, head.lower), entry))
    const emitted = same ? [] : [...above, item]
    if (head.upper !== "Directory") {
      return Option.some([emitted, { pending: tail, parents: same ? above : [] }] as const)
    }
    const { markers, pairs } = yield* open(head.path, head.lower === "Directory")
    const left = same ? [...above, item] : []
    return Option.some(
      [
        markers.length === 0 ? emitted : [...emitted, ...left, ...markers],
        { pending: List.prependAll(tail, pairs), parents: markers.length === 0 ? left : [] }
      ] as const
    )
  })

  return Stream.unwrap(Effect.map(open("", true), ({ markers, pairs }) =>
    Stream.fromIterable<Item>(markers).pipe(
      Stream.concat(Stream.unfoldChunkEffect<State, Item, FileTree.FileTreeError | LayerError, never>(
        { pending: pairs, parents: [] },
        (state) =>
          Effect.map(
            step(state),
            Option.map(([items, next]) => [Chunk.unsafeFromArray<Item>([...items]), next] as const)
          )
      ))
    )))
}

const areEqual = (a: Uint8Array, b: Uint8Array): boolean => {
  for (let i = 0; i < a.length; i++) {
    if (a[i] !== b[i]) return false
  }
  return true
}
