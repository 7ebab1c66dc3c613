/**
 * Contract tests of a `Registry` client together with a registry, for authors of either.
 *
 * @since 0.1.0
 */
import { layer as provided } from "@effect/vitest"
import type * as Hasher from "@ociman/oci/Hasher"
import type * as Registry from "@ociman/registry/Registry"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import { describe } from "vitest"
import { randomHex } from "./internal/random.js"
import * as blobs from "./internal/registrySuite/blobs.js"
import * as deleting from "./internal/registrySuite/deleting.js"
import * as listing from "./internal/registrySuite/listing.js"
import * as manifests from "./internal/registrySuite/manifests.js"
import * as referrers from "./internal/registrySuite/referrers.js"
import type { Test } from "./internal/registrySuite/support.js"

/**
 * Services that the suite requires: a client and a hasher.
 *
 * @since 0.1.0
 * @category models
 */
export type Services = Registry.Registry | Hasher.Hasher

/**
 * @since 0.1.0
 * @category models
 */
export interface Options<R> {
  /** Host of the registry in references. The tests use repositories whose names begin with `ociman-suite-`. */
  readonly host: Effect.Effect<string, never, R>
  /** If false, the registry cannot remove a tag without its manifest. Default: true. */
  readonly untag?: boolean | undefined
  /** Time limit of a single test. Default: one minute. */
  readonly timeout?: Duration.DurationInput | undefined
}

/**
 * Defines the tests. They share the services of the layer, and each uses its own
 * repositories.
 *
 * @since 0.1.0
 * @category suites
 */
export const suite = <R, E>(name: string, services: Layer.Layer<Services | R, E>, options: Options<R>): void => {
  provided(services, { excludeTestServices: true, timeout: "1 minute" })(name, (it) => {
    const test: Test = (title, effect) =>
      it.effect(title, () =>
        Effect.all([options.host, randomHex]).pipe(
          Effect.flatMap(([host, id]) => effect(host, `ociman-suite-${id}/app`)),
          Effect.timeout(options.timeout ?? "1 minute")
        ), 120_000)
    const features = { untag: options.untag ?? true }
    for (const { themes } of [blobs, manifests, listing, referrers, deleting]) {
      for (const { name, tests } of themes) describe(name, () => tests(test, features))
    }
  })
}
