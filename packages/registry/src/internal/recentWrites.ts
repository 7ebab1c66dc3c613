/** What was just stored, and may not be found everywhere yet. */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as addresses from "./address.js"
import { show } from "./address.js"

/** For how long it is waited for what was stored. */
const patience = Duration.toMillis("10 seconds")

/** How often it is asked for again. */
const times = 4

/** More than anybody stores in that time. */
const most = 10_000

export const recentWrites = (base: Duration.Duration) => {
  const written = new Map<string, number>()

  const isRecent = (address: addresses.Address): Effect.Effect<boolean> =>
    Effect.map(Clock.currentTimeMillis, (now) => {
      const at = written.get(show(address))
      return at !== undefined && now - at < patience
    })

  /** Makes a request again that finds nothing where something was just stored. */
  const finding = <A extends { readonly status: number }, E>(
    address: addresses.Address,
    request: Effect.Effect<A, E>,
    drop: (answer: A) => Effect.Effect<void>
  ): Effect.Effect<A, E> => {
    const attempt = (left: number, wait: Duration.Duration): Effect.Effect<A, E> =>
      Effect.flatMap(request, (answer) =>
        answer.status !== 404 || left === 0
          ? Effect.succeed(answer)
          : Effect.if(isRecent(address), {
            onFalse: () => Effect.succeed(answer),
            onTrue: () =>
              drop(answer).pipe(
                Effect.zipRight(Effect.sleep(wait)),
                Effect.zipRight(attempt(left - 1, Duration.times(wait, 2)))
              )
          }))
    return attempt(times, base)
  }

  return {
    finding,
    note: (address: addresses.Address): Effect.Effect<void> =>
      Effect.map(Clock.currentTimeMillis, (now) => {
        if (written.size >= most) written.clear()
        written.set(show(address), now)
      }),
    /** A deletion takes tags and lists along, so what is not there then is not waited for. */
    forget: (): void => written.clear()
  }
}
