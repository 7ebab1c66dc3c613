import * as Effect from "effect/Effect"
import * as Equal from "effect/Equal"
import * as Option from "effect/Option"
import type { Processes } from "../../Primitives.js"
import { Process } from "../../Session.js"

const current = new Process({ host: "memory", pid: 1, started: "0" })

/**
 * No process outlives its engine in memory, so that there is but this one.
 *
 * @internal
 */
export const owners: Processes = {
  currentProcess: Option.some(current),
  isProcessAlive: (process) =>
    Effect.succeed(process.host !== current.host ? "Unknown" : Equal.equals(process, current) ? "Alive" : "Dead")
}
