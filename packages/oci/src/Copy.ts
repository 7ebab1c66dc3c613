/**
 * Copies images between any two stores, byte for byte: digests stay the same through any number of copies.
 *
 * Children are copied before parents, each blob once, several at a time, and only if missing in the target. {@link
 * plan} computes the steps without copying; {@link watch} reports progress.
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
import { type ContentError, ContentNotFound } from "./ContentError.js"
import * as Descriptor from "./Descriptor.js"
import type * as Hasher from "./Hasher.js"
import * as ImageIndex from "./ImageIndex.js"
import * as ImageStore from "./ImageStore.js"
import type { Event, Options, Plan, Source } from "./internal/copies/model.js"
import * as planning from "./internal/copies/planning.js"
import * as copyProgress from "./internal/copies/progress.js"
import { completing, type Emit, execute, silent } from "./internal/copies/transfer.js"
import * as MediaType from "./MediaType.js"
import * as Platform from "./Platform.js"

export type {
  /**
   * Progress event of a copy. `bytes` of `Advanced` is the number of bytes received so far for the descriptor. `bytes` of
   * `Skipped` is the part of `plan.bytes` that turned out to be unnecessary: the size of the content, or 0 if the plan
   * did not count it. All of `plan.bytes` are thus accounted for at the end.
   *
   * @since 0.1.0
   * @category models
   */
  Event,
  /**
   * Options of a copy.
   *
   * @since 0.1.0
   * @category models
   */
  Options,
  /**
   * Steps of a copy.
   *
   * @since 0.1.0
   * @category models
   */
  Plan,
  /**
   * Store to copy from. Listing is needed only for referrers.
   *
   * @since 0.1.0
   * @category models
   */
  Source,
  /**
   * Planned action for one blob or document: `Copy`, `Present` (already in the target) or `Nondistributable`.
   *
   * @since 0.1.0
   * @category models
   */
  Step
} from "./internal/copies/model.js"

export {
  /**
   * Default limits on graphs.
   *
   * @since 0.1.0
   * @category constants
   */
  defaultGraphLimits,
  /**
   * Limits on the manifests, indexes and referrers of one graph, for example of a copied image.
   *
   * @since 0.1.0
   * @category models
   */
  type GraphLimits
} from "./internal/layers/limits.js"

/**
 * Plans the copy of a graph to another store.
 *
 * @since 0.1.0
 * @category planning
 */
export const plan: (
  from: Source,
  root: Descriptor.Descriptor,
  to: ImageStore.Pusher,
  options?: Options
) => Effect.Effect<Plan, ContentError, Hasher.Hasher> = planning.plan

/**
 * Copies everything that a descriptor refers to, without a name.
 *
 * @since 0.1.0
 * @category copying
 */
export const graph = (
  from: Source,
  root: Descriptor.Descriptor,
  to: ImageStore.Pusher,
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
 * Name in a store. A digest is a valid name of a source, but not of a target.
 *
 * @since 0.1.0
 * @category models
 */
export interface Place<out S> {
  readonly store: S
  readonly name: string
}

/**
 * Resolves a name to the descriptor of its content, or of the manifest for a platform.
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
 * Copies an image, or any other named content, and tags the copy. After a failure or interruption the target has
 * complete blobs and no name; the next run continues from there.
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
 * Copies an image like {@link image} and reports progress. A slow consumer slows the copy; the copy stops with its
 * consumer.
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
 * Prints the progress of a copy to the console: the number of blobs, every tenth of the bytes, and the digest of the
 * copy.
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
