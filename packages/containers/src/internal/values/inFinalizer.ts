import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"

/**
 * Runs what must not be given up although it can be cut short by a timeout.
 * An interruption reaches all children of a fiber at once, also while it runs
 * a finalizer; hence a fiber that is nobody's child.
 *
 * @internal
 */
export const inFinalizer = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.flatMap(Effect.forkDaemon(effect), Fiber.join)
