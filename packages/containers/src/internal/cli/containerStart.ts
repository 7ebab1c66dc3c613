import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import { type ContainerError, EngineFailed, type PortTaken, type StartError } from "../../BackendError.js"
import type { ContainerInfo } from "../../ContainerInfo.js"
import { matches } from "../dialect/messages.js"
import type { Context } from "./context.js"

type Inspect = (container: string) => Effect.Effect<ContainerInfo, ContainerError>

/**
 * Makes the function that starts or restarts a container whose host ports may
 * be taken. It works around two defects:
 *
 * - Rootless Podman 5 publishes ports by a process that ends a moment after the container's own, so a container that
 *   has run can find its port taken by its own last run. The start is repeated for 3 seconds.
 * - Docker 29 detaches a container from all networks when a port is taken, and the next start would succeed without
 *   any network. That start fails instead.
 *
 * @internal
 */
export const makeStart = ({ engine }: Context, inspect: Inspect) => {
  const portsWereTaken = new Set<string>()

  const refuseWithoutNetworks = (container: string) =>
    Effect.flatMap(hasNetworks(inspect, container), (hasNetworks) =>
      hasNetworks ? Effect.void : new EngineFailed({
        engine: engine.name,
        operation: "Container.start",
        reason: "Unsupported",
        detail: detached
      }))

  return (container: string, start: Effect.Effect<void, StartError>): Effect.Effect<void, StartError> =>
    Effect.suspend(() => portsWereTaken.has(container) ? refuseWithoutNetworks(container) : Effect.void).pipe(
      Effect.zipRight(start),
      Effect.catchIf(
        isPastaPortTaken,
        (taken) =>
          Effect.flatMap(
            hasRun(inspect, container),
            (hasRun) => hasRun ? Effect.retry(start, { while: isPastaPortTaken, schedule: portReleaseSchedule }) : taken
          )
      ),
      Effect.tapErrorTag("PortTaken", () =>
        Effect.sync(() => {
          if (engine.name === "docker") portsWereTaken.add(container)
        })),
      Effect.tap(Effect.sync(() => portsWereTaken.delete(container)))
    )
}

const hasRun = (inspect: Inspect, container: string) =>
  inspect(container).pipe(
    Effect.map(({ state }) => Option.isSome(state.startedAt)),
    Effect.orElseSucceed(() => false)
  )

const hasNetworks = (inspect: Inspect, container: string) =>
  Effect.map(
    inspect(container),
    ({ raw }) => !Option.exists(decodeNetworks(raw), ({ NetworkSettings: { Networks } }) => isEmpty(Networks))
  )

const detached =
  "Docker detached the container from its networks when an earlier start met a port that was taken. Remove the " +
  "container and create it again."

const decodeNetworks = Schema.decodeUnknownOption(Schema.Struct({
  NetworkSettings: Schema.Struct({
    Networks: Schema.NullishOr(Schema.Record({ key: Schema.String, value: Schema.Unknown }))
  })
}))

const isEmpty = (networks: Readonly<Record<string, unknown>> | null | undefined) =>
  Object.keys(networks ?? {}).length === 0

const isPastaPortTaken = (error: StartError): error is PortTaken =>
  error._tag === "PortTaken" && matches(error.detail, "pastaPortTaken")

const portReleaseSchedule = Schedule.spaced("100 millis").pipe(Schedule.upTo("3 seconds"))
