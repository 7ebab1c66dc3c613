/** Plans the copy of a graph. */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as Content from "../../Content.js"
import { type ContentError, GraphLimitExceeded } from "../../ContentError.js"
import type * as Descriptor from "../../Descriptor.js"
import type * as Hasher from "../../Hasher.js"
import * as MediaType from "../../MediaType.js"
import * as links from "../documents/links.js"
import { defaultGraphLimits, type GraphLimits } from "../layers/limits.js"
import type { Pusher } from "../stores/model.js"
import type { Options, Plan, Source, Step } from "./model.js"

interface Node {
  readonly descriptor: Descriptor.Descriptor
  /** Keys of the nodes that this node refers to. */
  readonly children: ReadonlyArray<string>
}

type Nodes = ReadonlyMap<string, Node>

/**
 * Key of a node. Bytes listed as a layer by one document and as a manifest by another are two nodes: registries store
 * blobs and manifests separately, and only a manifest has children.
 */
const keyOf = ({ digest, mediaType, size }: Descriptor.Descriptor): string => {
  const kind = links.isDocument(mediaType)
    ? "document"
    : MediaType.isNondistributable(mediaType)
    ? "nondistributable"
    : "blob"
  return `${kind} ${digest} ${size}`
}

export const readLinks = (from: Source, descriptor: Descriptor.Descriptor) =>
  Effect.flatMap(Content.collect(from.fetch(descriptor), descriptor, links.limits), links.read)

/** Reads the graph below a root; the result contains each node once. */
const explore = Effect.fnUntraced(function*(from: Source, root: Descriptor.Descriptor, options: Options) {
  const limits = { ...defaultGraphLimits, ...options.limits }
  const exceeded = (limit: keyof GraphLimits) =>
    new GraphLimitExceeded({ digest: root.digest, store: from.name, limit, maximum: limits[limit] })
  const nodes = new Map<string, Node>()
  const pending = [root]
  let documents = 0
  let referrers = 0
  let documentSize = 0
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const key = keyOf(next)
    if (nodes.has(key)) continue
    if (!links.isDocument(next.mediaType)) {
      nodes.set(key, { descriptor: next, children: [] })
      continue
    }
    documents += 1
    documentSize += next.size
    if (documents > limits.documents) return yield* exceeded("documents")
    if (documentSize > limits.documentSize) return yield* exceeded("documentSize")
    const { blobs, manifests } = yield* readLinks(from, next)
    const children = [...blobs, ...manifests]
    nodes.set(key, { descriptor: next, children: children.map(keyOf) })
    for (const child of children) pending.push(child)
    if (options.referrers === true && from.referrers !== undefined) {
      yield* Stream.runForEach(from.referrers(next), (referrer) => {
        pending.push(referrer)
        referrers += 1
        return referrers > limits.documents ? exceeded("documents") : Effect.void
      })
    }
  }
  return nodes
})

/** Group of each node: one more than the highest group of its children. */
const levels = (nodes: Nodes): ReadonlyMap<string, number> => {
  const found = new Map<string, number>()
  const parents = new Map<string, Array<string>>()
  const unfinished = new Map<string, number>()
  const ready: Array<string> = []
  for (const [key, { children }] of nodes) {
    unfinished.set(key, children.length)
    if (children.length === 0) ready.push(key)
    for (const child of children) {
      const known = parents.get(child)
      if (known === undefined) parents.set(child, [key])
      else known.push(key)
    }
  }
  for (const key of ready) {
    const level = found.get(key) ?? 0
    found.set(key, level)
    for (const parent of parents.get(key) ?? []) {
      found.set(parent, Math.max(found.get(parent) ?? 0, level + 1))
      const left = (unfinished.get(parent) ?? 0) - 1
      unfinished.set(parent, left)
      if (left === 0) ready.push(parent)
    }
  }
  return found
}

export const stepFor = (to: Pusher, descriptor: Descriptor.Descriptor, options: Options) =>
  options.nondistributable !== true && MediaType.isNondistributable(descriptor.mediaType)
    ? Effect.succeed<Step>({ descriptor, action: "Nondistributable" })
    : Effect.map(to.exists(descriptor), (there): Step => ({ descriptor, action: there ? "Present" : "Copy" }))

export const concurrencyOf = ({ concurrency = 6 }: Options): number => Math.max(1, concurrency)

export const plan = (
  from: Source,
  root: Descriptor.Descriptor,
  to: Pusher,
  options: Options = {}
): Effect.Effect<Plan, ContentError, Hasher.Hasher> =>
  Effect.gen(function*() {
    const nodes = yield* explore(from, root, options)
    const steps = yield* Effect.forEach([...nodes.values()], ({ descriptor }) => stepFor(to, descriptor, options), {
      concurrency: concurrencyOf(options)
    })
    const levelOf = levels(nodes)
    const groups: Array<Array<Step>> = []
    for (const step of steps) {
      const level = levelOf.get(keyOf(step.descriptor)) ?? 0
      while (groups.length <= level) groups.push([])
      groups[level]?.push(step)
    }
    const bytes = steps.reduce((sum, { action, descriptor }) => action === "Copy" ? sum + descriptor.size : sum, 0)
    return { root, groups, bytes }
  })
