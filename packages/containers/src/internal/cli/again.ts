import type { CommandFailed } from "@ociman/process"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import { type Condition, says } from "./messages.js"

/**
 * Asks once more, every tenth of a second for 20 seconds, while the engine
 * complains of something that passes.
 *
 * @internal
 */
export const again = (condition: Condition) => <A>(self: Effect.Effect<A, CommandFailed.CommandFailed>) =>
  Effect.retry(self, {
    while: (error) => says(error.stderr, condition),
    schedule: Schedule.spaced("100 millis").pipe(Schedule.upTo("20 seconds"))
  })
