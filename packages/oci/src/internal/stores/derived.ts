/** Derives a store from the operations of a driver. */
import type { Tag } from "effect/Context"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as FastPath from "../../author/FastPath.js"
import * as Content from "../../Content.js"
import { type ContentError, ContentNotFound, isDamage, SizeMismatch, UnsupportedDigest } from "../../ContentError.js"
import type { Descriptor } from "../../Descriptor.js"
import * as Digest from "../../Digest.js"
import * as Hasher from "../../Hasher.js"
import * as MediaType from "../../MediaType.js"
import * as entries from "../documents/indexEntries.js"
import * as links from "../documents/links.js"
import { skip } from "../values/bytes.js"
import type { PartialContent, StoreDriver } from "./driver.js"
import type { Pushed, Store } from "./model.js"

interface Context {
  readonly driver: StoreDriver
  readonly hasher: Tag.Service<typeof Hasher.Hasher>
}

const computable = (descriptor: Descriptor): Effect.Effect<Digest.Digest, UnsupportedDigest> =>
  Digest.isDigest(descriptor.digest)
    ? Effect.succeed(descriptor.digest)
    : new UnsupportedDigest({ digest: descriptor.digest })

const notFound = ({ driver }: Context, content: string): ContentNotFound =>
  new ContentNotFound({ content, store: driver.name })

const traced =
  ({ driver }: Context, operation: string, attributes: Record<string, unknown>) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.withSpan(effect, `ImageStore.${operation}`, {
      captureStackTrace: false,
      attributes: { store: driver.name, ...attributes }
    })

const verify =
  ({ hasher }: Context, descriptor: Descriptor) =>
  <E>(stream: Stream.Stream<Uint8Array, E>): Stream.Stream<Uint8Array, E | Content.VerifyError> =>
    Stream.provideService(Content.verify(descriptor)(stream), Hasher.Hasher, hasher)

const fetchBy = (read: StoreDriver["read"]) => (descriptor: Descriptor): Stream.Stream<Uint8Array, ContentError> =>
  descriptor.data === undefined
    ? Stream.unwrap(Effect.map(computable(descriptor), read))
    : Stream.make(descriptor.data)

const fetchBytes = (self: Context, readBytes: NonNullable<StoreDriver["readBytes"]>) => (descriptor: Descriptor) =>
  Effect.gen(function*() {
    if (descriptor.data !== undefined) return descriptor.data
    const digest = yield* computable(descriptor)
    // Content larger than its descriptor could exhaust memory.
    const size = yield* self.driver.size(digest)
    if (Option.isNone(size)) return yield* notFound(self, digest)
    if (size.value === descriptor.size) return yield* readBytes(digest)
    return yield* new SizeMismatch({ digest, expected: descriptor.size, actual: size.value })
  })

const fetch = (self: Context) => (descriptor: Descriptor): Stream.Stream<Uint8Array, ContentError> =>
  verify(self, descriptor)(fetchBy(self.driver.read)(descriptor))

const exists = ({ driver }: Context, descriptor: Descriptor): Effect.Effect<boolean, ContentError> =>
  Digest.isDigest(descriptor.digest)
    ? Effect.map(driver.size(descriptor.digest), Option.contains(descriptor.size))
    : Effect.succeed(false)

const collectDocument = <E>(
  { hasher }: Context,
  descriptor: Descriptor,
  content: Stream.Stream<Uint8Array, E>
): Effect.Effect<Uint8Array, E | ContentError> =>
  Effect.provideService(Content.collect(content, descriptor, links.limits), Hasher.Hasher, hasher)

const readLinks = (self: Context, descriptor: Descriptor): Effect.Effect<links.Links, ContentError> =>
  Effect.flatMap(collectDocument(self, descriptor, fetch(self)(descriptor)), links.read)

const resolveDigest = Effect.fnUntraced(function*(self: Context, digest: Digest.Digest) {
  const entry = (yield* self.driver.entries).find((entry) => entry.digest === digest)
  if (entry !== undefined) return entry
  const size = yield* self.driver.size(digest)
  if (Option.isNone(size)) return yield* notFound(self, digest)
  const found = { mediaType: MediaType.ImageManifest, digest, size: size.value }
  const { mediaType } = yield* Effect.catchTag(
    readLinks(self, found),
    "InvalidDocument",
    () => notFound(self, digest)
  )
  return { ...found, mediaType }
})

