import { Effect, type Exit, Fiber, FiberId, Option, Ref, Scheduler } from "effect"

/** Default scheduler that interrupts a fiber after one particular step of the runtime. */
class InterruptingScheduler implements Scheduler.Scheduler {
  target: Fiber.RuntimeFiber<unknown, unknown> | undefined
  private steps = 0
  constructor(readonly interruptAfter: number) {}
  get hasInterrupted() {
    return this.steps >= this.interruptAfter
  }
  shouldYield(fiber: Fiber.RuntimeFiber<unknown, unknown>): number | false {
    this.steps += 1
    if (this.steps !== this.interruptAfter) return Scheduler.defaultScheduler.shouldYield(fiber)
    this.target?.unsafeInterruptAsFork(FiberId.none)
    // A fiber handles an interruption when it yields.
    return 0
  }
  scheduleTask(...args: Parameters<Scheduler.Scheduler["scheduleTask"]>) {
    Scheduler.defaultScheduler.scheduleTask(...args)
  }
}

/**
 * Interrupts an effect after this number of steps of the runtime, including those
 * of forked fibers. Returns its exit, or none if it took fewer steps. With the test
 * clock, a fiber that is interrupted at the start of a sleep may hang.
 */
export const interruptAfter = <A, E, R>(
  self: Effect.Effect<A, E, R>,
  steps: number
): Effect.Effect<Option.Option<Exit.Exit<A, E>>, never, R> =>
  Effect.gen(function*() {
    const scheduler = new InterruptingScheduler(steps)
    const exit = yield* Ref.make<Option.Option<Exit.Exit<A, E>>>(Option.none())
    const recorded = Effect.uninterruptibleMask((restore) =>
      restore(self).pipe(
        Effect.withScheduler(scheduler),
        Effect.exit,
        Effect.flatMap((ended) => Ref.set(exit, Option.some(ended)))
      )
    )
    const fiber = yield* Effect.fork(recorded)
    scheduler.target = fiber
    yield* Fiber.await(fiber)
    return scheduler.hasInterrupted ? yield* exit : Option.none()
  })
