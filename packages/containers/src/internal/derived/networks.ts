import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { type CreateNetworkError, NetworkNotFound } from "../../BackendError.js"
import * as HostName from "../../HostName.js"
import * as IpAddress from "../../IpAddress.js"
import * as NetworkInfo from "../../NetworkInfo.js"
import type { HostedDriver } from "../contract/host.js"
import * as libraryLabels from "../contract/libraryLabels.js"
import type { NetworkRequest, Service } from "../contract/service.js"
import { handleProto } from "../model/handleProto.js"
import { type Network, NetworkTypeId } from "../model/network.js"
import { type Context, isKey, make, type Resource } from "./creation.js"

/** @internal */
export const networks = (context: Context): Pick<Service, "makeNetwork" | "attachNetwork"> => {
  const { driver } = context
  const span = (operation: string, attributes: Readonly<Record<string, string>>) =>
    Effect.withSpan(`Network.${operation}`, {
      captureStackTrace: false,
      attributes: { engine: driver.engine.name, ...attributes }
    })

  return {
    makeNetwork: (request) =>
      make(context, resourceOf(driver, request)).pipe(
        Effect.map(({ forget, id, name }) => handle(driver, id, name, forget)),
        span("make", Option.match(request.name, { onNone: () => ({}), onSome: (name) => ({ name }) }))
      ),

    attachNetwork: (network) =>
      isKey(network)
        ? driver.networks.inspect(network).pipe(
          Effect.map(({ id, name }) => handle(driver, id, name, Effect.void)),
          span("attach", { network })
        )
        : new NetworkNotFound({ network })
  }
}

const resourceOf = (
  driver: HostedDriver,
  { name, ...request }: NetworkRequest
): Resource<NetworkInfo.Name, NetworkInfo.Id, CreateNetworkError> => ({
  kind: "network",
  operation: "Network.make",
  lifetime: "scope",
  name,
  toName: Schema.decodeSync(NetworkInfo.Name),
  create: (name, labels) =>
    driver.networks.create({ ...request, name, labels: libraryLabels.addedTo(request.labels, labels) }),
  rejections: ["NameInUse"],
  remove: ({ token }) =>
    Effect.flatMap(
      driver.networks.list([libraryLabels.createdBy(token)]),
      Effect.forEach(
        ({ id }) => Effect.catchTag(driver.networks.remove(id, { force: true }), "NetworkNotFound", () => Effect.void),
        { discard: true }
      )
    ),
  grace: Duration.zero
})

const handle = (driver: HostedDriver, id: NetworkInfo.Id, name: string, onRemoved: Effect.Effect<void>): Network => {
  const span = (operation: string) =>
    Effect.withSpan(`Network.${operation}`, {
      captureStackTrace: false,
      attributes: { engine: driver.engine.name, network: id }
    })
  const inspect = driver.networks.inspect(id)
  return {
    [NetworkTypeId]: NetworkTypeId,
    ...handleProto(() => ({ _id: "@ociman/containers/Network", id, name })),
    id,
    name,
    connect: (container, { addresses = [], aliases = [] } = {}) =>
      driver.networks.connect(id, keyOf(container), {
        aliases: aliases.map(HostName.make),
        addresses: addresses.map((address) => IpAddress.make(address))
      }).pipe(span("connect")),
    disconnect: (container, { force = false } = {}) =>
      driver.networks.disconnect(id, keyOf(container), { force }).pipe(span("disconnect")),
    inspect: span("inspect")(inspect),
    labels: Effect.map(inspect, ({ labels }) => libraryLabels.without(labels)),
    remove: ({ force = false } = {}) =>
      driver.networks.remove(id, { force }).pipe(Effect.zipRight(onRemoved), span("remove"))
  }
}

const keyOf = (container: string | { readonly id: string }) => typeof container === "string" ? container : container.id
