import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { NetworkRequest, Networks } from "../../BackendDriver.js"
import { type EngineFailed, NameInUse, ResourceInUse, SubnetUnavailable } from "../../BackendError.js"
import * as IpAddress from "../../IpAddress.js"
import * as NetworkInfo from "../../NetworkInfo.js"
import * as Subnet from "../../Subnet.js"
import { decode as decodeNetworkInfo } from "../dialect/networkInfo.js"
import { formatBits, toBits } from "../values/ipAddress.js"
import { type Context, modify, update } from "./context.js"
import * as Endpoints from "./endpoints.js"
import * as State from "./state.js"

/** @internal */
export const networks = (context: Context): Networks => ({
  create: (request) =>
    modify(context, (state) =>
      Effect.map(create(request, state), (network) => [
        network.id,
        { ...state, networks: [...state.networks, network] }
      ])),

  inspect: (key) =>
    Effect.flatMap(
      context.state.get,
      (state) => Effect.flatMap(State.findNetwork(state, key), (network) => networkInfo(state, network))
    ),

  list: (filters) =>
    Effect.flatMap(context.state.get, (state) =>
      Effect.forEach(
        state.networks.filter(({ labels }) => State.matches(labels, filters)),
        (network) => networkInfo(state, network)
      )),

  remove: (key, options) =>
    update(
      context,
      (state) => Effect.flatMap(State.findNetwork(state, key), (network) => remove(network, key, options, state))
    ),

  connect: (networkKey, containerKey, options) =>
    updateEndpoints(
      context,
      networkKey,
      containerKey,
      (container, network, state) => connect(container, network, options, state)
    ),

  disconnect: (networkKey, containerKey) =>
    updateEndpoints(
      context,
      networkKey,
      containerKey,
      (container, network) =>
        container.endpoints.some(({ networkId }) => networkId === network.id)
          ? Effect.succeed(without(container, network))
          : conflict("disconnect", `container ${container.id} is not connected to network ${network.name}`)
    )
})

const updateEndpoints = <E>(
  context: Context,
  networkKey: string,
  containerKey: string,
  change: (
    container: State.Container,
    network: State.Network,
    state: State.State
  ) => Effect.Effect<ReadonlyArray<State.Endpoint>, E>
) =>
  update(context, (state) =>
    Effect.gen(function*() {
      const container = yield* State.findContainer(state, containerKey)
      const network = yield* State.findNetwork(state, networkKey)
      const endpoints = yield* change(container, network, state)
      return State.putContainer(state, { ...container, endpoints })
    }))

const remove = (
  network: State.Network,
  key: string,
  { force, unusedOnly = false }: Parameters<Networks["remove"]>[1],
  state: State.State
): Effect.Effect<State.State, ResourceInUse | EngineFailed> => {
  if (network.predefined) {
    return State.failed("Network.remove", "Refused", `${network.name} is a pre-defined network and cannot be removed`)
  }
  const members = Endpoints.members(state, network).filter(({ run }) => unusedOnly || Option.isSome(run))
  if (members.length > 0 && !force) {
    return new ResourceInUse({
      kind: "network",
      resource: key,
      detail: `network ${network.name} has active endpoints: ${members.map(({ name }) => name).join(", ")}`
    })
  }
  return Effect.succeed({
    ...state,
    networks: state.networks.filter(({ id }) => id !== network.id),
    containers: force
      ? state.containers.map((container) => ({ ...container, endpoints: without(container, network) }))
      : state.containers
  })
}

const connect = (
  container: State.Container,
  network: State.Network,
  { addresses, aliases }: Parameters<Networks["connect"]>[2],
  state: State.State
) => {
  if (container.endpoints.some(({ networkId }) => networkId === network.id)) {
    return conflict("connect", `endpoint with name ${container.name} already exists in network ${network.name}`)
  }
  if (network.name === "host" || network.name === "none" || !State.hasOwnNetwork(container.definition)) {
    return conflict("connect", "container cannot be connected to host network or share one with others")
  }
  const endpoint = { networkId: network.id, aliases, requested: addresses, addresses: [] }
  const problem = Endpoints.invalidReason(network, endpoint)
  if (problem !== undefined) return State.failed("Network.connect", "Refused", problem)
  return Either.match(Option.isSome(container.run) ? Endpoints.join(state, endpoint) : Either.right(endpoint), {
    onLeft: (detail) => State.failed("Network.connect", "Refused", detail),
    onRight: (joined) => Effect.succeed([...container.endpoints, joined])
  })
}

