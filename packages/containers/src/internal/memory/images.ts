import { type Platform, Reference } from "@ociman/oci"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { type EngineFailed, ImageNotFound } from "../../BackendError.js"
import type * as MemoryBackend from "../../MemoryBackend.js"
import type { Primitives } from "../../Primitives.js"
import { type Context, modifyContainer, update } from "./context.js"
import * as Events from "./events.js"
import * as FileSystem from "./fileSystem.js"
import { imageInfo } from "./inspection.js"
import * as State from "./state.js"

type Images = Pick<Primitives, "commitContainer" | "inspectImage" | "listImages" | "pullImage" | "removeImage">

/** @internal */
export const images = (context: Context): Images => {
  const { registry } = context.options

  return {
    pullImage: (reference, { platform }) =>
      update(context, (state) => {
        const available = registry?.find(({ image }) =>
          State.imageName(toReference(image)) === State.imageName(reference)
        )
        if (registry !== undefined && available === undefined) return absent(reference, "The registry does not have it")
        return Option.isSome(State.findImage(state, reference))
          ? Effect.succeed(state)
          : addOnly(
            state,
            reference,
            available?.labels,
            Option.getOrUndefined(platform),
            FileSystem.withFiles(FileSystem.empty, available?.files ?? {})
          )
      }).pipe(Effect.zipLeft(Events.publish(context, {
        type: "image",
        action: "pull",
        id: Reference.format(reference),
        name: Reference.format(reference),
        attributes: {}
      }))),

    inspectImage: (reference) =>
      context.state.get.pipe(
        Effect.flatMap((state) => getImage(state, reference)),
        Effect.flatMap(imageInfo)
      ),

    listImages: (filters) =>
      Effect.flatMap(
        context.state.get,
        (state) =>
          Effect.forEach(State.knownImages(state).filter(({ labels }) => State.matches(labels, filters)), imageInfo)
      ),

    removeImage: (reference, { force }) =>
      update(
        context,
        (state) =>
          Effect.flatMap(getImage(state, reference), (image) => untag(state, image, State.imageName(reference), force))
      ),

    commitContainer: (key, reference, { changes = [] }) =>
      modifyContainer(context, key, ({ files, labels }, state) =>
        Effect.map(
          add(state, reference, { ...labels, ...changedLabels(changes) }, undefined, files),
          ([{ id }, state]) => [id, state] as const
        ))
  }
}

/**
 * A state with the images that are there from the start.
 *
 * @internal
 */
export const initial = (images: ReadonlyArray<MemoryBackend.Image>): Effect.Effect<State.State> =>
  Effect.reduce(
    images,
    State.empty,
    (state, { files, image, labels }) =>
      addOnly(state, toReference(image), labels, undefined, FileSystem.withFiles(FileSystem.empty, files ?? {}))
  )

/** @internal */
export const toReference = (image: MemoryBackend.Image["image"]) =>
  typeof image === "string" ? Reference.make(image) : image

const getImage = (state: State.State, reference: Reference.Reference) =>
  Option.match(State.findImage(state, reference), {
    onNone: () => absent(reference, "No such image"),
    onSome: Effect.succeed
  })

const absent = (reference: Reference.Reference, why: string) => {
  const image = Reference.format(reference)
  return new ImageNotFound({ image, detail: `${why}: ${image}` })
}

/** @internal */
export const add = Effect.fnUntraced(function*(
  state: State.State,
  reference: Reference.Reference,
  labels: State.Labels = {},
  { architecture, os }: Pick<Platform.Platform, "architecture" | "os"> = { architecture: "amd64", os: "linux" },
  files: FileSystem.FileSystem = FileSystem.empty
) {
  const id = `sha256:${yield* State.makeId}`
  const image: State.Image = { id, names: [], labels, os, architecture, created: yield* Clock.currentTimeMillis, files }
  return [image, State.tagImage(state, image, State.imageName(reference))] as const
})

const addOnly = (...args: Parameters<typeof add>) => Effect.map(add(...args), ([_, state]) => state)

const untag = (
  state: State.State,
  image: State.Image,
  name: string,
  force: boolean
): Effect.Effect<State.State, EngineFailed> => {
  const names = image.names.filter((other) => other !== name)
  const user = State.userOf(state, image)
  return names.length === 0 && user !== undefined && !force
    ? State.failed(
      "Image.remove",
      "Conflict",
      `unable to remove "${name}" (must force) - container ${user.id} is using its image ${image.id}`
    )
    : Effect.succeed({
      ...state,
      images: state.images.map((other) => other.id === image.id ? { ...image, names } : other)
    })
}

const changedLabels = (changes: ReadonlyArray<string>): State.Labels =>
  Object.fromEntries(
    changes.flatMap((change) => {
      const [, key, value] = /^\s*LABEL\s+([^\s=]+)=("[^"]*"|\S*)\s*$/i.exec(change) ?? []
      return key === undefined || value === undefined ? [] : [[key, value.replace(/^"(.*)"$/, "$1")]]
    })
  )
