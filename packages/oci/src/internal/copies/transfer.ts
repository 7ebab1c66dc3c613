/** Copies content according to a plan. */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as FastPath from "../../author/FastPath.js"
import type { ContentError } from "../../ContentError.js"
import type * as Descriptor from "../../Descriptor.js"
import type * as Hasher from "../../Hasher.js"
import * as links from "../documents/links.js"
import type { Pushed, Pusher } from "../stores/model.js"
import type { Event, Options, Plan, Source, Step } from "./model.js"
import { concurrencyOf, readLinks, stepFor } from "./planning.js"

export type Emit = (event: Event) => Effect.Effect<void>

export const silent: Emit = () => Effect.void

/** Content below this size is held in memory; restarting its transfer costs no more than resuming it. */
const large = 1024 * 1024

interface Context {
  readonly from: Source
  readonly to: Pusher
  readonly options: Options
  readonly emit: Emit
}

/** Runs an operation on a document. If the target reports missing children, copies them and retries once. */
export const completing = (self: Context, descriptor: Descriptor.Descriptor) => {
  const pushed = Effect.gen(function*() {
    const { blobs, manifests } = yield* readLinks(self.from, descriptor)
    const steps = yield* Effect.forEach([...blobs, ...manifests], (child) => stepFor(self.to, child, self.options))
    yield* Effect.forEach(steps, (step) => perform(self, step), {
      concurrency: concurrencyOf(self.options),
      discard: true
    })
  })
  return <A>(document: Effect.Effect<A, ContentError>): Effect.Effect<A, ContentError, Hasher.Hasher> =>
    Effect.catchIf(
      document,
      (error) => error._tag === "StoreFailed" && error.reason === "Incomplete",
      () => Effect.zipRight(pushed, document)
    )
}

const withProgress = (
  { emit }: Context,
  descriptor: Descriptor.Descriptor,
  content: Stream.Stream<Uint8Array, ContentError>,
  offset = 0
): Stream.Stream<Uint8Array, ContentError> =>
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

/**
 * Pushes content by the fastest path that both stores have. The target verifies the bytes. Content present at planning
 * time is pushed too: the store checks that it still exists and protects it from garbage collection.
 */
const pushContent = (self: Context, descriptor: Descriptor.Descriptor): Effect.Effect<Pushed, ContentError> => {
  const { emit, from, to } = self
  const source = FastPath.ofFetch(from)
  const target = FastPath.ofPush(to)
  const unverified = source.unverified ?? from.fetch
  if (links.isDocument(descriptor.mediaType)) {
    return to.push(descriptor, withProgress(self, descriptor, unverified(descriptor)), { from })
  }
  const { bytes: fetchBytes, from: fetchFrom } = source
  if (descriptor.size >= large && fetchFrom !== undefined && target.resume !== undefined) {
    return target.resume(descriptor, (offset) => withProgress(self, descriptor, fetchFrom(descriptor, offset), offset))
  }
  if (descriptor.size < large && fetchBytes !== undefined && target.bytes !== undefined) {
    const bytes = Effect.zipRight(emit({ _tag: "Started", descriptor }), fetchBytes(descriptor))
    const advanced = emit({ _tag: "Advanced", descriptor, bytes: descriptor.size })
    return target.bytes(descriptor, Effect.tap(bytes, advanced), { from })
  }
  const fetch = target.consumesBuffers === true ? source.reused ?? unverified : unverified
  return to.push(descriptor, withProgress(self, descriptor, fetch(descriptor)), { from })
}

const perform = (
  self: Context,
  { action, descriptor }: Step
): Effect.Effect<void, ContentError, Hasher.Hasher> => {
  const { emit } = self
  if (action === "Nondistributable") return emit({ _tag: "Skipped", descriptor, reason: action, bytes: 0 })
  const pushing = pushContent(self, descriptor)
  return Effect.flatMap(
    links.isDocument(descriptor.mediaType) ? completing(self, descriptor)(pushing) : pushing,
    (pushed) =>
      emit(
        pushed === "Pushed"
          ? { _tag: "Copied", descriptor }
          : { _tag: "Skipped", descriptor, reason: pushed, bytes: action === "Copy" ? descriptor.size : 0 }
      )
  )
}

/** Performs the steps of a plan. */
export const execute = (
  from: Source,
  to: Pusher,
  plan: Plan,
  options: Options,
  emit: Emit
): Effect.Effect<void, ContentError, Hasher.Hasher> =>
  Effect.zipRight(
    emit({ _tag: "Planned", plan }),
    Effect.forEach(plan.groups, (group) =>
      Effect.forEach(group, (step) => perform({ from, to, options, emit }, step), {
        concurrency: concurrencyOf(options),
        discard: true
      }), {
      discard: true
    })
  )
