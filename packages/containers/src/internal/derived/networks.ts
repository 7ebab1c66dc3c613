import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { Networks } from "../../BackendDriver.js"
import { NetworkNotFound } from "../../BackendError.js"
import * as HostName from "../../HostName.js"
import * as IpAddress from "../../IpAddress.js"
import * as NetworkInfo from "../../NetworkInfo.js"
import type { HostedDriver } from "../contract/host.js"
import * as libraryLabels from "../contract/libraryLabels.js"
import type { Service } from "../contract/service.js"
import { handleProto } from "../model/handleProto.js"
import { type Network, NetworkTypeId } from "../model/network.js"
import { isKey } from "./creation.js"
import { type Kind, provide } from "./provision.js"

const toName = Schema.decodeSync(NetworkInfo.Name)

/** @internal */
export const networks = (
  driver: HostedDriver,
  session: string
): Pick<Service, "makeNetwork" | "attachNetwork"> => {
  const annotations = { engine: driver.engine.name }

  const handle = (id: NetworkInfo.Id, name: string, onRemoved: Effect.Effect<void>): Network => {
    const span = (operation: string) =>
      Effect.withSpan(`Network.${operation}`, { captureStackTrace: false, attributes: { ...annotations, network: id } })
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

  return {
    makeNetwork: ({ name, ...request }) => {
      const kind: Kind<NetworkInfo.Name, NetworkInfo.Id, CreateFailure> = {
        engine: driver.engine,
        host: driver.host,
        what: "network",
        operation: "Network.make",
        session,
        labels: request.labels,
        name,
        toName,
        create: (name, labels) => driver.networks.create({ ...request, name, labels }),
        find: (filter) => Effect.map(driver.networks.list([filter]), (infos) => infos.map(({ id }) => id)),
        remove: (id) =>
          Effect.catchTag(driver.networks.remove(id, { force: true }), "NetworkNotFound", () => Effect.void)
      }
      return provide(kind).pipe(
        Effect.map(({ forget, id, name }) => handle(id, name, forget)),
        Effect.withSpan("Network.make", {
          captureStackTrace: false,
          attributes: { ...annotations, ...Option.match(name, { onNone: () => ({}), onSome: (name) => ({ name }) }) }
        })
      )
    },

    attachNetwork: (network) =>
      isKey(network)
        ? driver.networks.inspect(network).pipe(
          Effect.map(({ id, name }) => handle(id, name, Effect.void)),
          Effect.withSpan("Network.attach", { captureStackTrace: false, attributes: { ...annotations, network } })
        )
        : new NetworkNotFound({ network })
  }
}

type CreateFailure = Effect.Effect.Error<ReturnType<Networks["create"]>>

const keyOf = (container: string | { readonly id: string }) => typeof container === "string" ? container : container.id
