/** Serialization of effects by key: effects with the same key run one after the other, others concurrently. */
import * as Effect from "effect/Effect"

interface Entry {
  readonly semaphore: Effect.Semaphore
  /** Number of effects that run or wait. */
  count: number
}

export type KeyedSemaphore = (key: string) => <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>

export const make = (): KeyedSemaphore => {
  const entries = new Map<string, Entry>()

  const join = (key: string): Entry => {
    const entry = entries.get(key) ?? { semaphore: Effect.unsafeMakeSemaphore(1), count: 0 }
    entries.set(key, entry)
    entry.count++
    return entry
  }

  const leave = (key: string, entry: Entry): void => {
    entry.count--
    if (entry.count === 0) entries.delete(key)
  }

  return (key) => (effect) =>
    Effect.acquireUseRelease(
      Effect.sync(() => join(key)),
      ({ semaphore }) => semaphore.withPermits(1)(effect),
      (entry) => Effect.sync(() => leave(key, entry))
    )
}
