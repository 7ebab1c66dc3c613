/**
 * Content stores, described by their capabilities. Directories, archives, memory and repositories of a registry are
 * stores. Functions require only the capabilities they need: `Copy` reads from any {@link Readable} and writes to any
 * {@link Writable}.
 *
 * Content is addressed by descriptors. Size and digest are verified while content passes, in bounded memory; only
 * manifests and indexes are held as a whole.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import * as Content from "./Content.js"
import type { ContentError } from "./ContentError.js"
import type { Descriptor } from "./Descriptor.js"
import type * as Hasher from "./Hasher.js"
import * as memoryStore from "./internal/stores/memory.js"
import type { Fetcher, Pushed, Pusher, Store } from "./internal/stores/model.js"

export type {
  /**
   * Capability to delete names and content.
   *
   * @since 0.1.0
   * @category models
   */
  Deleter,
  /**
   * Capability to read content.
   *
   * @since 0.1.0
   * @category models
   */
  Fetcher,
  /**
   * Capability to list names and referrers.
   *
   * @since 0.1.0
   * @category models
   */
  Lister,
  /**
   * Result of a push: the content was stored, existed already, or was mounted from another repository of the registry.
   *
   * @since 0.1.0
   * @category models
   */
  Pushed,
  /**
   * Capability to store content.
   *
   * @since 0.1.0
   * @category models
   */
  Pusher,
  /**
   * Options of a push.
   *
   * @since 0.1.0
   * @category models
   */
  PushOptions,
  /**
   * A store to read from: {@link Fetcher} and {@link Resolver}.
   *
   * @since 0.1.0
   * @category models
   */
  Readable,
  /**
   * Capability to store content while it is produced.
   *
   * @since 0.1.0
   * @category models
   */
  Receiver,
  /**
   * Capability to resolve names and digests.
   *
   * @since 0.1.0
   * @category models
   */
  Resolver,
  /**
   * A store with all capabilities.
   *
   * @since 0.1.0
   * @category models
   */
  Store,
  /**
   * Capability to name content.
   *
   * @since 0.1.0
   * @category models
   */
  Tagger,
  /**
   * A store to write to: {@link Pusher} and {@link Tagger}.
   *
   * @since 0.1.0
   * @category models
   */
  Writable
} from "./internal/stores/model.js"

/**
 * The default store of a program.
 *
 * @since 0.1.0
 * @category tags
 */
export class ImageStore extends Context.Tag("@ociman/oci/ImageStore")<ImageStore, Store>() {}

/**
 * Makes an empty store in memory.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeMemory: Effect.Effect<Store, never, Hasher.Hasher> = memoryStore.make

/**
 * Store in memory, initially empty.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerMemory: Layer.Layer<ImageStore, never, Hasher.Hasher> = Layer.effect(ImageStore, makeMemory)

/**
 * Reads a document from a store.
 *
 * @since 0.1.0
 * @category combinators
 */
export const fetchDocument = <A>(
  store: Pick<Fetcher, "fetch">,
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
  store: Pick<Pusher, "push">,
  content: Content.Content<A>
): Effect.Effect<Pushed, ContentError> => store.push(content.descriptor, Stream.make(content.bytes))
