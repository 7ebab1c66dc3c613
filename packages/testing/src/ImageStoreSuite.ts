/**
 * The contract of an `ImageStore`, as tests, for authors of stores.
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
 * What a store's layer provides to the suite: the store, empty, and what computes digests.
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
  /** How long a single test may take. Default: one minute. */
  readonly timeout?: Duration.DurationInput | undefined
  /** Whether names may be any text, or tags only. Default: any text. */
  readonly names?: "text" | "tags" | undefined
  /** Whether a name can be taken away from content that stays. Default: yes. */
  readonly untags?: boolean | undefined
}

/**
 * Defines the tests. Each has a store of its own, for which the layer is built anew.
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
    describe(content.name, () => content.tests(test))
    describe(naming.name, () => naming.tests(test, { names: options.names ?? "text", untags: options.untags ?? true }))
    describe(copying.name, () => copying.tests(test))
  })
}
