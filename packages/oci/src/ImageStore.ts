/**
 * Stores of content, by what they can do. A directory, memory and a repository of a registry all are one; whoever
 * takes a store asks for no more than is needed, as `Copy` reads from any {@link Readable} and writes to any
 * {@link Writable}.
 *
 * A store is addressed by descriptors. What comes out of it and what goes into it is verified as it passes, in size
 * and digest, and never held in memory but for manifests and indexes.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import * as Sink from "effect/Sink"
import * as Stream from "effect/Stream"
import * as Content from "./Content.js"
import { type ContentError, ContentNotFound, isDamage, SizeMismatch, UnsupportedDigest } from "./ContentError.js"
import type { Descriptor } from "./Descriptor.js"
import * as Digest from "./Digest.js"
import * as Hasher from "./Hasher.js"
import { collect, concat, skip } from "./internal/bytes.js"
import * as entries from "./internal/entries.js"
import * as links from "./internal/links.js"
import * as MediaType from "./MediaType.js"

/**
 * A store to read from.
 *
 * @since 0.1.0
 * @category models
 */
export interface Readable {
  /** What people call it. */
  readonly name: string
  /**
   * The bytes of content. Not before their end is it known whether they are what the descriptor says: the stream then
   * fails if they are not.
   */
  readonly fetch: (descriptor: Descriptor) => Stream.Stream<Uint8Array, ContentError>
  /** The same bytes without a look at what they are, for whoever hands them to something that verifies them. */
  readonly fetchUnverified?: (descriptor: Descriptor) => Stream.Stream<Uint8Array, ContentError>
  /**
   * Those that are not verified, in pieces whose memory is used again as soon as the next one is asked for. For whoever
   * is done with each piece by then, as a {@link Writable} that says so.
   */
  readonly fetchReused?: (descriptor: Descriptor) => Stream.Stream<Uint8Array, ContentError>
  /** The same bytes from an offset on, for whoever has those before it. */
  readonly fetchFrom?: (descriptor: Descriptor, offset: number) => Stream.Stream<Uint8Array, ContentError>
  /** Whether there is content of that digest and size. */
  readonly exists: (descriptor: Descriptor) => Effect.Effect<boolean, ContentError>
  /** What has a name, or what manifest or index has a digest. */
  readonly resolve: (name: string) => Effect.Effect<Descriptor, ContentError>
}

/**
 * A store that says what it has.
 *
 * @since 0.1.0
 * @category models
 */
export interface Listable {
  /** All names, each once. */
  readonly names: Stream.Stream<string, ContentError>
  /** The manifests and indexes whose subject the descriptor is, with the type of each artifact and its annotations. */
  readonly referrers: (
    subject: Descriptor,
    options?: { readonly artifactType?: MediaType.MediaType | undefined }
  ) => Stream.Stream<Descriptor, ContentError>
}

/**
 * Whether content was pushed, or was not read from its source: it was there already, or the store took it over from the
 * other one by itself.
 *
 * @since 0.1.0
 * @category models
 */
export type Pushed = "Pushed" | "Present" | "Mounted"

/**
 * @since 0.1.0
 * @category models
 */
export interface PushOptions {
  /** The store that the content comes from, if it is from one. Default: none. */
  readonly from?: Readable | undefined
}

/**
 * A store to write to.
 *
 * @since 0.1.0
 * @category models
 */
export interface Writable {
  /** What people call it. */
  readonly name: string
  /** Whether there is content of that digest and size. */
  readonly exists: (descriptor: Descriptor) => Effect.Effect<boolean, ContentError>
  /**
   * Stores content, whole and verified or not at all. What is there already is not read again. Push what a manifest
   * points to before the manifest.
   */
  readonly push: <E>(
    descriptor: Descriptor,
    content: Stream.Stream<Uint8Array, E>,
    options?: PushOptions
  ) => Effect.Effect<Pushed, E | ContentError>
  /** Whether `push` is done with each piece of what is no manifest and no index before it asks for the next one. */
  readonly writesAtOnce?: boolean
  /**
   * Stores content that is expensive to come by. What arrives before it fails, or before the process is killed, is
   * kept for a while, and the content is then asked for what comes after it.
   */
  readonly resume?: <E>(
    descriptor: Descriptor,
    content: (offset: number) => Stream.Stream<Uint8Array, E>
  ) => Effect.Effect<Pushed, E | ContentError>
  /** Names a manifest or an index that is there. What had the name loses it and nothing else. */
  readonly tag: (descriptor: Descriptor, name: string) => Effect.Effect<void, ContentError>
}

