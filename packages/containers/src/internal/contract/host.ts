import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import type { BackendDriver } from "../../BackendDriver.js"
import type * as Session from "../../Session.js"

/**
 * Facts of the machine that a program runs on: the identity of its processes,
 * and locks between them.
 */
export interface Host {
  /** Identity of this process; `None` if unknown, in which case its resources are never swept. */
  readonly currentProcess: Option.Option<Session.Process>
  readonly liveness: (process: Session.Process) => Effect.Effect<Session.Liveness>
  /**
   * Holds a lock until the scope closes, waiting for other processes of this user on this machine. Locks of dead
   * processes are ignored.
   */
  readonly lock: (name: string) => Effect.Effect<void, never, Scope.Scope>
}

/** Host without locks and process identities. */
export const isolated: Host = {
  currentProcess: Option.none(),
  liveness: () => Effect.succeed("Unknown"),
  lock: () => Effect.void
}

/** Driver with the host of the program. */
export interface HostedDriver extends BackendDriver {
  readonly host: Host
}
