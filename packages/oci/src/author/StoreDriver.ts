/**
 * Derives a complete store from a few operations.
 *
 * @since 0.1.0
 */
import type * as Effect from "effect/Effect"
import type { ContentError } from "../ContentError.js"
import type * as Hasher from "../Hasher.js"
import * as derivedStore from "../internal/stores/derived.js"
import type { StoreDriver } from "../internal/stores/driver.js"
import * as lazyStore from "../internal/stores/lazy.js"
import type { Store } from "../internal/stores/model.js"

export type {
  /**
   * Beginning of content whose transfer was interrupted.
   *
   * @since 0.1.0
   * @category models
   */
  PartialContent,
  /**
   * Operations of a store from which {@link make} derives the rest.
   *
   * @since 0.1.0
   * @category models
   */
  StoreDriver
} from "../internal/stores/driver.js"

/**
 * Makes a store from its operations.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make: (driver: StoreDriver) => Effect.Effect<Store, never, Hasher.Hasher> = derivedStore.make

/**
 * Makes a store that is opened on first use. If opening fails, the next operation tries again.
 *
 * @since 0.1.0
 * @category constructors
 */
export const lazy: (name: string, open: Effect.Effect<Store, ContentError>) => Store = lazyStore.make