/**
 * A store to write content to while it is being made.
 *
 * @since 0.1.0
 * @category models
 */
export interface Receiving {
  /**
   * Stores what `produce` runs into the sink, under the digest that it then tells. That digest is not computed again,
   * unlike that of what is pushed.
   */
  readonly receive: <A, E, R>(
    produce: (
      sink: Sink.Sink<void, Uint8Array, never, ContentError>
    ) => Effect.Effect<readonly [descriptor: Descriptor, result: A], E, R>
  ) => Effect.Effect<A, E | ContentError, R>
}

/**
 * A store to delete from.
 *
 * @since 0.1.0
 * @category models
 */
export interface Deletable {
  /** Takes a name away and leaves what had it. */
  readonly untag: (name: string) => Effect.Effect<void, ContentError>
  /** Deletes content with all names that it has. What it points to stays. */
  readonly delete: (descriptor: Descriptor) => Effect.Effect<void, ContentError>
}

/**
 * A store that can do everything.
 *
 * @since 0.1.0
 * @category models
 */
export interface Store extends Readable, Listable, Writable, Receiving, Deletable {}

/**
 * The store of a program that has one.
 *
 * @since 0.1.0
 * @category tags
 */
export class ImageStore extends Context.Tag("@ociman/oci/ImageStore")<ImageStore, Store>() {}

/**
 * The beginning of content that was not received to its end.
 *
 * @since 0.1.0
 * @category models
 */
export interface Kept {
  readonly size: number
  readonly bytes: Stream.Stream<Uint8Array, ContentError>
}

/**
 * What a store must be able to do; the rest is derived by {@link make}.
 *
 * @since 0.1.0
 * @category models
 */
export interface Primitives {
  /** What people call it. */
  readonly name: string
  /** The bytes of a digest, not verified. */
  readonly read: (digest: Digest.Digest) => Stream.Stream<Uint8Array, ContentError>
  /** The same bytes as those of `fetchReused`, if there is a way to have them. */
  readonly readReused?: (digest: Digest.Digest) => Stream.Stream<Uint8Array, ContentError>
  /** How many bytes there are of a digest, if there are any. */
  readonly size: (digest: Digest.Digest) => Effect.Effect<Option.Option<number>, ContentError>
  /**
   * Whether there is content of the digest and the size, and it will be for a while even if nothing points to it yet.
   */
  readonly keep: (digest: Digest.Digest, size: number) => Effect.Effect<boolean, ContentError>
  /** Stores bytes, at once and not before the stream ended well. The stream is verified. */
  readonly write: <E>(
    digest: Digest.Digest,
    content: Stream.Stream<Uint8Array, E>
  ) => Effect.Effect<void, E | ContentError>
  /** Whether `write` is done with each piece before it asks for the next one. */
  readonly writesAtOnce?: boolean
  /**
   * Stores bytes like `write`, and keeps those that came before the stream failed. The stream is told what is kept of
   * an earlier one, gives what comes after it, and is verified as a whole.
   */
  readonly append?: <E>(
    digest: Digest.Digest,
    content: (kept: Kept) => Stream.Stream<Uint8Array, E>
  ) => Effect.Effect<void, E | ContentError>
  /** Stores what is run into the sink, once its digest is known. */
  readonly receive: <A, E, R>(
    produce: (
      sink: Sink.Sink<void, Uint8Array, never, ContentError>
    ) => Effect.Effect<readonly [digest: Digest.Digest, size: number, result: A], E, R>
  ) => Effect.Effect<A, E | ContentError, R>
  readonly remove: (digest: Digest.Digest) => Effect.Effect<void, ContentError>
  /** The manifests and indexes that are not part of an index, with the names they have. */
  readonly entries: Effect.Effect<ReadonlyArray<Descriptor>, ContentError>
  /** Changes the entries, no matter who else does so at the same time. */
  readonly updateEntries: (
    f: (entries: ReadonlyArray<Descriptor>) => ReadonlyArray<Descriptor>
  ) => Effect.Effect<void, ContentError>
}

const computable = (descriptor: Descriptor): Effect.Effect<Digest.Digest, UnsupportedDigest> =>
  Digest.isDigest(descriptor.digest)
    ? Effect.succeed(descriptor.digest)
    : new UnsupportedDigest({ digest: descriptor.digest })

