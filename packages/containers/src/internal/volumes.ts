import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { Service } from "../Backend.js"
import { NameInUse, VolumeNotFound } from "../BackendError.js"
import type { Primitives } from "../Primitives.js"
import type { Volume } from "../Volume.js"
import * as VolumeInfo from "../VolumeInfo.js"
import { handleProto } from "./handleProto.js"
import * as libraryLabels from "./libraryLabels.js"
import { type Kind, provide } from "./provision.js"
import { VolumeTypeId } from "./volumeTypeId.js"

const toName = Schema.decodeSync(VolumeInfo.Name)

const isName = Schema.is(VolumeInfo.Name)

/** @internal */
export const volumes = (
  primitives: Primitives,
  session: string
): Pick<Service, "makeVolume" | "attachVolume"> => {
  const annotations = { engine: primitives.engine.name }

  const handle = (name: VolumeInfo.Name, onRemoved: Effect.Effect<void>): Volume => {
    const span = (operation: string) =>
      Effect.withSpan(`Volume.${operation}`, {
        captureStackTrace: false,
        attributes: { ...annotations, volume: name }
      })
    const inspect = primitives.inspectVolume(name)
    return {
      [VolumeTypeId]: VolumeTypeId,
      ...handleProto(() => ({ _id: "@ociman/containers/Volume", name })),
      name,
      inspect: span("inspect")(inspect),
      labels: Effect.map(inspect, ({ labels }) => libraryLabels.without(labels)),
      remove: ({ force = false } = {}) =>
        primitives.removeVolume(name, { force }).pipe(Effect.zipRight(onRemoved), span("remove"))
    }
  }

  return {
    makeVolume: ({ name, ...request }) => {
      const kind: Kind<VolumeInfo.Name, VolumeInfo.Name, CreateFailure> = {
        engine: primitives.engine,
        owner: primitives,
        what: "volume",
        operation: "Volume.make",
        session,
        labels: request.labels,
        name,
        toName,
        // Docker answers with the volume that is there already: only the mark tells whose it is.
        create: (name, labels, token) =>
          primitives.createVolume({ ...request, name, labels }).pipe(
            Effect.zipRight(primitives.listVolumes([libraryLabels.madeBy(token)])),
            Effect.filterOrFail((made) => made.length > 0, () => new NameInUse({ kind: "volume", resource: name })),
            Effect.as(name)
          ),
        find: (filter) =>
          Effect.map(primitives.listVolumes([filter]), (infos) => infos.map(({ name }) => toName(name))),
        remove: (name) =>
          Effect.catchTag(primitives.removeVolume(name, { force: false }), "VolumeNotFound", () => Effect.void)
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
        ? primitives.inspectVolume(volume).pipe(
          Effect.as(handle(volume, Effect.void)),
          Effect.withSpan("Volume.attach", { captureStackTrace: false, attributes: { ...annotations, volume } })
        )
        : new VolumeNotFound({ volume })
  }
}

type CreateFailure = Effect.Effect.Error<ReturnType<Primitives["createVolume"]>>
