import * as Arr from "effect/Array"
import * as Effect from "effect/Effect"
import { HostNotResolved } from "../../BackendError.js"
import * as Exec from "../../Exec.js"
import type * as HostName from "../../HostName.js"
import type { Containers, Hosts } from "../../Primitives.js"
import { addressesOf, lookupScript } from "../hostLookup.js"
import { capture } from "../processEvents.js"

const outputLimit = 65_536

/** @internal */
export const hosts = ({ exec }: Pick<Containers, "exec">): Hosts => {
  const look = (container: string, host: HostName.HostName) =>
    capture(exec(container, Exec.make("sh", "-c", lookupScript, "sh", host)), outputLimit)

  return {
    resolveHost: (container, host) =>
      Effect.flatMap(look(container, host), ({ stderr, stdout }) => {
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
}
