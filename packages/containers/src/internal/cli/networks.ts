import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import type { NetworkRequest, Networks } from "../../BackendDriver.js"
import {
  ContainerNotFound,
  NameInUse,
  NetworkNotFound,
  ResourceInUse,
  type SubnetUnavailable
} from "../../BackendError.js"
import * as Label from "../../Label.js"
import * as NetworkInfo from "../../NetworkInfo.js"
import * as Subnet from "../../Subnet.js"
import { nonEmptyLines, readAnswers } from "../dialect/inspection.js"
import { matches } from "../dialect/messages.js"
import * as networkInfo from "../dialect/networkInfo.js"
import { unexpectedAnswer } from "./answers.js"
import type { Context } from "./context.js"
import * as failures from "./failures.js"
import { addressArguments } from "./flags/create.js"
import * as labelFilters from "./flags/labelFilters.js"
import { inspectListed } from "./inspectListed.js"

type CreateError = Effect.Effect.Error<ReturnType<Networks["create"]>>

type ExistingError = Effect.Effect.Error<ReturnType<Networks["inspect"]>>

type NetworkError = ContainerNotFound | NetworkNotFound

/** @internal */
export const networks = (context: Context): Networks => ({
  create: (request) => createUnique(context, request),
  inspect: inspect(context),
  list: list(context),
  remove: (network, { force, unusedOnly = false }) =>
    Effect.zipRight(
      force ? disconnectAll(context, network) : unusedOnly ? checkUnused(context, network) : Effect.void,
      remove(context, network)
    ),
  connect: connect(context),
  disconnect: disconnect(context)
})

const inspect = (context: Context): Networks["inspect"] => (network) =>
  context.client.run(["network", "inspect", network]).pipe(
    Effect.catchAll(context.explain("Network.inspect")(failures.noSuchNetwork)),
    Effect.flatMap(({ stdout }) => readAnswers(context, "Network.inspect", stdout.text, networkInfo.decode)),
    Effect.flatMap(([info]) => info === undefined ? new NetworkNotFound({ network }) : Effect.succeed(info)),
    Effect.catchTag("NetworkNotFound", () => new NetworkNotFound({ network }))
  )

const list = (context: Context): Networks["list"] => (labels) =>
  Effect.gen(function*() {
    const { client, engine, explain } = context
    const operation = "Network.list"
    const filters = labelFilters.flags(engine.transport, labels)
    const { stdout } = yield* client.run(["network", "ls", "--no-trunc", "--format", "{{.ID}}", ...filters]).pipe(
      Effect.catchAll(explain(operation)())
    )
    const infos = yield* inspectListed(
      context,
      operation,
      ["network"],
      nonEmptyLines(stdout.text),
      "noSuchNetwork",
      networkInfo.decode
    )
    return labelFilters.select(infos, labels)
  })

const create = (context: Context, request: NetworkRequest) =>
  context.client.run(createArguments(request)).pipe(
    Effect.catchAll(
      context.explain("Network.create")<NameInUse | SubnetUnavailable>(
        failures.nameInUse("network", request.name),
        ...failures.subnetUnavailable(request.name)
      )
    ),
    Effect.flatMap(({ stdout }) => {
      // Podman's client prints the name instead of the id.
      const answer = nonEmptyLines(stdout.text).at(-1)
      return isId(answer) ? Effect.succeed(answer) : Effect.map(
        Effect.catchTag(inspect(context)(request.name), "NetworkNotFound", () =>
          unexpectedAnswer(
            context,
            "Network.create",
            `network "${request.name}" was created, but does not exist`
          )),
        ({ id }) => id
      )
    })
  )

const isId = Schema.is(NetworkInfo.Id)

class NameRace extends Data.TaggedError("NameRace") {}

/**
 * Docker creates several networks of the same name if they are requested at the
 * same time. A process that finds another one removes its own and tries again,
 * so that no two processes both keep theirs.
 */