/**
 * A store from what it must be able to do.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (primitives: Primitives): Effect.Effect<Store, never, Hasher.Hasher> =>
  Effect.map(Hasher.Hasher, (hasher) => {
    const { name } = primitives

    const verify = (descriptor: Descriptor) => <E>(stream: Stream.Stream<Uint8Array, E>) =>
      Stream.provideService(Content.verify(descriptor)(stream), Hasher.Hasher, hasher)

    const notFound = (name: string) => new ContentNotFound({ name, store: primitives.name })

    const traced = <A, E, R>(
      effect: Effect.Effect<A, E, R>,
      operation: string,
      attributes: Record<string, unknown>
    ): Effect.Effect<A, E, R> =>
      Effect.withSpan(effect, `ImageStore.${operation}`, {
        captureStackTrace: false,
        attributes: { store: name, ...attributes }
      })

    const fetchBy = (read: Primitives["read"]) => (descriptor: Descriptor): Stream.Stream<Uint8Array, ContentError> =>
      descriptor.data === undefined
        ? Stream.unwrap(Effect.map(computable(descriptor), read))
        : Stream.make(descriptor.data)

    const fetchUnverified = fetchBy(primitives.read)

    const fetch: Store["fetch"] = (descriptor) => verify(descriptor)(fetchUnverified(descriptor))

    const exists: Store["exists"] = (descriptor) =>
      Digest.isDigest(descriptor.digest)
        ? Effect.map(primitives.size(descriptor.digest), Option.contains(descriptor.size))
        : Effect.succeed(false)

    const document = (descriptor: Descriptor) =>
      fetch(descriptor).pipe(
        Content.collect(descriptor, links.limits),
        Effect.provideService(Hasher.Hasher, hasher),
        Effect.flatMap(links.read)
      )

    const byDigest = Effect.fnUntraced(function*(digest: Digest.Digest) {
      const entry = (yield* primitives.entries).find((entry) => entry.digest === digest)
      if (entry !== undefined) return entry
      const size = yield* primitives.size(digest)
      if (Option.isNone(size)) return yield* notFound(digest)
      const found = { mediaType: MediaType.ImageManifest, digest, size: size.value }
      const { mediaType } = yield* Effect.catchTag(document(found), "InvalidDocument", () => notFound(digest))
      return { ...found, mediaType }
    })

    const resolve: Store["resolve"] = (name) =>
      Effect.flatMap(primitives.entries, (all) =>
        Option.match(entries.find(all, name), {
          onSome: (entry) => Effect.succeed(entry),
          onNone: () => Digest.isDigest(name) ? byDigest(name) : notFound(name)
        })).pipe((_) => traced(_, "resolve", { reference: name }))

    const pushBlob = Effect.fnUntraced(function*<E>(
      descriptor: Descriptor,
      digest: Digest.Digest,
      content: Stream.Stream<Uint8Array, E>
    ) {
      if (yield* primitives.keep(digest, descriptor.size)) return "Present"
      yield* primitives.write(digest, verify(descriptor)(content))
      return "Pushed"
    })

    const pushDocument = Effect.fnUntraced(function*<E>(
      descriptor: Descriptor,
      digest: Digest.Digest,
      content: Stream.Stream<Uint8Array, E>
    ) {
      const present = yield* primitives.keep(digest, descriptor.size)
      const source: Stream.Stream<Uint8Array, E | ContentError> = present ? fetch(descriptor) : content
      const bytes = yield* Effect.provideService(
        Content.collect(source, descriptor, links.limits),
        Hasher.Hasher,
        hasher
      )
      const { manifests } = yield* links.read(bytes)
      if (!present) yield* primitives.write(digest, Stream.make(bytes))
      yield* primitives.updateEntries((all) => entries.list(all, descriptor, manifests))
      return present ? "Present" : "Pushed"
    })

    const push: Store["push"] = <E>(descriptor: Descriptor, content: Stream.Stream<Uint8Array, E>) => {
      const pushed: Effect.Effect<Pushed, E | ContentError> = Effect.flatMap(
        computable(descriptor),
        (digest) =>
          links.isDocument(descriptor.mediaType)
            ? pushDocument(descriptor, digest, content)
            : pushBlob(descriptor, digest, content)
      )
      return traced(pushed, "push", { digest: descriptor.digest })
    }

    const resumeWith =
      (append: NonNullable<Primitives["append"]>): NonNullable<Store["resume"]> =>
      <E>(descriptor: Descriptor, content: (offset: number) => Stream.Stream<Uint8Array, E>) => {
        let offset = 0
        const whole = ({ bytes, size }: Kept): Stream.Stream<Uint8Array, E | ContentError> => {
          offset = size
          const rest = size < descriptor.size ? content(size) : Stream.empty
          return Stream.concat<Uint8Array, E | ContentError, never, Uint8Array, E, never>(bytes, rest)
        }
        return Effect.gen(function*() {
          const digest = yield* computable(descriptor)
          if (yield* primitives.keep(digest, descriptor.size)) return "Present"
          yield* append(digest, (kept) => skip(kept.size)(verify(descriptor)(whole(kept)))).pipe(
            // What was kept may be what is damaged.
            Effect.retry({ times: 1, while: (error) => offset > 0 && isDamage(error) })
          )
          return "Pushed"
        }).pipe((_) => traced(_, "resume", { digest: descriptor.digest }))
      }

    const receive: Store["receive"] = (produce) =>
      primitives.receive((sink) =>
        Effect.flatMap(
          produce(sink),
          ([descriptor, result]) =>
            Effect.map(computable(descriptor), (digest) => [digest, descriptor.size, result] as const)
        )
      ).pipe((_) => traced(_, "receive", {}))

    const tag: Store["tag"] = (descriptor, name) =>
      exists(descriptor).pipe(
        Effect.filterOrFail((there) => there, () => notFound(descriptor.digest)),
        Effect.zipRight(primitives.updateEntries((all) => entries.tag(all, descriptor, name))),
        (_) => traced(_, "tag", { digest: descriptor.digest, reference: name })
      )

    const untag: Store["untag"] = (name) =>
      primitives.entries.pipe(
        Effect.flatMap((all) => Option.isSome(entries.find(all, name)) ? Effect.void : notFound(name)),
        Effect.zipRight(primitives.updateEntries((all) => entries.untag(all, name))),
        (_) => traced(_, "untag", { reference: name })
      )

    const remove: Store["delete"] = (descriptor) =>
      exists(descriptor).pipe(
        Effect.filterOrFail((there) => there, () => notFound(descriptor.digest)),
        Effect.zipRight(computable(descriptor)),
        Effect.tap(primitives.updateEntries((all) => entries.remove(all, descriptor.digest))),
        Effect.flatMap(primitives.remove),
        (_) => traced(_, "delete", { digest: descriptor.digest })
      )

    /** All manifests and indexes that can be reached; what cannot be read has no subject either. */
    const documents = Effect.fnUntraced(function*() {
      const seen = new Map<string, readonly [Descriptor, links.Links]>()
      const pending = Array.from(yield* primitives.entries)
      for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
        if (seen.has(next.digest) || !links.isDocument(next.mediaType) || !(yield* exists(next))) continue
        const read = yield* document(next)
        seen.set(next.digest, [next, read])
        for (const child of read.manifests) pending.push(child)
      }
      return [...seen.values()]
    })

    const referrers: Store["referrers"] = (subject, options) =>
      Stream.unwrap(
        Effect.map(documents(), (all) =>
          Stream.fromIterable(all.flatMap(([{ digest, mediaType, size }, { annotations, artifactType, ...read }]) => {
            const type = Option.getOrUndefined(artifactType)
            return Option.exists(read.subject, (_) =>
                _.digest === subject.digest) &&
                (options?.artifactType === undefined || options.artifactType === type)
              ? [{
                mediaType,
                digest,
                size,
                ...(type === undefined ? {} : { artifactType: type }),
                ...(annotations === undefined ? {} : { annotations })
              }]
              : []
          })))
      )

    return {
      name,
      fetch,
      fetchUnverified,
      ...(primitives.readReused === undefined ? {} : { fetchReused: fetchBy(primitives.readReused) }),
      writesAtOnce: primitives.writesAtOnce ?? false,
      exists,
      resolve,
      push,
      ...(primitives.append === undefined ? {} : { resume: resumeWith(primitives.append) }),
      receive,
      tag,
      untag,
      delete: remove,
      names: Stream.unwrap(Effect.map(primitives.entries, (all) => Stream.fromIterable(entries.names(all)))),
      referrers
    }
  })

