/**
 * Copying images between any two stores, byte for byte: manifests keep their digests through any number of hops.
 *
 * What is pointed to is copied before what points to it, each content once, several at a time, and only what is not
 * there yet. A {@link Plan} tells beforehand what would be copied, {@link watch} what is being copied.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Queue from "effect/Queue"
import * as Stream from "effect/Stream"
import * as Content from "./Content.js"
import { type ContentError, ContentNotFound, GraphLimitExceeded } from "./ContentError.js"
import * as Descriptor from "./Descriptor.js"
import type * as Hasher from "./Hasher.js"
import * as ImageIndex from "./ImageIndex.js"
import * as ImageStore from "./ImageStore.js"
import * as copyProgress from "./internal/copyProgress.js"
import * as links from "./internal/links.js"
import * as Limits from "./Limits.js"
import * as MediaType from "./MediaType.js"
import * as Platform from "./Platform.js"

/**
 * A store to copy from, which need not be able to list anything unless referrers are wanted.
 *
 * @since 0.1.0
 * @category models
 */
export type Source = ImageStore.Readable & Partial<Pick<ImageStore.Listable, "referrers">>

/**
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** How many blobs are copied at the same time. Default: 6, as skopeo does. */
  readonly concurrency?: number | undefined
  /** Of an index, only the manifest for this platform. It then stands for the whole. */
  readonly platform?: Platform.Platform | undefined
  /** Also what has one of the copied manifests as its subject: signatures, for example. Default: false. */
  readonly referrers?: boolean | undefined
  /** Also layers that their owner forbids to distribute, if the source has them. Default: false. */
  readonly nondistributable?: boolean | undefined
  /** How many manifests, indexes and referrers are read, and how large they may be together. */
  readonly limits?: Partial<Limits.GraphLimits> | undefined
}

/**
 * What is to be done about one content: it is copied, is there already, or may not be distributed.
 *
 * @since 0.1.0
 * @category models
 */
export interface Step {
  readonly descriptor: Descriptor.Descriptor
  readonly action: "Copy" | "Present" | "Nondistributable"
}

/**
 * What a copy consists of.
 *
 * @since 0.1.0
 * @category models
 */
export interface Plan {
  /** What is copied as a whole. */
  readonly root: Descriptor.Descriptor
  /** Each content once, in groups: what a group points to is in those before. */
  readonly groups: ReadonlyArray<ReadonlyArray<Step>>
  /** How many bytes are to be copied. */
  readonly bytes: number
}

/**
 * Progress of a copy. `bytes` of `Advanced` are those of the content that came through so far; `bytes` of `Skipped` are
 * those of `plan.bytes` that need not be copied after all: the size of the content, or 0 if the plan did not count it.
 * So the bytes of `plan.bytes` are all accounted for when the copy ends.
 *
 * @since 0.1.0
 * @category models
 */
export type Event =
  | { readonly _tag: "Planned"; readonly plan: Plan }
  | { readonly _tag: "Started"; readonly descriptor: Descriptor.Descriptor }
  | { readonly _tag: "Advanced"; readonly descriptor: Descriptor.Descriptor; readonly bytes: number }
  | { readonly _tag: "Copied"; readonly descriptor: Descriptor.Descriptor }
  | {
    readonly _tag: "Skipped"
    readonly descriptor: Descriptor.Descriptor
    readonly reason: "Present" | "Mounted" | "Nondistributable"
    readonly bytes: number
  }
  | { readonly _tag: "Tagged"; readonly descriptor: Descriptor.Descriptor; readonly name: string }

interface Node {
  readonly descriptor: Descriptor.Descriptor
  /** Keys of the nodes that this one points to. */
  readonly children: ReadonlyArray<string>
}

type Nodes = ReadonlyMap<string, Node>

/**
 * Key of a node. Bytes that one document lists as a layer and another one as a manifest are two nodes: registries keep
 * blobs and manifests apart, and only the manifest leads to other content.
 */