const createUnique = (context: Context, request: NetworkRequest): Effect.Effect<NetworkInfo.Id, CreateError> =>
  Effect.gen(function*() {
    const id = yield* create(context, request)
    if (context.engine.name === "podman" || (yield* namesakes(context, request, id)).length === 0) return id
    yield* Effect.catchTags(remove(context, id), {
      NetworkNotFound: () => Effect.void,
      ResourceInUse: () => Effect.void
    })
    yield* Effect.flatMap(Random.nextIntBetween(0, 200), (millis) => Effect.sleep(millis))
    return yield* new NameRace()
  }).pipe(
    Effect.retry({ while: (error) => error._tag === "NameRace", schedule: Schedule.recurs(3) }),
    Effect.catchTag("NameRace", () => new NameInUse({ kind: "network", resource: request.name }))
  )

const namesakes = ({ client, explain }: Context, request: NetworkRequest, id: NetworkInfo.Id) =>
  client.run(["network", "ls", "--no-trunc", "--filter", `name=${request.name}`, "--format", "{{.ID}} {{.Name}}"])
    .pipe(
      Effect.catchAll(explain("Network.create")()),
      Effect.map(({ stdout }) =>
        nonEmptyLines(stdout.text).filter((line) => line.endsWith(` ${request.name}`) && !line.startsWith(id))
      )
    )

const remove = (context: Context, network: string) =>
  Effect.flatMap(removalKey(context, network), (key) => context.client.run(["network", "rm", key])).pipe(
    Effect.asVoid,
    Effect.catchAll(
      context.explain("Network.remove")<NetworkNotFound | ResourceInUse>(
        failures.resourceInUse("network", network),
        { condition: "noSuchNetwork", error: () => new NetworkNotFound({ network }) }
      )
    )
  )

// Podman 4 compares its argument with the networks of containers, which are stored by name.
const removalKey = ({ client, engine }: Context, network: string) =>
  engine.name === "podman"
    ? Effect.map(
      client.run(["network", "inspect", "--format", "{{.Name}}", network]),
      ({ stdout }) => stdout.text.trim()
    )
    : Effect.succeed(network)

/**
 * Ids of the containers of a network, in any state. Docker stores the network
 * of a container that was never started by its name only.
 */
const containersOf = (context: Context, network: string): Effect.Effect<ReadonlyArray<string>, ExistingError> =>
  Effect.flatMap(inspect(context)(network), ({ id, name }) => {
    const filters = [id, name].flatMap((key) => ["--filter", `network=${key}`])
    return context.client.run(["container", "ls", "--all", "--quiet", "--no-trunc", ...filters]).pipe(
      Effect.map(({ stdout }) => nonEmptyLines(stdout.text)),
      Effect.catchAll(context.explain("Network.remove")())
    )
  })

/** Disconnects all containers; those that are removed or disconnected meanwhile are skipped. */
const disconnectAll = (context: Context, network: string): Effect.Effect<void, ExistingError> =>
  Effect.flatMap(containersOf(context, network), (containers) =>
    Effect.forEach(
      containers,
      (container) =>
        disconnect(context)(network, container, { force: true }).pipe(
          Effect.catchTags({ ContainerNotFound: () => Effect.void, NetworkNotFound: () => Effect.void }),
          Effect.catchIf(
            (error) => error._tag === "EngineFailed" && matches(error.detail, "notConnected"),
            () => Effect.void
          )
        ),
      { discard: true }
    ))

const checkUnused = (context: Context, network: string): Effect.Effect<void, ExistingError | ResourceInUse> =>
  Effect.flatMap(
    containersOf(context, network),
    (containers) =>
      containers.length === 0 ? Effect.void : new ResourceInUse({
        kind: "network",
        resource: network,
        detail: `containers that use it: ${containers.join(", ")}`
      })
  )

const connect = ({ client, explain }: Context): Networks["connect"] => (network, container, { addresses, aliases }) =>
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
  )

const disconnect = ({ client, explain }: Context): Networks["disconnect"] => (network, container, { force }) =>
  client.run(["network", "disconnect", ...(force ? ["--force"] : []), network, container]).pipe(
    Effect.asVoid,
    Effect.catchAll(explain("Network.disconnect")<NetworkError>(...endpointKnown(container)))
  )

const endpointKnown = (container: string): ReadonlyArray<failures.Known<NetworkError>> => [
  failures.noSuchContainer(container),
  { condition: "noSuchEndpoint", error: () => new ContainerNotFound({ container }) },
  failures.noSuchNetwork
]

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
