/** Operations from which a store is derived. `author/StoreDriver` exports and documents them. */
import type * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import type * as Sink from "effect/Sink"
import type * as Stream from "effect/Stream"
import type { ContentError } from "../../ContentError.js"
import type { Descriptor } from "../../Descriptor.js"
import type * as Digest from "../../Digest.js"

/** Beginning of content whose transfer was interrupted. */
export interface PartialContent {
  /** Number of bytes. */
  readonly size: number
  readonly bytes: Stream.Stream<Uint8Array, ContentError>
}

/** Operations of a store that cannot be derived. */
export interface StoreDriver {
  /** Display name of the store. */
  readonly name: string
  /** Streams the content of a digest, not verified. */
  readonly read: (digest: Digest.Digest) => Stream.Stream<Uint8Array, ContentError>
  /** Streams the content of a digest in buffers that are overwritten when the next one is requested. */
  readonly readReused?: (digest: Digest.Digest) => Stream.Stream<Uint8Array, ContentError>
  /** Reads the content of a digest as a whole, not verified. Called after `size`. */
  readonly readBytes?: (digest: Digest.Digest) => Effect.Effect<Uint8Array, ContentError>
  /** Size of the content of a digest in bytes. None if it does not exist. */
  readonly size: (digest: Digest.Digest) => Effect.Effect<Option.Option<number>, ContentError>
  /**
   * Reports whether content of the digest and size exists, and protects it from garbage collection for a while even if
   * nothing refers to it.
   */
  readonly keep: (digest: Digest.Digest, size: number) => Effect.Effect<boolean, ContentError>
  /** Stores content atomically once the stream has ended successfully. The stream is verified. */
  readonly write: <E>(
    digest: Digest.Digest,
    content: Stream.Stream<Uint8Array, E>
  ) => Effect.Effect<void, E | ContentError>
  /** Stores verified bytes. */
  readonly writeBytes?: (digest: Digest.Digest, bytes: Uint8Array) => Effect.Effect<void, ContentError>
  /** If true, `write` does not keep a buffer once it requests the next one. Default: false. */
  readonly consumesBuffers?: boolean
  /**
   * Stores content like `write`, and keeps the bytes received before a failure. `content` gets the bytes kept by an
   * earlier call, and returns the rest; all bytes together are verified.
   */
  readonly append?: <E>(
    digest: Digest.Digest,
    content: (kept: PartialContent) => Stream.Stream<Uint8Array, E>
  ) => Effect.Effect<void, E | ContentError>
  /** Stores the bytes that are run into the sink, once their digest is known. */
  readonly receive: <A, E, R>(
    produce: (
      sink: Sink.Sink<void, Uint8Array, never, ContentError>
    ) => Effect.Effect<readonly [digest: Digest.Digest, size: number, result: A], E, R>
  ) => Effect.Effect<A, E | ContentError, R>
  /** Removes the content of a digest. */
  readonly remove: (digest: Digest.Digest) => Effect.Effect<void, ContentError>
  /** Manifests and indexes that no other index lists, with their names. */
  readonly entries: Effect.Effect<ReadonlyArray<Descriptor>, ContentError>
  /** Changes the entries atomically. */
  readonly updateEntries: (
    f: (entries: ReadonlyArray<Descriptor>) => ReadonlyArray<Descriptor>
  ) => Effect.Effect<void, ContentError>
}