const conflict = (operation: string, detail: string) => State.failed(`Network.${operation}`, "Conflict", detail)

const without = ({ endpoints }: State.Container, network: State.Network) =>
  endpoints.filter(({ networkId }) => networkId !== network.id)

const toId = Schema.decodeSync(NetworkInfo.Id)

const create = Effect.fnUntraced(function*(request: NetworkRequest, state: State.State) {
  if (state.networks.some(({ name }) => name === request.name)) {
    return yield* new NameInUse({ kind: "network", resource: request.name })
  }
  const taken = state.networks.flatMap(({ subnets }) => subnets.map(({ subnet }) => subnet))
  const overlap = request.subnets.find(({ subnet }) => taken.some((other) => Subnet.overlaps(subnet, other)))
  if (overlap !== undefined) {
    return yield* unavailable(request, "Overlap", "Pool overlaps with other one on this address space")
  }
  const stray = request.subnets.find(({ gateway, subnet }) =>
    Option.exists(gateway, (address) => !Subnet.contains(subnet, address))
  )
  if (stray !== undefined) {
    return yield* State.failed(
      "Network.create",
      "Refused",
      `no matching subnet for gateway in ${Subnet.format(stray.subnet)}`
    )
  }
  const needsIpv4 = !request.subnets.some(({ subnet }) => Subnet.family(subnet) === "ipv4")
  const free = needsIpv4 ? firstFreeSubnet(taken) : []
  if (free === undefined) {
    return yield* unavailable(request, "Exhausted", "all predefined address pools have been fully subnetted")
  }
  return {
    id: toId(yield* State.makeId),
    name: request.name,
    driver: Option.getOrElse(request.driver, () => "bridge"),
    subnets: [...free, ...request.subnets].map(({ gateway, subnet }) => ({
      subnet,
      gateway: Option.orElseSome(gateway, () => firstAddress(subnet))
    })),
    internal: request.internal,
    ipv6: request.ipv6,
    labels: State.toRecord(request.labels),
    driverOptions: request.driverOptions,
    created: yield* Clock.currentTimeMillis,
    predefined: false
  } satisfies State.Network
})

const unavailable = (request: NetworkRequest, reason: SubnetUnavailable["reason"], detail: string) =>
  new SubnetUnavailable({ network: request.name, reason, detail })

const firstAddress = ({ address }: Subnet.Subnet) => {
  const { value, width } = toBits(address)
  return IpAddress.make(formatBits({ value: value + 1n, width }))
}

/** First free subnet of Docker's first address pool. */
const firstFreeSubnet = (taken: ReadonlyArray<Subnet.Subnet>) => {
  for (let second = 17; second < 32; second++) {
    const subnet = Subnet.make(`172.${second}.0.0/16`)
    if (!taken.some((other) => Subnet.overlaps(subnet, other))) return [{ subnet, gateway: Option.none() }]
  }
  return undefined
}

/** Description of a network in Docker's format. */
const networkInfo = (state: State.State, network: State.Network): Effect.Effect<NetworkInfo.NetworkInfo> =>
  Effect.orDie(decodeNetworkInfo({
    Name: network.name,
    Id: network.id,
    Created: DateTime.formatIso(DateTime.unsafeMake(network.created)),
    Scope: "local",
    Driver: network.driver,
    EnableIPv6: network.ipv6,
    IPAM: {
      Driver: "default",
      Config: network.subnets.map(({ gateway, subnet }) => ({
        Subnet: Subnet.format(subnet),
        ...Option.match(gateway, { onNone: () => ({}), onSome: (address) => ({ Gateway: address }) })
      }))
    },
    Internal: network.internal,
    Containers: Object.fromEntries(
      Endpoints.members(state, network)
        .filter(({ run }) => Option.isSome(run))
        .map(({ id, name }) => [id, { Name: name }])
    ),
    Options: network.driverOptions,
    Labels: network.labels
  }))
