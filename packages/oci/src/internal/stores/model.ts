/** Capabilities of stores. `ImageStore` exports and documents them. */
import type * as Effect from "effect/Effect"
import type * as Sink from "effect/Sink"
import type * as Stream from "effect/Stream"
import type { ContentError } from "../../ContentError.js"
import type { Descriptor } from "../../Descriptor.js"
import type * as MediaType from "../../MediaType.js"

/** Reads content. */
export interface Fetcher {
  /** Display name of the store. */
  readonly name: string
  /**
   * Streams content and verifies it. The stream fails at its end, or at the first excess byte, if the content does not
   * match the descriptor.
   */
  readonly fetch: (descriptor: Descriptor) => Stream.Stream<Uint8Array, ContentError>
  /** Reports whether the store has content of the digest and size. */
  readonly exists: (descriptor: Descriptor) => Effect.Effect<boolean, ContentError>
}

/** Resolves names. */
export interface Resolver {
  /** Resolves a name, or the digest of a manifest or index, to a descriptor. */
  readonly resolve: (name: string) => Effect.Effect<Descriptor, ContentError>
}

/** A store to read from. */
export interface Readable extends Fetcher, Resolver {}

/** Lists names and referrers. */
export interface Lister {
  /** All names, each once. */
  readonly names: Stream.Stream<string, ContentError>
  /** Manifests and indexes with this subject. The descriptors have the artifact type and the annotations. */
  readonly referrers: (
    subject: Descriptor,
    options?: { readonly artifactType?: MediaType.MediaType | undefined }
  ) => Stream.Stream<Descriptor, ContentError>
}

/** Result of a push. */
export type Pushed = "Pushed" | "Present" | "Mounted"

/** Options of a push. */
export interface PushOptions {
  /** Source store of the content. Registries can mount blobs from another repository. Default: none. */
  readonly from?: Readable | undefined
}

/** Stores content. */
export interface Pusher {
  /** Display name of the store. */
  readonly name: string
  /** Reports whether the store has content of the digest and size. */
  readonly exists: (descriptor: Descriptor) => Effect.Effect<boolean, ContentError>
  /**
   * Stores content atomically and verified. Content that exists already is not read. Push the children of a manifest
   * before the manifest.
   */
  readonly push: <E>(
    descriptor: Descriptor,
    content: Stream.Stream<Uint8Array, E>,
    options?: PushOptions
  ) => Effect.Effect<Pushed, E | ContentError>
}

/** Names content. */
export interface Tagger {
  /** Names an existing manifest or index. The name moves from its previous content, which is kept. */
  readonly tag: (descriptor: Descriptor, name: string) => Effect.Effect<void, ContentError>
}

/** A store to write to. */
export interface Writable extends Pusher, Tagger {}

/** Stores content while it is produced. */
export interface Receiver {
  /**
   * Stores the bytes that `produce` runs into the sink, under the descriptor that it returns. Unlike with `push`, the
   * digest is not computed again.
   */
  readonly receive: <A, E, R>(
    produce: (
      sink: Sink.Sink<void, Uint8Array, never, ContentError>
    ) => Effect.Effect<readonly [descriptor: Descriptor, result: A], E, R>
  ) => Effect.Effect<A, E | ContentError, R>
}

/** Deletes names and content. */
export interface Deleter {
  /** Removes a name. Its content is kept. */
  readonly untag: (name: string) => Effect.Effect<void, ContentError>
  /** Deletes content with all its names. Its children are kept. */
  readonly delete: (descriptor: Descriptor) => Effect.Effect<void, ContentError>
}

/** A store with all capabilities. */
export interface Store extends Readable, Lister, Writable, Receiver, Deleter {}
