import * as Effect from "effect/Effect"
import * as Equal from "effect/Equal"
import * as Option from "effect/Option"
import { Process } from "../../Session.js"
import type { Host } from "../contract/host.js"

const current = new Process({ host: "memory", pid: 1, started: "0" })

/**
 * Host with one process, since an engine in memory ends with its process.
 *
 * @internal
 */
export const host: Host = {
  currentProcess: Option.some(current),
  liveness: (process) =>
    Effect.succeed(process.host !== current.host ? "Unknown" : Equal.equals(process, current) ? "Alive" : "Dead"),
  lock: () => Effect.void
}