const keyOf = ({ digest, mediaType, size }: Descriptor.Descriptor): string => {
  const kind = links.isDocument(mediaType)
    ? "document"
    : MediaType.isNondistributable(mediaType)
    ? "nondistributable"
    : "blob"
  return `${kind} ${digest} ${size}`
}

const read = (from: Source, descriptor: Descriptor.Descriptor) =>
  Effect.flatMap(Content.collect(from.fetch(descriptor), descriptor, links.limits), links.read)

/** Everything that a descriptor leads to, each once. */
const explore = Effect.fnUntraced(function*(from: Source, root: Descriptor.Descriptor, options: Options) {
  const limits = { ...Limits.graphDefaults, ...options.limits }
  const exceeded = (limit: keyof Limits.GraphLimits) =>
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
    const { blobs, manifests } = yield* read(from, next)
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

/** The group of each node: one more than the highest group of its children. */
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

const stepFor = (to: ImageStore.Writable, descriptor: Descriptor.Descriptor, options: Options) =>
  options.nondistributable !== true && MediaType.isNondistributable(descriptor.mediaType)
    ? Effect.succeed<Step>({ descriptor, action: "Nondistributable" })
    : Effect.map(to.exists(descriptor), (there): Step => ({ descriptor, action: there ? "Present" : "Copy" }))

/**
 * What would be copied to have all of a graph in another store.
 *
 * @since 0.1.0
 * @category planning
 */
export const plan = (
  from: Source,
  root: Descriptor.Descriptor,
  to: ImageStore.Writable,
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

const concurrencyOf = ({ concurrency = 6 }: Options): number => Math.max(1, concurrency)

type Emit = (event: Event) => Effect.Effect<void>

const silent: Emit = () => Effect.void

/** What is smaller is held in memory, and as soon fetched again as looked for. */
const large = 1024 * 1024

interface Copying {
  readonly from: Source
  readonly to: ImageStore.Writable
  readonly options: Options
  readonly emit: Emit
}

type Perform = (step: Step) => Effect.Effect<void, ContentError, Hasher.Hasher>

/** Does something with a document, and once more if its store then misses what it said that it has. */
const completing = (self: Copying, descriptor: Descriptor.Descriptor) => {
  const pushed = Effect.gen(function*() {
    const { blobs, manifests } = yield* read(self.from, descriptor)
    const steps = yield* Effect.forEach([...blobs, ...manifests], (child) => stepFor(self.to, child, self.options))
    yield* Effect.forEach(steps, perform(self), { concurrency: concurrencyOf(self.options), discard: true })
  })
  return <A>(document: Effect.Effect<A, ContentError>) =>
    Effect.catchIf(
      document,
      (error) => error._tag === "StoreFailed" && error.reason === "Incomplete",
      () => Effect.zipRight(pushed, document)
    )
}

const perform = (self: Copying): Perform => ({ action, descriptor }) => {
  const { emit, from, to } = self
  if (action === "Nondistributable") return emit({ _tag: "Skipped", descriptor, reason: action, bytes: 0 })
  const reported = (content: Stream.Stream<Uint8Array, ContentError>, offset = 0) =>
    emit === silent ? content : Stream.suspend(() => {
      let bytes = offset
      return Stream.fromEffect(emit({ _tag: "Started", descriptor })).pipe(
        Stream.drain,
        Stream.concat(content),
        Stream.chunks,
        Stream.tap((pieces) => {
          for (const piece of pieces) bytes += piece.length
          return emit({ _tag: "Advanced", descriptor, bytes })
        }),
        Stream.flattenChunks
      )
    })
  const { fetch, fetchBytes, fetchFrom, fetchUnverified = fetch, fetchReused = fetchUnverified } = from
  const isBlob = !links.isDocument(descriptor.mediaType)
  const unverified = isBlob && to.writesAtOnce === true ? fetchReused : fetchUnverified
  const pushSmall = () => {
    if (fetchBytes === undefined || to.pushBytes === undefined || !isBlob || descriptor.size >= large) return undefined
    const bytes = Effect.zipRight(emit({ _tag: "Started", descriptor }), fetchBytes(descriptor))
    const advanced = emit({ _tag: "Advanced", descriptor, bytes: descriptor.size })
    return to.pushBytes(descriptor, Effect.zipLeft(bytes, advanced), { from })
  }
  // Who it is pushed to verifies it. Also what was there when the plan was made: whether it still is, the store says,
  // and keeps it.
  const pushing = fetchFrom !== undefined && to.resume !== undefined && isBlob && descriptor.size >= large
    ? to.resume(descriptor, (offset) => reported(fetchFrom(descriptor, offset), offset))
    : pushSmall() ?? to.push(descriptor, reported(unverified(descriptor)), { from })
  return Effect.flatMap(
    isBlob ? pushing : completing(self, descriptor)(pushing),
    (pushed) =>
      emit(
        pushed === "Pushed"
          ? { _tag: "Copied", descriptor }
          : { _tag: "Skipped", descriptor, reason: pushed, bytes: action === "Copy" ? descriptor.size : 0 }
      )
  )
}

const execute = (from: Source, to: ImageStore.Writable, plan: Plan, options: Options, emit: Emit) =>
  Effect.zipRight(
    emit({ _tag: "Planned", plan }),
    Effect.forEach(plan.groups, (group) =>
      Effect.forEach(group, perform({ from, to, options, emit }), {
        concurrency: concurrencyOf(options),
        discard: true
      }), {
      discard: true
    })
  )

/**
 * Copies everything that a descriptor leads to, without a name.
 *
 * @since 0.1.0
 * @category copying
 */
export const graph = (
  from: Source,
  root: Descriptor.Descriptor,
  to: ImageStore.Writable,
  options: Options = {}
): Effect.Effect<Plan, ContentError, Hasher.Hasher> =>
  plan(from, root, to, options).pipe(
    Effect.tap((plan) => execute(from, to, plan, options, silent)),
    Effect.withSpan("Copy.graph", {
      captureStackTrace: false,
      attributes: { from: from.name, to: to.name, digest: root.digest }
    })
  )

/**
 * A name in a store. A digest is one too, but nothing can be given it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Place<out S> {
  readonly store: S
  readonly name: string
}

/**
 * The content of a name, or of the platform that is wanted of it.
 *
 * @since 0.1.0
 * @category planning
 */
export const rootOf = (
  { name, store }: Place<Source>,
  platform?: Platform.Platform
): Effect.Effect<Descriptor.Descriptor, ContentError, Hasher.Hasher> =>
  Effect.gen(function*() {
    const found = yield* store.resolve(name)
    if (platform === undefined || !MediaType.isIndex(found.mediaType)) return Descriptor.bare(found)
    const { value } = yield* ImageStore.fetchDocument(store, ImageIndex.codec, Descriptor.bare(found))
    const chosen = ImageIndex.forPlatform(value, platform)
    return Option.isSome(chosen)
      ? Descriptor.bare(chosen.value)
      : yield* new ContentNotFound({ content: `${name} for ${Platform.format(platform)}`, store: store.name })
  })

const copyNamed = (from: Place<Source>, to: Place<ImageStore.Writable>, options: Options, emit: Emit) =>
  Effect.gen(function*() {
    const root = yield* rootOf(from, options.platform)
    const made = yield* plan(from.store, root, to.store, options)
    yield* execute(from.store, to.store, made, options, emit)
    yield* completing({ from: from.store, to: to.store, options, emit }, root)(to.store.tag(root, to.name))
    yield* emit({ _tag: "Tagged", descriptor: root, name: to.name })
    return root
  }).pipe(Effect.withSpan("Copy.image", {
    captureStackTrace: false,
    attributes: { from: `${from.store.name} ${from.name}`, to: `${to.store.name} ${to.name}` }
  }))

/**
 * Copies an image, or whatever has a name, and names the copy. Interrupted or failed, it leaves whole content behind
 * and no name, and goes on from there when it is run again.
 *
 * @since 0.1.0
 * @category copying
 * @example
 * import { NodeHasher } from "@ociman/node"
 * import { Content, Copy, Descriptor, ImageManifest, ImageStore, MediaType } from "@ociman/oci"
 * import { Effect, Stream } from "effect"
 *
 * const program = Effect.gen(function*() {
 *   const here = yield* ImageStore.makeMemory
 *   const there = yield* ImageStore.makeMemory
 *
 *   const artifact = ImageManifest.artifact(MediaType.MediaType.make("application/vnd.example"))
 *   const manifest = yield* Content.make(ImageManifest.codec, artifact)
 *   yield* here.push(Descriptor.empty, Stream.make(new TextEncoder().encode("{}")))
 *   yield* ImageStore.pushDocument(here, manifest)
 *   yield* here.tag(manifest.descriptor, "v1")
 *
 *   const copied = yield* Copy.image({ store: here, name: "v1" }, { store: there, name: "v2" })
 *   assert.strictEqual(copied.digest, manifest.descriptor.digest)
 * })
 *
 * Effect.runPromise(program.pipe(Effect.provide(NodeHasher.layer)))
 */
export const image = (
  from: Place<Source>,
  to: Place<ImageStore.Writable>,
  options: Options = {}
): Effect.Effect<Descriptor.Descriptor, ContentError, Hasher.Hasher> => copyNamed(from, to, options, silent)

/**
 * Copies an image like {@link image}, and tells what happens. Who reads slowly slows the copy, and who stops reading
 * stops it.
 *
 * @since 0.1.0
 * @category copying
 */
export const watch = (
  from: Place<Source>,
  to: Place<ImageStore.Writable>,
  options: Options = {}
): Stream.Stream<Event, ContentError, Hasher.Hasher> =>
  Stream.unwrapScoped(Effect.gen(function*() {
    const events = yield* Queue.bounded<Exit.Exit<Event, Option.Option<ContentError>>>(16)
    yield* copyNamed(from, to, options, (event) => Effect.asVoid(events.offer(Exit.succeed(event)))).pipe(
      Effect.matchCauseEffect({
        onFailure: (cause) => events.offer(Exit.failCause(Cause.map(cause, Option.some))),
        onSuccess: () => events.offer(Exit.fail(Option.none()))
      }),
      Effect.forkScoped
    )
    return Stream.repeatEffectOption(Effect.flatten(events.take))
  }))

/**
 * Prints the progress of a copy to the console: what is to be copied, each tenth of it, and the digest of the copy.
 *
 * @since 0.1.0
 * @category copying
 * @example
 * import { NodeHasher } from "@ociman/node"
 * import { Copy, Descriptor, ImageStore } from "@ociman/oci"
 * import { Effect, Stream } from "effect"
 *
 * const program = Effect.gen(function*() {
 *   const here = yield* ImageStore.makeMemory
 *   const there = yield* ImageStore.makeMemory
 *   yield* here.push(Descriptor.empty, Stream.make(new TextEncoder().encode("{}")))
 *   yield* here.tag(Descriptor.empty, "v1")
 *   yield* Copy.render(Copy.watch({ store: here, name: "v1" }, { store: there, name: "v2" }))
 *   // 1 of 1 blobs to copy, 2 B
 *   // 100 %  2 B of 2 B
 *   // v2: sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a
 * })
 *
 * Effect.runPromise(program.pipe(Effect.provide(NodeHasher.layer)))
 */
export const render = <E, R>(self: Stream.Stream<Event, E, R>): Effect.Effect<void, E, R> =>
  Stream.runForEach(copyProgress.lines(self), (line) => Console.log(line))
