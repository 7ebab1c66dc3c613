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
import type * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Option from "effect/Option"
import type * as Sink from "effect/Sink"
import * as Stream from "effect/Stream"
import * as Content from "./Content.js"
import type { ContentError } from "./ContentError.js"
import type { Descriptor } from "./Descriptor.js"
import type * as Digest from "./Digest.js"
import type * as Hasher from "./Hasher.js"
import * as derivedStore from "./internal/derivedStore.js"
import * as lazyStore from "./internal/lazyStore.js"
import * as memoryStore from "./internal/memoryStore.js"
import type * as MediaType from "./MediaType.js"

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
  /** Those that are not verified, at once: of small content, for which a stream costs more than what it carries. */
  readonly fetchBytes?: (descriptor: Descriptor) => Effect.Effect<Uint8Array, ContentError>
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
  /** Stores content that is small enough to be there at once. It is not read if it need not be. */
  readonly pushBytes?: <E>(
    descriptor: Descriptor,
    bytes: Effect.Effect<Uint8Array, E>,
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
  /** All bytes of a digest whose size was just asked for, at once and not verified, if that is cheaper than a stream. */
  readonly readBytes?: (digest: Digest.Digest) => Effect.Effect<Uint8Array, ContentError>
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
  /** Stores verified bytes at once, if that is cheaper than a stream. */
  readonly writeBytes?: (digest: Digest.Digest, bytes: Uint8Array) => Effect.Effect<void, ContentError>
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

/**
 * A store from what it must be able to do.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make: (primitives: Primitives) => Effect.Effect<Store, never, Hasher.Hasher> = derivedStore.make

/**
 * A store in memory, empty at first.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeMemory: Effect.Effect<Store, never, Hasher.Hasher> = memoryStore.make

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
export const lazy: (name: string, open: Effect.Effect<Store, ContentError>) => Store = lazyStore.make

/**
 * A store without its shortcuts, for whoever puts something before what it does: all that is read of it goes through
 * `fetch`, and all that is written but not received through `push`.
 *
 * @since 0.1.0
 * @category combinators
 */
export const plain = (
  { delete: remove, exists, fetch, name, names, push, receive, referrers, resolve, tag, untag }: Store
): Store => ({ delete: remove, exists, fetch, name, names, push, receive, referrers, resolve, tag, untag })

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
