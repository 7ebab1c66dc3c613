import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import type { NetworkRequest, Networks } from "../../BackendDriver.js"
import {
  ContainerNotFound,
  EngineFailed,
  NameInUse,
  NetworkNotFound,
  ResourceInUse,
  type SubnetUnavailable
} from "../../BackendError.js"
import * as Label from "../../Label.js"
import * as NetworkInfo from "../../NetworkInfo.js"
import * as Subnet from "../../Subnet.js"
import { nonEmptyLines, readAnswers } from "../dialect/inspection.js"
import { says } from "../dialect/messages.js"
import type { Context } from "./context.js"
import * as failures from "./failures.js"
import { addressArguments } from "./flags/create.js"
import * as labelFilters from "./flags/labelFilters.js"
import { inspectListed } from "./inspectListed.js"

const isId = Schema.is(NetworkInfo.Id)

/** @internal */
export const networks = (context: Context): Networks => {
  const { client, explain } = context

  const inspectNetwork: Networks["inspect"] = (network) =>
    client.run(["network", "inspect", network]).pipe(
      Effect.catchAll(explain("Network.inspect")(failures.noSuchNetwork)),
      Effect.flatMap(({ stdout }) => readAnswers(context, "Network.inspect", stdout.text, NetworkInfo.decode)),
      Effect.flatMap(([info]) => info === undefined ? new NetworkNotFound({ network }) : Effect.succeed(info)),
      Effect.catchTag("NetworkNotFound", () => new NetworkNotFound({ network }))
    )

  const create = (request: NetworkRequest) =>
    client.run(createArguments(request)).pipe(
      Effect.catchAll(
        explain("Network.create")<NameInUse | SubnetUnavailable>(
          failures.nameInUse("network", request.name),
          ...failures.subnetUnavailable(request.name)
        )
      ),
      Effect.flatMap(({ stdout }) => {
        // Podman's client answers with the name.
        const answer = nonEmptyLines(stdout.text).at(-1)
        return isId(answer) ? Effect.succeed(answer) : Effect.map(
          Effect.catchTag(inspectNetwork(request.name), "NetworkNotFound", () => vanished(context, request.name)),
          ({ id }) => id
        )
      })
    )

  const remove = (network: string) =>
    Effect.flatMap(removalKey(network), (key) => client.run(["network", "rm", key])).pipe(
      Effect.asVoid,
      Effect.catchAll(
        explain("Network.remove")<NetworkNotFound | ResourceInUse>(
          failures.resourceInUse("network", network),
          { condition: "noSuchNetwork", error: () => new NetworkNotFound({ network }) }
        )
      )
    )

  // Podman 4 looks for containers of the network by what it is given here: none has an id for a network.
  const removalKey = (network: string) =>
    context.engine.name === "podman"
      ? Effect.map(client.run(["network", "inspect", "--format", "{{.Name}}", network]), ({ stdout }) =>
        stdout.text.trim())
      : Effect.succeed(network)

  const namesakes = (request: NetworkRequest, id: NetworkInfo.Id) =>
    client.run(["network", "ls", "--no-trunc", "--filter", `name=${request.name}`, "--format", "{{.ID}} {{.Name}}"])
      .pipe(
        Effect.catchAll(explain("Network.create")()),
        Effect.map(({ stdout }) =>
          nonEmptyLines(stdout.text).filter((line) => line.endsWith(` ${request.name}`) && !line.startsWith(id))
        )
      )

  /**
   * Docker makes several networks of a name that are asked for at once. Whoever
   * finds another one withdraws, so that no two can both believe to be the only one.
   */
  const createAlone = (request: NetworkRequest): Effect.Effect<NetworkInfo.Id, CreateError> =>
    Effect.gen(function*() {
      const id = yield* create(request)
      if (context.engine.name === "podman" || (yield* namesakes(request, id)).length === 0) return id
      yield* Effect.catchTags(remove(id), {
        NetworkNotFound: () => Effect.void,
        ResourceInUse: () => Effect.void
      })
      yield* Effect.flatMap(Random.nextIntBetween(0, 200), (millis) => Effect.sleep(millis))
      return yield* new Raced()
    }).pipe(
      Effect.retry({ while: (error) => error._tag === "Raced", schedule: Schedule.recurs(3) }),
      Effect.catchTag("Raced", () => new NameInUse({ kind: "network", resource: request.name }))
    )

  const disconnectContainer: Networks["disconnect"] = (network, container, { force }) =>
    client.run(["network", "disconnect", ...(force ? ["--force"] : []), network, container]).pipe(
      Effect.asVoid,
      Effect.catchAll(explain("Network.disconnect")<NetworkError>(...endpointKnown(container)))
    )

  /** Containers of any state. Docker knows the network of one that was never started by its name only. */
  const usersOf = (network: string): Effect.Effect<ReadonlyArray<string>, ExistingError> =>
    Effect.flatMap(inspectNetwork(network), ({ id, name }) => {
      const filters = [id, name].flatMap((key) => ["--filter", `network=${key}`])
      return client.run(["container", "ls", "--all", "--quiet", "--no-trunc", ...filters]).pipe(
        Effect.map(({ stdout }) => nonEmptyLines(stdout.text)),
        Effect.catchAll(explain("Network.remove")())
      )
    })

  // Those that are gone by then, or are no longer in it, are no concern.
  const disconnectAll = (network: string): Effect.Effect<void, ExistingError> =>
    Effect.flatMap(usersOf(network), (containers) =>
      Effect.forEach(
        containers,
        (container) =>
          disconnectContainer(network, container, { force: true }).pipe(
            Effect.catchTags({ ContainerNotFound: () => Effect.void, NetworkNotFound: () => Effect.void }),
            Effect.catchIf(
              (error) => error._tag === "EngineFailed" && says(error.detail, "notConnected"),
              () => Effect.void
            )
          ),
        { discard: true }
      ))

  const checkUnused = (network: string): Effect.Effect<void, ExistingError | ResourceInUse> =>
    Effect.flatMap(usersOf(network), (containers) =>
      containers.length === 0 ? Effect.void : new ResourceInUse({
        kind: "network",
        resource: network,
        detail: `containers that use it: ${containers.join(", ")}`
      }))

  return {
    create: createAlone,
    inspect: inspectNetwork,

    list: (labels) =>
      Effect.gen(function*() {
        const operation = "Network.list"
        const filters = labelFilters.flags(context.engine.transport, labels)
        const { stdout } = yield* client.run(["network", "ls", "--no-trunc", "--format", "{{.ID}}", ...filters]).pipe(
          Effect.catchAll(explain(operation)())
        )
        const infos = yield* inspectListed(
          context,
          operation,
          ["network"],
          nonEmptyLines(stdout.text),
          "noSuchNetwork",
          NetworkInfo.decode
        )
        return labelFilters.select(infos, labels)
      }),

    remove: (network, { force, unusedOnly = false }) =>
      Effect.zipRight(
        force ? disconnectAll(network) : unusedOnly ? checkUnused(network) : Effect.void,
        remove(network)
      ),

    connect: (network, container, { addresses, aliases }) =>
      client.run([
        "network",
        "connect",
        ...aliases.flatMap((alias) => ["--alias", alias]),
        ...addressArguments(addresses),
        network,
        container
      ]).pipe(
        Effect.asVoid,
        Effect.catchAll(explain("Network.connect")<NetworkError>(...endpointKnown(container)))
      ),

    disconnect: disconnectContainer
  }
}

