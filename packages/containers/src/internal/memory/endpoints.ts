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
 * Resolves the network of an endpoint. Like Docker, looks up a network at the
 * start of a container if it did not exist when the container was created.
 *
 * @internal
 */
export const find = (state: State, endpoint: Endpoint): Effect.Effect<Endpoint, NetworkNotFound | EngineFailed> =>
  Effect.flatMap(findNetwork(state, endpoint.networkId), (network) => {
    const problem = invalidReason(network, endpoint)
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
 * Assigns addresses to an endpoint: the requested ones, otherwise the first free ones.
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
 * Reason why a network does not support an endpoint; undefined if it does.
 *
 * @internal
 */
export const invalidReason = (network: Network, { aliases, requested }: Endpoint): string | undefined => {
  if (!isUserDefined(network)) {
    return aliases.length + requested.length === 0
      ? undefined
      : "network-scoped alias and user specified IP address are supported only in user defined networks"
  }
  const foreign = requested.find((address) => !network.subnets.some(({ subnet }) => Subnet.contains(subnet, address)))
  return foreign === undefined
    ? undefined
    : `Invalid address ${foreign}: It does not belong to any of this network's subnets`
}

const takenIn = (state: State, network: Network): ReadonlyArray<IpAddress> => [
  ...network.subnets.flatMap(({ gateway }) => Option.toArray(gateway)),
  ...state.containers.flatMap(({ endpoints }) =>
    endpoints.filter(({ networkId }) => networkId === network.id).flatMap(({ addresses }) => addresses)
  )
]

// The first address identifies the network, the last one of IPv4 is for broadcasts.
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
 * Addresses of a name in the networks of a container. As in Docker, containers
 * have no names in the default network.
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
