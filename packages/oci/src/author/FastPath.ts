/**
 * Fast paths of stores: optional operations that `Copy` and `Unpack` use in place of `fetch` and `push`.
 *
 * Fast paths are attached to the function `fetch` or `push`. A copy of a store made by a spread keeps them; a store with
 * another `fetch` or `push` does not have them, so that a wrapper sees every byte.
 *
 * @since 0.1.0
 */
import type * as Effect from "effect/Effect"
import type * as Stream from "effect/Stream"
import type { ContentError } from "../ContentError.js"
import type { Descriptor } from "../Descriptor.js"
import type { Fetcher, Pushed, Pusher, PushOptions } from "../internal/stores/model.js"

/**
 * Fast paths of `fetch`. None of them verifies content: the receiving store does.
 *
 * @since 0.1.0
 * @category models
 */
export interface FetchPaths {
  /** Streams content. */
  readonly unverified?: ((descriptor: Descriptor) => Stream.Stream<Uint8Array, ContentError>) | undefined
  /** Streams content in buffers that are overwritten when the next one is requested. */
  readonly reused?: ((descriptor: Descriptor) => Stream.Stream<Uint8Array, ContentError>) | undefined
  /** Reads small content as a whole, for which a stream costs more than its bytes. */
  readonly bytes?: ((descriptor: Descriptor) => Effect.Effect<Uint8Array, ContentError>) | undefined
  /** Streams content from an offset on. */
  readonly from?: ((descriptor: Descriptor, offset: number) => Stream.Stream<Uint8Array, ContentError>) | undefined
}

/**
 * Fast paths of `push`.
 *
 * @since 0.1.0
 * @category models
 */
export interface PushPaths {
  /** If true, `push` does not keep a buffer of a blob once it requests the next one. Default: false. */
  readonly consumesBuffers?: boolean | undefined
  /** Stores small content. The effect is not run if the content exists already. */
  readonly bytes?:
    | (<E>(
      descriptor: Descriptor,
      bytes: Effect.Effect<Uint8Array, E>,
      options?: PushOptions
    ) => Effect.Effect<Pushed, E | ContentError>)
    | undefined
  /**
   * Stores large content resumably. Bytes received before a failure, or before the process is killed, are kept for a
   * while; the next call requests the content from there on.
   */
  readonly resume?:
    | (<E>(
      descriptor: Descriptor,
      content: (offset: number) => Stream.Stream<Uint8Array, E>
    ) => Effect.Effect<Pushed, E | ContentError>)
    | undefined
}

const fetchPaths = new WeakMap<Fetcher["fetch"], FetchPaths>()

const pushPaths = new WeakMap<Pusher["push"], PushPaths>()

/**
 * Attaches fast paths to `fetch`, and returns it.
 *
 * @since 0.1.0
 * @category constructors
 */
export const attachFetch = (fetch: Fetcher["fetch"], paths: FetchPaths): Fetcher["fetch"] => {
  fetchPaths.set(fetch, paths)
  return fetch
}

/**
 * Attaches fast paths to `push`, and returns it.
 *
 * @since 0.1.0
 * @category constructors
 */
export const attachPush = (push: Pusher["push"], paths: PushPaths): Pusher["push"] => {
  pushPaths.set(push, paths)
  return push
}

/**
 * Gets the fast paths of `fetch`. Without any, the result is empty.
 *
 * @since 0.1.0
 * @category getters
 */
export const ofFetch = ({ fetch }: Pick<Fetcher, "fetch">): FetchPaths => fetchPaths.get(fetch) ?? {}

/**
 * Gets the fast paths of `push`. Without any, the result is empty.
 *
 * @since 0.1.0
 * @category getters
 */
export const ofPush = ({ push }: Pick<Pusher, "push">): PushPaths => pushPaths.get(push) ?? {}
