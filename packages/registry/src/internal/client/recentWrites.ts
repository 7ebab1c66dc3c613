/** Recent uploads, which an eventually consistent registry may not serve yet. */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as addresses from "../http/address.js"
import { show } from "../http/address.js"

/** Time after an upload during which a 404 is retried, in milliseconds. */
const window = Duration.toMillis("10 seconds")

/** Maximum number of retries. */
const retries = 4

/** Maximum number of recorded uploads. */
const capacity = 10_000

export const recentWrites = (delay: Duration.Duration) => {
  const written = new Map<string, number>()

  const isRecent = (address: addresses.Address): Effect.Effect<boolean> =>
    Effect.map(Clock.currentTimeMillis, (now) => {
      const time = written.get(show(address))
      return time !== undefined && now - time < window
    })

  /** Retries a request that is answered by 404 for a recent upload. */
  const retryMissing = <A extends { readonly status: number }, E>(
    address: addresses.Address,
    request: Effect.Effect<A, E>,
    drop: (response: A) => Effect.Effect<void>
  ): Effect.Effect<A, E> => {
    const attempt = (left: number, wait: Duration.Duration): Effect.Effect<A, E> =>
      Effect.gen(function*() {
        const response = yield* request
        if (response.status !== 404 || left === 0 || !(yield* isRecent(address))) return response
        yield* drop(response)
        yield* Effect.sleep(wait)
        return yield* attempt(left - 1, Duration.times(wait, 2))
      })
    return attempt(retries, delay)
  }

  return {
    retryMissing,
    note: (address: addresses.Address): Effect.Effect<void> =>
      Effect.map(Clock.currentTimeMillis, (now) => {
        if (written.size >= capacity) written.clear()
        written.set(show(address), now)
      }),
    /** Forgets all uploads. A deletion may remove tags and referrers too, whose 404 must not be retried. */
    forget: (): void => written.clear()
  }
}
