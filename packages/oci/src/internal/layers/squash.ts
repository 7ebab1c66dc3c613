import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as Tar from "../../Tar.js"
import type { Options as ReadOptions } from "../tar/decoder.js"
import { compareUtf8 } from "../values/text.js"
import { LayerError } from "./error.js"
import type { Counter } from "./limitCounter.js"
import * as limitCounter from "./limitCounter.js"
import type { Limits } from "./limits.js"
import * as packing from "./packing.js"
import { join, nameOf, partsOf } from "./path.js"
import * as whiteout from "./whiteout.js"

/** Content of a file, which may have several names. */
interface Content {
  readonly header: Tar.Header
  /** Position of the layer, and of the entry in it. */
  readonly layer: number
  readonly index: number
}

/** State of a path after the layers so far. Mutable. */
interface Node {
  /** `undefined` for a directory without an entry of its own. */
  header: Tar.Header | undefined
  content: Content | undefined
  /** Last layer with this path or one below it. */
  layer: number
  /** Present for a directory. */
  children: Map<string, Node> | undefined
  /** Names to remove from layers below the squashed ones. */
  readonly removed: Set<string>
  opaque: boolean
  /** Last layer that removed the entries of lower ones, or created the node. */
  pruned: number
}

const makeNode = (layer: number, header: Tar.Header | undefined): Node => ({
  header,
  content: undefined,
  layer,
  children: header === undefined || header.type === "Directory" ? new Map() : undefined,
  removed: new Set(),
  opaque: false,
  pruned: layer
})

type Item<E, R> = packing.Item<E, R>

const invalid = (path: string, reason: LayerError["reason"]) => new LayerError({ path, reason })

const none = new Uint8Array(0)

/** Removes entries of lower layers. */
const prune = (children: Map<string, Node>, name: string, layer: number): void => {
  const node = children.get(name)
  if (node === undefined) return
  if (node.layer < layer) children.delete(name)
  else pruneAll(node, layer)
}

/** Runs once for each layer: a layer may have any number of whiteouts, and lower layers add nothing later. */
const pruneAll = (node: Node, layer: number): void => {
  if (node.children === undefined || node.pruned === layer) return
  node.pruned = layer
  for (const child of Array.from(node.children.keys())) prune(node.children, child, layer)
}

const find = (root: Node, parts: ReadonlyArray<string>): Node | undefined =>
  parts.reduce<Node | undefined>((node, part) => node?.children?.get(part), root)

const apply = (root: Node, layer: number, index: number, header: Tar.Header): Effect.Effect<void, LayerError> => {
  const parts = partsOf(header.path)
  if (parts === undefined) return invalid(header.path, "InvalidPath")
  const meaning = whiteout.meaningOf(parts)
  if (meaning._tag === "Ignored") return Effect.void
  if (meaning._tag === "Invalid") return invalid(header.path, "InvalidWhiteout")
  if (parts.length === 0) {
    root.header = header.type === "Directory" ? { ...header, path: "." } : root.header
    return header.type === "Directory" ? Effect.void : invalid(header.path, "InvalidPath")
  }

  let parent = root
  for (const part of parts.slice(0, -1)) {
    if (parent.children === undefined) return invalid(header.path, "InvalidPath")
    const next = parent.children.get(part) ?? makeNode(layer, undefined)
    parent.children.set(part, next)
    if (meaning._tag === "Entry") next.layer = layer
    parent = next
  }
  const { children } = parent
  if (children === undefined) return invalid(header.path, "InvalidPath")

  switch (meaning._tag) {
    case "Opaque": {
      pruneAll(parent, layer)
      parent.opaque = true
      parent.removed.clear()
      return Effect.void
    }
    case "Whiteout": {
      prune(children, meaning.name, layer)
      const left = children.get(meaning.name)
      // Entries of the same layer stay, but must hide the content below the squashed layers.
      if (left !== undefined) left.opaque ||= left.children !== undefined
      else if (!parent.opaque) parent.removed.add(meaning.name)
      return Effect.void
    }
    case "Entry": {
      const name = nameOf(parts.join("/"))
      const before = children.get(name)
      // A removed entry, or one of another type, must hide the content below the squashed layers.
      const hides = parent.removed.has(name) || (before !== undefined && before.children === undefined)
      parent.removed.delete(name)
      const path = parts.join("/")
      if (header.type === "Directory") {
        const node = before?.children === undefined ? makeNode(layer, undefined) : before
        node.header = { ...header, path }
        node.layer = layer
        node.opaque ||= hides
        children.set(name, node)
        return Effect.void
      }
      const node = makeNode(layer, { ...header, path })
      if (header.type === "File") node.content = { header, layer, index }
      if (header.type === "Link") {
        node.content = find(root, partsOf(header.target) ?? [])?.content
        if (node.content === undefined) return invalid(header.path, "DanglingLink")
      }
      children.set(name, node)
      return Effect.void
    }
  }
}

