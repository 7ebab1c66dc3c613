import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { type EngineError, NameInUse, VolumeNotFound } from "../../BackendError.js"
import * as VolumeInfo from "../../VolumeInfo.js"
import type { HostedDriver } from "../contract/host.js"
import * as libraryLabels from "../contract/libraryLabels.js"
import type { Service, VolumeRequest } from "../contract/service.js"
import { handleProto } from "../model/handleProto.js"
import { type Volume, VolumeTypeId } from "../model/volume.js"
import { type Context, make, type Resource } from "./creation.js"

const toName = Schema.decodeSync(VolumeInfo.Name)

const isName = Schema.is(VolumeInfo.Name)

/** @internal */
export const volumes = (context: Context): Pick<Service, "makeVolume" | "attachVolume"> => {
  const { driver } = context
  const span = (operation: string, attributes: Readonly<Record<string, string>>) =>
    Effect.withSpan(`Volume.${operation}`, {
      captureStackTrace: false,
      attributes: { engine: driver.engine.name, ...attributes }
    })

  return {
    makeVolume: (request) =>
      make(context, resourceOf(driver, request)).pipe(
        Effect.map(({ forget, name }) => handle(driver, name, forget)),
        span("make", Option.match(request.name, { onNone: () => ({}), onSome: (name) => ({ name }) }))
      ),

    attachVolume: (volume) =>
      isName(volume)
        ? driver.volumes.inspect(volume).pipe(
          Effect.as(handle(driver, volume, Effect.void)),
          span("attach", { volume })
        )
        : new VolumeNotFound({ volume })
  }
}

const resourceOf = (
  driver: HostedDriver,
  { name, ...request }: VolumeRequest
): Resource<VolumeInfo.Name, VolumeInfo.Name, NameInUse | EngineError> => ({
  kind: "volume",
  operation: "Volume.make",
  lifetime: "scope",
  name,
  toName,
  // Docker also succeeds for an existing volume; only the label identifies a new one.
  create: (name, labels, token) =>
    driver.volumes.create({ ...request, name, labels: libraryLabels.addedTo(request.labels, labels) }).pipe(
      Effect.zipRight(driver.volumes.list([libraryLabels.createdBy(token)])),
      Effect.filterOrFail((found) => found.length > 0, () => new NameInUse({ kind: "volume", resource: name })),
      Effect.as(name)
    ),
  rejections: ["NameInUse"],
  // A volume is identified by its name, which may be reused; the label is unique.
  remove: ({ token }) =>
    Effect.flatMap(
      driver.volumes.list([libraryLabels.createdBy(token)]),
      Effect.forEach(
        ({ name }) =>
          Effect.catchTag(driver.volumes.remove(name, { force: false }), "VolumeNotFound", () => Effect.void),
        { discard: true }
      )
    ),
  grace: Duration.zero
})

const handle = (driver: HostedDriver, name: VolumeInfo.Name, onRemoved: Effect.Effect<void>): Volume => {
  const span = (operation: string) =>
    Effect.withSpan(`Volume.${operation}`, {
      captureStackTrace: false,
      attributes: { engine: driver.engine.name, volume: name }
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