type CreateError = Effect.Effect.Error<ReturnType<Networks["create"]>>

type ExistingError = Effect.Effect.Error<ReturnType<Networks["inspect"]>>

type NetworkError = ContainerNotFound | NetworkNotFound

class Raced extends Data.TaggedError("Raced") {}

const endpointKnown = (container: string): ReadonlyArray<failures.Known<NetworkError>> => [
  failures.noSuchContainer(container),
  { condition: "noSuchEndpoint", error: () => new ContainerNotFound({ container }) },
  failures.noSuchNetwork
]

const vanished = (context: Context, name: string) =>
  new EngineFailed({
    engine: context.engine.name,
    operation: "Network.create",
    reason: "UnexpectedAnswer",
    detail: `network "${name}" was made, and is not there`
  })

const createArguments = (request: NetworkRequest): ReadonlyArray<string> => [
  "network",
  "create",
  ...Option.match(request.driver, { onNone: () => [], onSome: (driver) => ["--driver", driver] }),
  ...(request.internal ? ["--internal"] : []),
  ...(request.ipv6 ? ["--ipv6"] : []),
  ...request.subnets.flatMap(({ gateway, subnet }) => [
    "--subnet",
    Subnet.format(subnet),
    ...Option.match(gateway, { onNone: () => [], onSome: (address) => ["--gateway", address] })
  ]),
  ...Object.entries(request.driverOptions).flatMap(([key, value]) => ["--opt", `${key}=${value}`]),
  ...Array.from(request.labels).flatMap(([key, value]) => ["--label", Label.format({ key, value })]),
  request.name
]
