/**
 * Networks of their own for containers, which find each other in them by name.
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
 * The handle of a network. `Definition.network` takes it.
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
  /** Default: a new one that nobody else has. */
  readonly name?: string | undefined
  /** Default: the engine's, `bridge`. */
  readonly driver?: string | undefined
  /**
   * The ranges of its addresses, such as `10.89.0.0/24` or `fd00:1::/64`. Default: one of IPv4 that is free. Docker's
   * `bridge` has one of each family at the most.
   */
  readonly subnets?: ReadonlyArray<Subnet.Subnet | string | SubnetOptions> | undefined
  /** Keep its containers from reaching anything outside. Default: false. */
  readonly internal?: boolean | undefined
  /** Default: whether one of the subnets is of IPv6. Docker before version 27 needs such a subnet. */
  readonly ipv6?: boolean | undefined
  readonly labels?: Readonly<Record<string, string>> | undefined
  /** What the driver understands, such as `com.docker.network.driver.mtu`. */
  readonly driverOptions?: Readonly<Record<string, string>> | undefined
}

/**
 * @since 0.1.0
 * @category models
 */
export interface SubnetOptions {
  readonly subnet: Subnet.Subnet | string
  /** The address of the engine's machine in it. Default: the first one. */
  readonly gateway?: IpAddress.IpAddress | string | undefined
}

/**
 * What an engine is asked for. Throws where an option breaks a rule.
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
 * A network that is removed when the scope closes; containers that are still in
 * it are disconnected first. Interruption at any moment leaves nothing behind.
 *
 * Throws where an option breaks a rule. Fails with `NameInUse` if there is a
 * network of the name, also if several processes ask for it at once, and with
 * `SubnetUnavailable` where it cannot have its addresses.
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
 *     Definition.networkAlias("db") // where the others find it
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
 * The handle of a network that exists, by its id or name. It is not removed
 * unless it is told to be.
 *
 * @since 0.1.0
 * @category constructors
 */
export const attach = (network: string): Effect.Effect<Network, BackendError.NetworkError, Backend.Backend> =>
  Effect.flatMap(Backend.Backend, (backend) => backend.attachNetwork(network))

/**
 * Networks that carry all the labels asked for.
 *
 * @since 0.1.0
 * @category lists
 */
export const list = (
  ...labels: ReadonlyArray<Label.Filter>
): Effect.Effect<ReadonlyArray<NetworkInfo.NetworkInfo>, BackendError.EngineError, Backend.Backend> =>
  Effect.flatMap(Backend.Backend, (backend) => backend.networks.list(labels))

/**
 * Removes the networks that carry all the labels asked for and that no
 * container uses: those that are gone.
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
 * The subnets of the network that containers are in by default, `bridge` on
 * Docker and `podman` on Podman. Podman without root has it, but does not put
 * containers there unless they are told to join it.
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
