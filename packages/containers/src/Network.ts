/**
 * Networks, in which containers resolve each other by name.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Backend from "./Backend.js"
import type * as BackendDriver from "./BackendDriver.js"
import type * as BackendError from "./BackendError.js"
import { NetworkTypeId } from "./internal/model/network.js"
import type * as model from "./internal/model/network.js"
import { present } from "./internal/values/text.js"
import * as IpAddress from "./IpAddress.js"
import * as Label from "./Label.js"
import * as NetworkInfo from "./NetworkInfo.js"
import * as Subnet from "./Subnet.js"

/**
 * @since 0.1.0
 * @category type ids
 */
export const TypeId: typeof NetworkTypeId = NetworkTypeId

/**
 * @since 0.1.0
 * @category type ids
 */
export type TypeId = typeof TypeId

/**
 * Handle of a network, for use with `Definition.network`.
 *
 * @since 0.1.0
 * @category models
 */
export type Network = model.Network

/**
 * @since 0.1.0
 * @category models
 */
export type ConnectOptions = model.ConnectOptions

/**
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** Name of the network. Default: a unique one. */
  readonly name?: string | undefined
  /** Network driver. Default: the engine's, `bridge`. */
  readonly driver?: string | undefined
  /**
   * Subnets, such as `10.89.0.0/24` or `fd00:1::/64`, on Docker's `bridge` at most one of each family. Default: a free
   * one of IPv4.
   */
  readonly subnets?: ReadonlyArray<Subnet.Subnet | string | SubnetOptions> | undefined
  /** If true, containers cannot reach hosts outside of the network. Default: false. */
  readonly internal?: boolean | undefined
  /** Enables IPv6. Docker before version 27 requires a subnet of IPv6. Default: true if there is one. */
  readonly ipv6?: boolean | undefined
  readonly labels?: Readonly<Record<string, string>> | undefined
  /** Options of the driver, such as `com.docker.network.driver.mtu`. */
  readonly driverOptions?: Readonly<Record<string, string>> | undefined
}

/**
 * @since 0.1.0
 * @category models
 */
export interface SubnetOptions {
  readonly subnet: Subnet.Subnet | string
  /** Address of the engine's machine in the subnet. Default: the first one. */
  readonly gateway?: IpAddress.IpAddress | string | undefined
}

/**
 * Converts options to the request for a backend. Throws if an option is invalid.
 *
 * @since 0.1.0
 * @category constructors
 */
export const request = (options: Options = {}): Backend.NetworkRequest => {
  const subnets = (options.subnets ?? []).map(rangeOf)
  return {
    name: Option.map(Option.fromNullable(options.name), Schema.decodeSync(NetworkInfo.Name)),
    driver: Option.fromNullable(options.driver),
    subnets,
    internal: options.internal ?? false,
    ipv6: options.ipv6 ?? subnets.some(({ subnet }) => Subnet.family(subnet) === "ipv6"),
    labels: Label.fromRecord(options.labels ?? {}),
    driverOptions: options.driverOptions ?? {}
  }
}

const rangeOf = (range: Subnet.Subnet | string | SubnetOptions): BackendDriver.NetworkRequest["subnets"][number] => {
  if (typeof range === "string") return { subnet: Subnet.make(range), gateway: Option.none() }
  if (isSubnet(range)) return { subnet: range, gateway: Option.none() }
  const { gateway, subnet } = present(range)
  return {
    subnet: typeof subnet === "string" ? Subnet.make(subnet) : subnet,
    gateway: Option.map(Option.fromNullable(gateway), (address) => IpAddress.make(address))
  }
}

const isSubnet = Schema.is(Subnet.Subnet)

/**
 * Creates a network that is removed when the scope closes, after disconnecting the remaining containers. Interruption
 * at any point leaves nothing behind.
 *
 * Throws if an option is invalid. Fails with `NameInUse` if a network of that name exists, also if several processes
 * create it at once, and with `SubnetUnavailable` if it cannot have its addresses.
 *
 * @example
 * ```ts
 * import { Container, Definition, MemoryBackend, Network } from "@ociman/containers"
 * import { Effect } from "effect"
 *
 * const program = Effect.gen(function*() {
 *   const network = yield* Network.make({ subnets: ["10.89.7.0/24"], labels: { role: "test" } })
 *   const database = Definition.make("postgres:17").pipe(
 *     Definition.network(network),
 *     Definition.networkAlias("db") // name of the container in this network
 *   )
 *   const container = yield* Container.start(database)
 *   const { addresses } = yield* container.inspect
 *   assert.strictEqual(addresses[network.name], "10.89.7.2")
 * })
 *
 * await program.pipe(Effect.scoped, Effect.provide(MemoryBackend.layer()), Effect.runPromise)
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (
  options?: Options
): Effect.Effect<Network, BackendError.CreateNetworkError, Backend.Backend | Scope.Scope> => {
  const checked = request(options)
  return Effect.flatMap(Backend.Backend, (backend) => backend.makeNetwork(checked))
}

/**
 * Returns the handle of an existing network, by its id or name. The network is not removed, unless by an explicit call.
 *
 * @since 0.1.0
 * @category constructors
 */
export const attach = (network: string): Effect.Effect<Network, BackendError.NetworkError, Backend.Backend> =>
  Effect.flatMap(Backend.Backend, (backend) => backend.attachNetwork(network))

/**
 * Lists networks that match all label filters.
 *
 * @since 0.1.0
 * @category lists
 */
export const list = (
  ...labels: ReadonlyArray<Label.Filter>
): Effect.Effect<ReadonlyArray<NetworkInfo.NetworkInfo>, BackendError.EngineError, Backend.Backend> =>
  Effect.flatMap(Backend.Backend, (backend) => backend.networks.list(labels))

/**
 * Removes networks that match all label filters and are not used by any container. Returns the removed networks.
 *
 * @since 0.1.0
 * @category operations
 */
export const prune = (
  ...labels: readonly [Label.Filter, ...ReadonlyArray<Label.Filter>]
): Effect.Effect<ReadonlyArray<NetworkInfo.NetworkInfo>, BackendError.EngineError, Backend.Backend> =>
  Effect.flatMap(Backend.Backend, (backend) =>
    Effect.flatMap(
      backend.networks.list(labels),
      Effect.filter(({ id }) =>
        backend.networks.remove(id, { force: false }).pipe(
          Effect.as(true),
          Effect.catchTag("NetworkNotFound", "ResourceInUse", () => Effect.succeed(false))
        )
      )
    ))

/**
 * Returns the subnets of the engine's default network, `bridge` on Docker and `podman` on Podman. Rootless Podman has
 * this network too, but connects containers to it only on request.
 *
 * @since 0.1.0
 * @category accessors
 */
export const bridgeSubnets: Effect.Effect<
  ReadonlyArray<Subnet.Subnet>,
  BackendError.NetworkError,
  Backend.Backend
> = Effect.flatMap(
  Backend.Backend,
  (backend) =>
    Effect.map(
      backend.networks.inspect(backend.engine.name === "podman" ? "podman" : "bridge"),
      ({ subnets }) => subnets.map(({ subnet }) => subnet)
    )
)
