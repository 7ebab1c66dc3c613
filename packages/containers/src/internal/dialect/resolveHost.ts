import * as Arr from "effect/Array"
import * as Effect from "effect/Effect"
import type { Execs } from "../../BackendDriver.js"
import { HostNotResolved } from "../../BackendError.js"
import * as Exec from "../../Exec.js"
import type * as HostName from "../../HostName.js"
import { capture } from "../model/processEvents.js"
import { addressesOf, lookupScript } from "./hostLookup.js"

const outputLimit = 65_536

/** @internal */
export const resolveHost = (run: Execs["run"]): Execs["resolveHost"] => {
  const lookup = (container: string, host: HostName.HostName) =>
    capture(run(container, Exec.make("sh", "-c", lookupScript, "sh", host)), outputLimit)

  return (container, host) =>
    Effect.flatMap(lookup(container, host), ({ stderr, stdout }) => {
      const { addresses, hasResolver } = addressesOf(stdout)
      return Arr.isNonEmptyReadonlyArray(addresses)
        ? Effect.succeed(addresses)
        : new HostNotResolved({
          container,
          host,
          reason: hasResolver ? "UnknownHost" : "NoResolver",
          detail: `${stdout}${stderr}`.trim()
        })
    })
}
