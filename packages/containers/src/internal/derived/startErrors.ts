import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { BackendDriver } from "../../BackendDriver.js"
import { PortTaken, StartFailed } from "../../BackendError.js"
import type { ContainerId } from "../../ContainerId.js"

// Limits the time to collect further details of an error.
const searchLimit = "10 seconds"

/** Name and image of a container, for display. */
interface Described {
  readonly containerName?: string
  readonly image?: string
}

/**
 * Handlers that complete errors of a start with the name and image of the container, and with the container that has
 * the port. Inspects the container unless these are known.
 *
 * @internal
 */
export const describeStartErrors = (driver: BackendDriver, id: ContainerId, known?: Required<Described>) => {
  const described: Effect.Effect<Described> = known === undefined
    ? driver.containers.inspect(id).pipe(
      Effect.map(({ image, name }) => ({ containerName: name, image })),
      timeLimited({})
    )
    : Effect.succeed(known)

  const holderOf = (detail: string) =>
    Effect.map(
      driver.containers.list([]),
      (containers) =>
        containers.find((other) =>
          other.id !== id &&
          other.ports.some(({ hostPort }) => new RegExp(`(?::|bind port )${hostPort}(?![\\d-])`).test(detail))
        )?.name
    ).pipe(timeLimited(undefined))

  return {
    PortTaken: (error: PortTaken) =>
      Effect.flatMap(
        Effect.all([described, holderOf(error.detail)]),
        ([described, holder]) => new PortTaken({ ...error, ...described, ...(holder === undefined ? {} : { holder }) })
      ),
    StartFailed: (error: StartFailed) =>
      Effect.flatMap(described, (described) => new StartFailed({ ...error, ...described }))
  }
}

const timeLimited = <B>(otherwise: B) => <A, E>(self: Effect.Effect<A, E>): Effect.Effect<A | B> =>
  self.pipe(
    Effect.timeoutOption(searchLimit),
    Effect.map(Option.getOrElse(() => otherwise)),
    Effect.orElseSucceed(() => otherwise)
  )
