/** When a host may be asked again. All requests to it share this, so that they slow down together. */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import type * as addresses from "./address.js"
import { authority } from "./address.js"

export interface Settings {
  /** How often a request is made again at most, if no other request succeeds in between. */
  readonly times: number
  /** Before the first time; it doubles each time. */
  readonly base: Duration.Duration
  /** The most that is waited, whoever asks for it. */
  readonly longest: Duration.Duration
}

interface Pace {
  /** Until when the host is left alone. */
  until: number
  /** How often it failed since it last did not. */
  failures: number
}

export interface Pacing {
  /** Waits until the host may be asked. */
  readonly await: (address: addresses.Address) => Effect.Effect<void>
  readonly succeeded: (address: addresses.Address) => Effect.Effect<void>
  /** Leaves the host alone for a while: as long as it says, or longer each time. */
  readonly slowDown: (address: addresses.Address, wait: Duration.Duration | undefined) => Effect.Effect<void>
}

export const make = ({ base, longest }: Settings): Pacing => {
  const paces = new Map<string, Pace>()
  const of = (address: addresses.Address): Pace => {
    const key = authority(address)
    const known = paces.get(key) ?? { until: 0, failures: 0 }
    paces.set(key, known)
    return known
  }
  return {
    await: (address) =>
      Effect.gen(function*() {
        const pace = of(address)
        for (let left = 1; left > 0;) {
          left = pace.until - (yield* Clock.currentTimeMillis)
          // Those who wait do not all come at once.
          if (left > 0) yield* Effect.sleep(left * (1 + 0.1 * (yield* Random.next)))
        }
      }),
    succeeded: (address) =>
      Effect.sync(() => {
        of(address).failures = 0
      }),
    slowDown: (address, wait) =>
      Effect.map(Effect.all([Clock.currentTimeMillis, Random.next]), ([now, random]) => {
        const pace = of(address)
        // Those that failed together count once.
        if (now >= pace.until) pace.failures++
        const own = Duration.toMillis(base) * 2 ** (pace.failures - 1) * (0.9 + 0.2 * random)
        const asked = wait === undefined ? own : Math.max(Duration.toMillis(wait), 1)
        pace.until = Math.max(pace.until, now + Math.min(asked, Duration.toMillis(longest)))
      })
  }
}
