/** What is done by one at a time for the same key, and by all at the same time otherwise. */
import * as Effect from "effect/Effect"

interface Turn {
  readonly semaphore: Effect.Semaphore
  /** Those who have it or wait for it. */
  count: number
}

export type Turns = (key: string) => <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>

export const make = (): Turns => {
  const turns = new Map<string, Turn>()

  const join = (key: string): Turn => {
    const turn = turns.get(key) ?? { semaphore: Effect.unsafeMakeSemaphore(1), count: 0 }
    turns.set(key, turn)
    turn.count++
    return turn
  }

  const leave = (key: string, turn: Turn): void => {
    turn.count--
    if (turn.count === 0) turns.delete(key)
  }

  return (key) => (effect) =>
    Effect.acquireUseRelease(
      Effect.sync(() => join(key)),
      ({ semaphore }) => semaphore.withPermits(1)(effect),
      (turn) => Effect.sync(() => leave(key, turn))
    )
}
