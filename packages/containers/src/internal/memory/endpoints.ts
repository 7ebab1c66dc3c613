import * as Arr from "effect/Array"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import type { EngineFailed, NetworkNotFound } from "../../BackendError.js"
import type { IpAddress } from "../../IpAddress.js"
import * as IpAddresses from "../../IpAddress.js"
import * as Subnet from "../../Subnet.js"
import { formatBits, toBits } from "../values/ipAddress.js"
import { type Container, type Endpoint, failed, findNetwork, type Network, type State } from "./state.js"

/** @internal */
export const networkOf = (state: State, { networkId }: Endpoint): Network | undefined =>
  state.networks.find(({ id }) => id === networkId)

/**
 * Finds the network of an endpoint by its name where there was none when the
 * container was created, as Docker does when the container is started.
 *
 * @internal
 */
export const find = (state: State, endpoint: Endpoint): Effect.Effect<Endpoint, NetworkNotFound | EngineFailed> =>
  Effect.flatMap(findNetwork(state, endpoint.networkId), (network) => {
    const problem = objection(network, endpoint)
    return problem === undefined
      ? Effect.succeed({ ...endpoint, networkId: network.id })
      : failed("Container.start", "Refused", problem)
  })

/** @internal */
export const isUserDefined = ({ predefined }: Network): boolean => !predefined

/** @internal */
export const members = (state: State, { id }: Network): ReadonlyArray<Container> =>
  state.containers.filter(({ endpoints }) => endpoints.some(({ networkId }) => networkId === id))

/**
 * Gives an endpoint its addresses: those it asked for, else the first free ones.
 *
 * @internal
 */
export const join = (state: State, endpoint: Endpoint): Either.Either<Endpoint, string> => {
  const network = networkOf(state, endpoint)
  if (network === undefined) return Either.left(`network ${endpoint.networkId} not found`)
  const taken = takenIn(state, network)
  const isTaken = (address: IpAddress) => taken.some((other) => IpAddresses.Equivalence(other, address))
  const collision = endpoint.requested.find(isTaken)
  if (collision !== undefined) return Either.left("Address already in use")
  return Either.map(
    Either.all(
      network.subnets.map(({ subnet }) =>
        Option.match(Arr.findFirst(endpoint.requested, (address) => Subnet.contains(subnet, address)), {
          onSome: (address) => Either.right(address),
          onNone: () => firstFree(subnet, isTaken)
        })
      )
    ),
    (addresses) => ({ ...endpoint, addresses })
  )
}

/** @internal */
export const joinAll = (
  state: State,
  endpoints: ReadonlyArray<Endpoint>
): Either.Either<ReadonlyArray<Endpoint>, string> => Either.all(endpoints.map((endpoint) => join(state, endpoint)))

/** @internal */
export const leave = (endpoint: Endpoint): Endpoint => ({ ...endpoint, addresses: [] })

/**
 * Why an endpoint cannot be what was asked for.
 *
 * @internal
 */
export const objection = (network: Network, { aliases, requested }: Endpoint): string | undefined => {
  if (!isUserDefined(network)) {
    return aliases.length + requested.length === 0
      ? undefined
      : "network-scoped alias and user specified IP address are supported only in user defined networks"
  }
  const stranger = requested.find((address) => !network.subnets.some(({ subnet }) => Subnet.contains(subnet, address)))
  return stranger === undefined
    ? undefined
    : `Invalid address ${stranger}: It does not belong to any of this network's subnets`
}

const takenIn = (state: State, network: Network): ReadonlyArray<IpAddress> => [
  ...network.subnets.flatMap(({ gateway }) => Option.toArray(gateway)),
  ...state.containers.flatMap(({ endpoints }) =>
    endpoints.filter(({ networkId }) => networkId === network.id).flatMap(({ addresses }) => addresses)
  )
]

// The first address is the network's own, the last one of IPv4 is everybody's.
const firstFree = (
  subnet: Subnet.Subnet,
  isTaken: (address: IpAddress) => boolean
): Either.Either<IpAddress, string> => {
  const { value, width } = toBits(subnet.address)
  const size = 1n << BigInt(width - subnet.prefix)
  for (let offset = 1n; offset < size - (width === 32 ? 1n : 0n); offset++) {
    const address = IpAddresses.make(formatBits({ value: value + offset, width }))
    if (!isTaken(address)) return Either.right(address)
  }
  return Either.left(`no available addresses in ${Subnet.format(subnet)}`)
}

/**
 * The addresses of a name among those whom a container shares a network with.
 * As in Docker, nobody has a name in the default network.
 *
 * @internal
 */
export const lookUp = (state: State, container: Container, host: string): ReadonlyArray<IpAddress> =>
  container.endpoints.flatMap((own) => {
    const network = networkOf(state, own)
    if (network === undefined || !isUserDefined(network)) return []
    return members(state, network).flatMap(({ endpoints, id, name }) =>
      endpoints
        .filter(({ aliases, networkId }) =>
          networkId === network.id && (name === host || id.slice(0, 12) === host || aliases.includes(host))
        )
        .flatMap(({ addresses }) => addresses)
    )
  })