interface Plan {
  /** Entries without content. */
  readonly structure: ReadonlyArray<Item<never, never>>
  /** Names of each content; the first one is written as the file. */
  readonly names: Map<Content, Array<string>>
}

const plan = (root: Node, whiteouts: "kept" | "dropped"): Plan => {
  const structure: Array<Item<never, never>> = []
  const names: Plan["names"] = new Map()
  const modified = new Date(0)

  const visit = (path: string, node: Node): void => {
    const { children, content, header } = node
    if (content !== undefined) {
      names.set(content, [...names.get(content) ?? [], path])
      return
    }
    if (header !== undefined) structure.push({ header, content: none })
    if (children === undefined) return
    if (whiteouts === "kept") {
      const markers = node.opaque
        ? [whiteout.opaque]
        : Array.from(node.removed, (name) => `${whiteout.prefix}${name}`).sort(compareUtf8)
      for (const marker of markers) structure.push(packing.markerItem(path, marker, modified))
    }
    for (const [name, child] of Array.from(children).sort(([a], [b]) => compareUtf8(a, b))) {
      visit(join(path, name), child)
    }
  }

  visit("", root)
  return { structure, names }
}

/** Remaining files of one layer. */
const filesOf = <E, R>(
  archive: Stream.Stream<Uint8Array, E, R>,
  layer: number,
  { names }: Plan,
  reading: ReadOptions
) => {
  const requested = new Map<number, string>()
  for (const [content, [first]] of names) {
    if (content.layer === layer && first !== undefined) requested.set(content.index, first)
  }
  return requested.size === 0 ? Stream.empty : Tar.readWith(archive, reading).pipe(
    Stream.zipWithIndex,
    Stream.filterMap(([{ content, ...header }, index]) =>
      Option.map(Option.fromNullable(requested.get(index)), (path): Item<E | Tar.TarError, never> => ({
        header: { ...header, path },
        content
      }))
    )
  )
}

const linksOf = ({ names }: Plan): ReadonlyArray<Item<never, never>> =>
  Array.from(names).flatMap(([{ header }, [first = "", ...others]]) =>
    others.map((path) => ({
      header: { ...header, path, type: "Link" as const, size: 0, target: first },
      content: none
    }))
  )

/**
 * Squashes layers to one: directories, symbolic links and devices first, then the files of each layer in order, then
 * hard links. Memory holds only headers.
 */
export const squashItems = <B, E, R>(
  blobs: ReadonlyArray<B>,
  open: (blob: B, counter: Counter) => Stream.Stream<Uint8Array, E, R>,
  { limits, whiteouts }: { readonly limits: Limits; readonly whiteouts: "kept" | "dropped" }
): Stream.Stream<Item<E | Tar.TarError, never>, E | LayerError | Tar.TarError, R> =>
  Stream.unwrap(Effect.gen(function*() {
    const root = makeNode(0, undefined)
    const counter = limitCounter.make(limits)
    const reading = packing.reading(limits)
    for (const [layer, blob] of blobs.entries()) {
      let index = 0
      yield* Stream.runForEach(
        Tar.decode(open(blob, counter), reading),
        (event) =>
          event._tag === "Entry"
            ? Effect.zipRight(packing.checked(counter, event.header), apply(root, layer, index++, event.header))
            : Effect.void
      )
    }
    const secondCounter = limitCounter.make(limits)
    const planned = plan(root, whiteouts)
    return Stream.fromIterable<Item<E | Tar.TarError, never>>(planned.structure).pipe(
      Stream.concat(Stream.flatMap(
        Stream.fromIterable(blobs.entries()),
        ([layer, blob]) => filesOf(open(blob, secondCounter), layer, planned, reading)
      )),
      Stream.concat(Stream.fromIterable(linksOf(planned)))
    )
  }))