/**
 * A store in memory, empty at first.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeMemory: Effect.Effect<Store, never, Hasher.Hasher> = Effect.gen(function*() {
  const name = "memory"
  const blobs = new Map<string, Uint8Array>()
  const listed = yield* Ref.make<ReadonlyArray<Descriptor>>([])
  return yield* make({
    name,
    read: (digest) =>
      Stream.suspend(() => {
        const bytes = blobs.get(digest)
        return bytes === undefined
          ? Stream.fail(new ContentNotFound({ name: digest, store: name }))
          : Stream.make(bytes)
      }),
    size: (digest) => Effect.sync(() => Option.map(Option.fromNullable(blobs.get(digest)), (bytes) => bytes.length)),
    keep: (digest, size) => Effect.sync(() => blobs.get(digest)?.length === size),
    write: (digest, content) =>
      Effect.map(collect(content), (bytes) => {
        blobs.set(digest, bytes)
      }),
    receive: (produce) =>
      Effect.gen(function*() {
        const parts: Array<Uint8Array> = []
        // Whoever makes the bytes may use their memory again.
        const sink = Sink.forEach((bytes: Uint8Array) => Effect.sync(() => parts.push(bytes.slice())))
        const [digest, size, result] = yield* produce(sink)
        const bytes = concat(parts)
        if (bytes.length !== size) return yield* new SizeMismatch({ digest, expected: size, actual: bytes.length })
        blobs.set(digest, bytes)
        return result
      }),
    remove: (digest) => Effect.sync(() => blobs.delete(digest)),
    entries: Ref.get(listed),
    updateEntries: (f) => Ref.update(listed, f)
  })
})

/**
 * A store in memory, empty at first.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerMemory: Layer.Layer<ImageStore, never, Hasher.Hasher> = Layer.effect(ImageStore, makeMemory)

/**
 * A store that is opened when it is used for the first time. What could not be opened is tried again the next time.
 *
 * @since 0.1.0
 * @category constructors
 */
