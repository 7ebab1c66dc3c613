/** Delays of requests per host, shared by all requests to a host, so that they slow down together. */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import type * as addresses from "./address.js"
import { authority } from "./address.js"

export interface Settings {
  /** Maximum number of retries of a request, unless another request succeeds in between. */
  readonly times: number
  /** Delay before the first retry, doubled each time. */
  readonly base: Duration.Duration
  /** Maximum delay. */
  readonly longest: Duration.Duration
}

interface HostState {
  /** Time in milliseconds before which no request is sent. */
  until: number
  /** Number of failures since the last success. */
  failures: number
}

export interface RateLimit {
  /** Waits until a request may be sent to the host. */
  readonly await: (address: addresses.Address) => Effect.Effect<void>
  readonly succeeded: (address: addresses.Address) => Effect.Effect<void>
  /** Delays further requests to the host: by the given time, or exponentially. */
  readonly slowDown: (address: addresses.Address, delay: Duration.Duration | undefined) => Effect.Effect<void>
}

export const make = ({ base, longest }: Settings): RateLimit => {
  const hosts = new Map<string, HostState>()
  const stateOf = (address: addresses.Address): HostState => {
    const key = authority(address)
    const known = hosts.get(key) ?? { until: 0, failures: 0 }
    hosts.set(key, known)
    return known
  }
  return {
    await: (address) =>
      Effect.gen(function*() {
        const state = stateOf(address)
        for (let left = 1; left > 0;) {
          left = state.until - (yield* Clock.currentTimeMillis)
          // Jitter, so that waiting requests are not sent all at once.
          if (left > 0) yield* Effect.sleep(left * (1 + 0.1 * (yield* Random.next)))
        }
      }),
    succeeded: (address) =>
      Effect.sync(() => {
        stateOf(address).failures = 0
      }),
    slowDown: (address, delay) =>
      Effect.map(Effect.all([Clock.currentTimeMillis, Random.next]), ([now, random]) => {
        const state = stateOf(address)
        // Concurrent failures count once.
        if (now >= state.until) state.failures++
        const exponential = Duration.toMillis(base) * 2 ** (state.failures - 1) * (0.9 + 0.2 * random)
        const milliseconds = delay === undefined ? exponential : Math.max(Duration.toMillis(delay), 1)
        state.until = Math.max(state.until, now + Math.min(milliseconds, Duration.toMillis(longest)))
      })
  }
}
