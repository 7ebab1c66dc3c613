import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as ExecutionStrategy from "effect/ExecutionStrategy"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Random from "effect/Random"
import * as Scope from "effect/Scope"
import { EngineFailed } from "../../BackendError.js"
import type * as Engine from "../../Engine.js"

// A create call without an answer must not delay interruption forever.
const createLimit = Duration.minutes(2)

/** @internal */
export const randomHex = Effect.map(
  Effect.all([Random.nextIntBetween(0, 2 ** 32), Random.nextIntBetween(0, 2 ** 32)]),
  (numbers) => numbers.map((number) => number.toString(16).padStart(8, "0")).join("")
)

/**
 * Reports whether a text may be an id or name. A client might parse other texts as a flag.
 *
 * @internal
 */
export const isKey = (text: string): boolean => /^[A-Za-z0-9][\w.-]*$/.test(text)

/**
 * Limits the time of a create call. Runs it in a daemon fiber, since a timeout in an uninterruptible region would wait
 * for the call.
 *
 * @internal
 */
export const withinLimit = <A, E>(
  engine: Engine.Engine,
  operation: string,
  create: Effect.Effect<A, E>
): Effect.Effect<Exit.Exit<A, E | EngineFailed>> =>
  create.pipe(
    Effect.timeoutFail({
      duration: createLimit,
      onTimeout: () =>
        new EngineFailed({
          engine: engine.name,
          operation,
          reason: "TimedOut",
          detail: `no answer within ${Duration.format(createLimit)}`
        })
    }),
    Effect.interruptible,
    Effect.forkDaemon,
    Effect.flatMap(Fiber.await)
  )

/** @internal */
export const forkedScope = Effect.flatMap(
  Effect.scope,
  (scope) => Scope.fork(scope, ExecutionStrategy.sequential)
)

/**
 * Runs an effect in a scope, which is closed if the effect fails.
 *
 * @internal
 */
export const ownedBy = <A, E, R, R2>(
  scope: Effect.Effect<Scope.CloseableScope, never, R2>,
  make: Effect.Effect<A, E, R>
): Effect.Effect<A, E, Exclude<R, Scope.Scope> | R2> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.flatMap(scope, (scope) =>
      restore(make).pipe(
        Effect.provideService(Scope.Scope, scope),
        Effect.onError((cause) => Scope.close(scope, Exit.failCause(cause)))
      ))
  )