export const lazy = (name: string, open: Effect.Effect<Store, ContentError>): Store => {
  const turn = Effect.unsafeMakeSemaphore(1)
  let opened: Store | undefined
  const store = Effect.suspend(() =>
    opened === undefined
      ? Effect.tap(open, (store) =>
        Effect.sync(() => {
          opened = store
        }))
      : Effect.succeed(opened)
  ).pipe(turn.withPermits(1))
  const read = (f: (store: Store) => Stream.Stream<Uint8Array, ContentError>) => Stream.unwrap(Effect.map(store, f))
  return {
    name,
    fetch: (descriptor) => read((_) => _.fetch(descriptor)),
    fetchUnverified: (descriptor) => read(({ fetch, fetchUnverified = fetch }) => fetchUnverified(descriptor)),
    exists: (descriptor) => Effect.flatMap(store, (_) => _.exists(descriptor)),
    resolve: (name) => Effect.flatMap(store, (_) => _.resolve(name)),
    names: Stream.unwrap(Effect.map(store, (_) => _.names)),
    referrers: (subject, options) => Stream.unwrap(Effect.map(store, (_) => _.referrers(subject, options))),
    push: <E>(descriptor: Descriptor, content: Stream.Stream<Uint8Array, E>, options?: PushOptions) =>
      Effect.flatMap(store, (_): Effect.Effect<Pushed, E | ContentError> => _.push(descriptor, content, options)),
    resume: <E>(descriptor: Descriptor, content: (offset: number) => Stream.Stream<Uint8Array, E>) =>
      Effect.flatMap(
        store,
        (_): Effect.Effect<Pushed, E | ContentError> =>
          _.resume === undefined ? _.push(descriptor, content(0)) : _.resume(descriptor, content)
      ),
    receive: (produce) => Effect.flatMap(store, (_) => _.receive(produce)),
    tag: (descriptor, name) => Effect.flatMap(store, (_) => _.tag(descriptor, name)),
    untag: (name) => Effect.flatMap(store, (_) => _.untag(name)),
    delete: (descriptor) => Effect.flatMap(store, (_) => _.delete(descriptor))
  }
}

/**
 * Reads a document from a store.
 *
 * @since 0.1.0
 * @category combinators
 */
export const fetchDocument = <A>(
  store: Readable,
  codec: Content.Codec<A>,
  descriptor: Descriptor
): Effect.Effect<Content.Content<A>, ContentError, Hasher.Hasher> =>
  Content.fromStream(codec, descriptor, store.fetch(descriptor))

/**
 * Stores a document.
 *
 * @since 0.1.0
 * @category combinators
 */
export const pushDocument = <A>(
  store: Writable,
  content: Content.Content<A>
): Effect.Effect<Pushed, ContentError> => store.push(content.descriptor, Stream.make(content.bytes))
