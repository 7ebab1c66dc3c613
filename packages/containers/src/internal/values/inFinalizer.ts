import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"

/**
 * Runs an effect that must survive interruption but may time out. An interruption reaches all children of a fiber at
 * once, even while it runs a finalizer; hence the daemon fiber.
 *
 * @internal
 */
export const inFinalizer = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.flatMap(Effect.forkDaemon(effect), Fiber.join)
