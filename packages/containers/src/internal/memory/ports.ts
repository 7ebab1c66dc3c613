import * as Either from "effect/Either"
import type { PublishedPort } from "../../ContainerInfo.js"
import type { Port } from "../../Port.js"

// The dynamic port range of RFC 6335.
const firstFreePort = 49152

const lastFreePort = 65535

/**
 * Assigns host ports that are not taken. The search for a free port starts after
 * the last one found, so a restart gets another port.
 *
 * @internal
 */
export const publish = (
  ports: ReadonlyArray<Port>,
  taken: ReadonlyArray<PublishedPort>,
  lastFound: number
): Either.Either<{ readonly published: ReadonlyArray<PublishedPort>; readonly lastFound: number }, string> => {
  const published: Array<PublishedPort> = []
  let found = lastFound
  for (const { containerPort, hostIp = "127.0.0.1", hostPort, protocol } of ports) {
    const candidates = typeof hostPort === "number"
      ? [hostPort]
      : hostPort === undefined
      ? [...range(Math.max(found + 1, firstFreePort), lastFreePort), ...range(firstFreePort, found)]
      : range(hostPort.first, hostPort.last)
    const free = candidates.find((hostPort) =>
      ![...taken, ...published].some((other) => collide({ containerPort, protocol, hostIp, hostPort }, other))
    )
    if (free === undefined) {
      return Either.left(`Bind for ${hostIp}:${candidates[0] ?? ""} failed: port is already allocated`)
    }
    published.push({ containerPort, protocol, hostIp, hostPort: free })
    if (hostPort === undefined) found = free
  }
  return Either.right({ published, lastFound: found })
}

const range = (first: number, last: number): ReadonlyArray<number> =>
  Array.from({ length: Math.max(last - first + 1, 0) }, (_, index) => first + index)

const collide = (self: PublishedPort, that: PublishedPort): boolean =>
  self.hostPort === that.hostPort &&
  self.protocol === that.protocol &&
  (self.hostIp === that.hostIp || isEveryAddress(self) || isEveryAddress(that))

const isEveryAddress = ({ hostIp }: PublishedPort) => hostIp === "0.0.0.0" || hostIp === "::"