const resolve = (self: Context): Store["resolve"] => (name) =>
  Effect.flatMap(self.driver.entries, (all) =>
    Option.match(entries.find(all, name), {
      onSome: (entry) => Effect.succeed(entry),
      onNone: () => Digest.isDigest(name) ? resolveDigest(self, name) : notFound(self, name)
    })).pipe(traced(self, "resolve", { reference: name }))

const pushBlob = Effect.fnUntraced(function*<E>(
  self: Context,
  descriptor: Descriptor,
  digest: Digest.Digest,
  content: Stream.Stream<Uint8Array, E>
) {
  if (yield* self.driver.keep(digest, descriptor.size)) return "Present"
  yield* self.driver.write(digest, verify(self, descriptor)(content))
  return "Pushed"
})

const pushDocument = Effect.fnUntraced(function*<E>(
  self: Context,
  descriptor: Descriptor,
  digest: Digest.Digest,
  content: Stream.Stream<Uint8Array, E>
) {
  const { driver } = self
  const present = yield* driver.keep(digest, descriptor.size)
  const source: Stream.Stream<Uint8Array, E | ContentError> = present ? fetch(self)(descriptor) : content
  const bytes = yield* collectDocument(self, descriptor, source)
  const { manifests } = yield* links.read(bytes)
  if (!present) yield* driver.write(digest, Stream.make(bytes))
  yield* driver.updateEntries((all) => entries.list(all, descriptor, manifests))
  return present ? "Present" : "Pushed"
})

const push = (self: Context): Store["push"] => <E>(descriptor: Descriptor, content: Stream.Stream<Uint8Array, E>) => {
  const pushed: Effect.Effect<Pushed, E | ContentError> = Effect.flatMap(
    computable(descriptor),
    (digest) =>
      links.isDocument(descriptor.mediaType)
        ? pushDocument(self, descriptor, digest, content)
        : pushBlob(self, descriptor, digest, content)
  )
  return traced(self, "push", { digest: descriptor.digest })(pushed)
}

const pushBytes =
  (self: Context, writeBytes: NonNullable<StoreDriver["writeBytes"]>): NonNullable<FastPath.PushPaths["bytes"]> =>
  <E>(descriptor: Descriptor, content: Effect.Effect<Uint8Array, E>) => {
    if (links.isDocument(descriptor.mediaType)) return push(self)(descriptor, Stream.fromEffect(content))
    const pushed: Effect.Effect<Pushed, E | ContentError> = Effect.gen(function*() {
      const digest = yield* computable(descriptor)
      if (yield* self.driver.keep(digest, descriptor.size)) return "Present"
      const bytes = yield* content
      yield* Effect.provideService(Content.verifyBytes(descriptor, bytes), Hasher.Hasher, self.hasher)
      yield* writeBytes(digest, bytes)
      return "Pushed"
    })
    return traced(self, "push", { digest: descriptor.digest })(pushed)
  }

const resume =
  (self: Context, append: NonNullable<StoreDriver["append"]>): NonNullable<FastPath.PushPaths["resume"]> =>
  <E>(descriptor: Descriptor, content: (offset: number) => Stream.Stream<Uint8Array, E>) => {
    let offset = 0
    const whole = ({ bytes, size }: PartialContent): Stream.Stream<Uint8Array, E | ContentError> => {
      offset = size
      const rest = size < descriptor.size ? content(size) : Stream.empty
      return Stream.concat<Uint8Array, E | ContentError, never, Uint8Array, E, never>(bytes, rest)
    }
    const pushed: Effect.Effect<Pushed, E | ContentError> = Effect.gen(function*() {
      const digest = yield* computable(descriptor)
      if (yield* self.driver.keep(digest, descriptor.size)) return "Present"
      yield* append(digest, (kept) => skip(kept.size)(verify(self, descriptor)(whole(kept)))).pipe(
        // The damage may be in the kept bytes, which the driver has now removed.
        Effect.retry({ times: 1, while: (error) => offset > 0 && isDamage(error) })
      )
      return "Pushed"
    })
    return traced(self, "resume", { digest: descriptor.digest })(pushed)
  }

