/**
 * Contract tests of an `ImageStore`, for authors of stores.
 *
 * @since 0.1.0
 */
import { it } from "@effect/vitest"
import type * as Hasher from "@ociman/oci/Hasher"
import type * as ImageStore from "@ociman/oci/ImageStore"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { describe } from "vitest"
import * as content from "./internal/imageStoreSuite/content.js"
import * as copying from "./internal/imageStoreSuite/copying.js"
import * as naming from "./internal/imageStoreSuite/naming.js"
import type { Test } from "./internal/imageStoreSuite/support.js"

/**
 * Services that the suite requires: an empty store and a hasher.
 *
 * @since 0.1.0
 * @category models
 */
export type Services = ImageStore.ImageStore | Hasher.Hasher

/**
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** Time limit of a single test. Default: one minute. */
  readonly timeout?: Duration.DurationInput | undefined
  /** Kind of names that the store accepts: any text, or tags only. Default: `text`. */
  readonly names?: "text" | "tags" | undefined
  /** If false, the store cannot remove a name without its content. Default: true. */
  readonly untags?: boolean | undefined
}

/**
 * Defines the tests. Each builds the layer anew and so has its own store.
 *
 * @since 0.1.0
 * @category suites
 */
export const suite = <E>(name: string, store: Layer.Layer<Services, E>, options: Options = {}): void => {
  const test: Test = (title, effect) =>
    it.live(title, () => Effect.timeout(Effect.provide(effect, Layer.fresh(store)), options.timeout ?? "1 minute"), {
      timeout: 120_000
    })
  describe.concurrent(name, () => {
    for (const { name, tests } of [...content.themes, ...naming.themes, ...copying.themes]) {
      describe(name, () => tests(test, { names: options.names ?? "text", untags: options.untags ?? true }))
    }
  })
}
