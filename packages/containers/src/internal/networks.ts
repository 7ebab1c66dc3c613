import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { Service } from "../Backend.js"
import { NetworkNotFound } from "../BackendError.js"
import * as HostName from "../HostName.js"
import * as IpAddress from "../IpAddress.js"
import type { Network } from "../Network.js"
import * as NetworkInfo from "../NetworkInfo.js"
import type { Primitives } from "../Primitives.js"
import { isKey } from "./creation.js"
import { handleProto } from "./handleProto.js"
import * as libraryLabels from "./libraryLabels.js"
import { NetworkTypeId } from "./networkTypeId.js"
import { type Kind, provide } from "./provision.js"

const toName = Schema.decodeSync(NetworkInfo.Name)

/** @internal */
export const networks = (
  primitives: Primitives,
  session: string
): Pick<Service, "makeNetwork" | "attachNetwork"> => {
  const annotations = { engine: primitives.engine.name }

  const handle = (id: NetworkInfo.Id, name: string, onRemoved: Effect.Effect<void>): Network => {
    const span = (operation: string) =>
      Effect.withSpan(`Network.${operation}`, { captureStackTrace: false, attributes: { ...annotations, network: id } })
    const inspect = primitives.inspectNetwork(id)
    return {
      [NetworkTypeId]: NetworkTypeId,
      ...handleProto(() => ({ _id: "@ociman/containers/Network", id, name })),
      id,
      name,
      connect: (container, { addresses = [], aliases = [] } = {}) =>
        primitives.connectContainer(id, keyOf(container), {
          aliases: aliases.map(HostName.make),
          addresses: addresses.map((address) => IpAddress.make(address))
        }).pipe(span("connect")),
      disconnect: (container, { force = false } = {}) =>
        primitives.disconnectContainer(id, keyOf(container), { force }).pipe(span("disconnect")),
      inspect: span("inspect")(inspect),
      labels: Effect.map(inspect, ({ labels }) => libraryLabels.without(labels)),
      remove: ({ force = false } = {}) =>
        primitives.removeNetwork(id, { force }).pipe(Effect.zipRight(onRemoved), span("remove"))
    }
  }

  return {
    makeNetwork: ({ name, ...request }) => {
      const kind: Kind<NetworkInfo.Name, NetworkInfo.Id, CreateFailure> = {
        engine: primitives.engine,
        owner: primitives,
        what: "network",
        operation: "Network.make",
        session,
        labels: request.labels,
        name,
        toName,
        create: (name, labels) => primitives.createNetwork({ ...request, name, labels }),
        find: (filter) => Effect.map(primitives.listNetworks([filter]), (infos) => infos.map(({ id }) => id)),
        remove: (id) =>
          Effect.catchTag(primitives.removeNetwork(id, { force: true }), "NetworkNotFound", () => Effect.void)
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
        ? primitives.inspectNetwork(network).pipe(
          Effect.map(({ id, name }) => handle(id, name, Effect.void)),
          Effect.withSpan("Network.attach", { captureStackTrace: false, attributes: { ...annotations, network } })
        )
        : new NetworkNotFound({ network })
  }
}

type CreateFailure = Effect.Effect.Error<ReturnType<Primitives["createNetwork"]>>

const keyOf = (container: string | { readonly id: string }) => typeof container === "string" ? container : container.id