const receive = (self: Context): Store["receive"] => (produce) =>
  self.driver.receive((sink) =>
    Effect.flatMap(
      produce(sink),
      ([descriptor, result]) =>
        Effect.map(computable(descriptor), (digest) => [digest, descriptor.size, result] as const)
    )
  ).pipe(traced(self, "receive", {}))

const requireContent = (self: Context, descriptor: Descriptor) =>
  Effect.filterOrFail(exists(self, descriptor), (there) => there, () => notFound(self, descriptor.digest))

const tag = (self: Context): Store["tag"] => (descriptor, name) =>
  requireContent(self, descriptor).pipe(
    Effect.zipRight(self.driver.updateEntries((all) => entries.tag(all, descriptor, name))),
    traced(self, "tag", { digest: descriptor.digest, reference: name })
  )

const untag = (self: Context): Store["untag"] => (name) =>
  self.driver.entries.pipe(
    Effect.flatMap((all) => Option.isSome(entries.find(all, name)) ? Effect.void : notFound(self, name)),
    Effect.zipRight(self.driver.updateEntries((all) => entries.untag(all, name))),
    traced(self, "untag", { reference: name })
  )

const remove = (self: Context): Store["delete"] => (descriptor) =>
  requireContent(self, descriptor).pipe(
    Effect.zipRight(computable(descriptor)),
    Effect.tap(self.driver.updateEntries((all) => entries.remove(all, descriptor.digest))),
    Effect.flatMap(self.driver.remove),
    traced(self, "delete", { digest: descriptor.digest })
  )

/** All reachable manifests and indexes. Documents that do not exist are skipped. */
const documents = Effect.fnUntraced(function*(self: Context) {
  const seen = new Map<string, readonly [Descriptor, links.Links]>()
  const pending = Array.from(yield* self.driver.entries)
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    if (seen.has(next.digest) || !links.isDocument(next.mediaType) || !(yield* exists(self, next))) continue
    const read = yield* readLinks(self, next)
    seen.set(next.digest, [next, read])
    for (const child of read.manifests) pending.push(child)
  }
  return [...seen.values()]
})

const referrers = (self: Context): Store["referrers"] => (subject, options) =>
  Stream.unwrap(
    Effect.map(documents(self), (all) =>
      Stream.fromIterable(all.flatMap(([{ digest, mediaType, size }, { annotations, artifactType, ...read }]) => {
        const type = Option.getOrUndefined(artifactType)
        const refers = Option.exists(read.subject, (_) =>
          _.digest === subject.digest)
        if (!refers || (options?.artifactType !== undefined && options.artifactType !== type)) {
          return []
        }
        return [{
          mediaType,
          digest,
          size,
          ...(type === undefined ? {} : { artifactType: type }),
          ...(annotations === undefined ? {} : { annotations })
        }]
      })))
  )

export const make = (driver: StoreDriver): Effect.Effect<Store, never, Hasher.Hasher> =>
  Effect.map(Hasher.Hasher, (hasher) => {
    const self: Context = { driver, hasher }
    const { append, consumesBuffers, entries: listed, name, read, readBytes, readReused, writeBytes } = driver
    return {
      name,
      fetch: FastPath.attachFetch(fetch(self), {
        unverified: fetchBy(read),
        reused: readReused && fetchBy(readReused),
        bytes: readBytes && fetchBytes(self, readBytes)
      }),
      exists: (descriptor) => exists(self, descriptor),
      resolve: resolve(self),
      push: FastPath.attachPush(push(self), {
        consumesBuffers,
        bytes: writeBytes && pushBytes(self, writeBytes),
        resume: append && resume(self, append)
      }),
      receive: receive(self),
      tag: tag(self),
      untag: untag(self),
      delete: remove(self),
      names: Stream.unwrap(Effect.map(listed, (all) => Stream.fromIterable(entries.names(all)))),
      referrers: referrers(self)
    }
  })
