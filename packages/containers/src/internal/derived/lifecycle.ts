import * as Effect from "effect/Effect"
import type { HostedDriver } from "../contract/host.js"
import { containers } from "./containers.js"
import { randomHex } from "./creation.js"
import { foreground } from "./foreground.js"
import { networks } from "./networks.js"
import { volumes } from "./volumes.js"

/**
 * Derives the operations that create, run and attach containers, networks and volumes.
 *
 * @internal
 */
export const derive = (driver: HostedDriver) =>
  Effect.map(randomHex, (session) => {
    const context = { driver, session }
    return { ...containers(context), ...foreground(context), ...networks(context), ...volumes(context) }
  })
