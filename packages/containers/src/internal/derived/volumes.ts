import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { Volumes } from "../../BackendDriver.js"
import { NameInUse, VolumeNotFound } from "../../BackendError.js"
import * as VolumeInfo from "../../VolumeInfo.js"
import type { HostedDriver } from "../contract/host.js"
import * as libraryLabels from "../contract/libraryLabels.js"
import type { Service } from "../contract/service.js"
import { handleProto } from "../model/handleProto.js"
import { type Volume, VolumeTypeId } from "../model/volume.js"
import { type Kind, provide } from "./provision.js"

const toName = Schema.decodeSync(VolumeInfo.Name)

const isName = Schema.is(VolumeInfo.Name)

/** @internal */
export const volumes = (
  driver: HostedDriver,
  session: string
): Pick<Service, "makeVolume" | "attachVolume"> => {
  const annotations = { engine: driver.engine.name }

  const handle = (name: VolumeInfo.Name, onRemoved: Effect.Effect<void>): Volume => {
    const span = (operation: string) =>
      Effect.withSpan(`Volume.${operation}`, {
        captureStackTrace: false,
        attributes: { ...annotations, volume: name }
      })
    const inspect = driver.volumes.inspect(name)
    return {
      [VolumeTypeId]: VolumeTypeId,
      ...handleProto(() => ({ _id: "@ociman/containers/Volume", name })),
      name,
      inspect: span("inspect")(inspect),
      labels: Effect.map(inspect, ({ labels }) => libraryLabels.without(labels)),
      remove: ({ force = false } = {}) =>
        driver.volumes.remove(name, { force }).pipe(Effect.zipRight(onRemoved), span("remove"))
    }
  }

  return {
    makeVolume: ({ name, ...request }) => {
      const kind: Kind<VolumeInfo.Name, VolumeInfo.Name, CreateFailure> = {
        engine: driver.engine,
        host: driver.host,
        what: "volume",
        operation: "Volume.make",
        session,
        labels: request.labels,
        name,
        toName,
        // Docker also succeeds for an existing volume; only the label identifies a new one.
        create: (name, labels, token) =>
          driver.volumes.create({ ...request, name, labels }).pipe(
            Effect.zipRight(driver.volumes.list([libraryLabels.madeBy(token)])),
            Effect.filterOrFail((made) => made.length > 0, () => new NameInUse({ kind: "volume", resource: name })),
            Effect.as(name)
          ),
        find: (filter) => Effect.map(driver.volumes.list([filter]), (infos) => infos.map(({ name }) => toName(name))),
        remove: (name) =>
          Effect.catchTag(driver.volumes.remove(name, { force: false }), "VolumeNotFound", () => Effect.void)
      }
      return provide(kind).pipe(
        Effect.map(({ forget, name }) => handle(name, forget)),
        Effect.withSpan("Volume.make", {
          captureStackTrace: false,
          attributes: { ...annotations, ...Option.match(name, { onNone: () => ({}), onSome: (name) => ({ name }) }) }
        })
      )
    },

    attachVolume: (volume) =>
      isName(volume)
        ? driver.volumes.inspect(volume).pipe(
          Effect.as(handle(volume, Effect.void)),
          Effect.withSpan("Volume.attach", { captureStackTrace: false, attributes: { ...annotations, volume } })
        )
        : new VolumeNotFound({ volume })
  }
}

type CreateFailure = Effect.Effect.Error<ReturnType<Volumes["create"]>>
