import type * as Digest from "@ociman/oci/Digest"
import type * as Platform from "@ociman/oci/Platform"
import * as Reference from "@ociman/oci/Reference"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type * as BackendDriver from "../../BackendDriver.js"
import { type EngineFailed, ImageNotFound } from "../../BackendError.js"
import type { ImageId } from "../../ImageId.js"
import * as imageNames from "../model/imageNames.js"
import * as Archive from "./archive.js"
import { type Context, modify, modifyContainer, update } from "./context.js"
import * as FileSystem from "./fileSystem.js"
import { imageInfo, imageSteps } from "./inspection.js"
import type * as MemoryBackend from "./options.js"
import * as State from "./state.js"

type Images = Omit<BackendDriver.Images, "pull" | "push"> & Pick<BackendDriver.Containers, "commit">

/** @internal */
export const images = (context: Context): Images => {
  const getImage = (key: BackendDriver.ImageKey) => Effect.flatMap(context.state.get, (state) => get(state, key))

  return {
    inspect: (key) => Effect.flatMap(getImage(key), imageInfo),

    history: (key) => Effect.flatMap(getImage(key), imageSteps),

    list: (filters) =>
      Effect.flatMap(
        context.state.get,
        (state) => Effect.forEach(state.images.filter(({ labels }) => State.matches(labels, filters)), imageInfo)
      ),

    tag: (key, name) =>
      Effect.zipRight(
        rejectDigest("Image.tag", name),
        update(context, (state) =>
          Effect.map(get(state, key), (image) => State.tagImage(state, image, State.imageName(name))))
      ),

    remove: (key, { force }) =>
      update(context, (state) =>
        Effect.flatMap(get(state, key), (image) =>
          typeof key === "string"
            ? remove(state, image, force)
            : untag(state, image, State.imageName(key), force))),

    load: (archive) =>
      Effect.flatMap(Archive.read(archive), (loaded) =>
        modify(context, (state) =>
          Effect.succeed([
            {
              references: loaded.flatMap(({ names }) => names).map(Reference.make),
              ids: loaded.filter(({ names }) => names.length === 0).map(({ id }) => id)
            },
            loaded.reduce(load, state)
          ]))),

    save: (keys) =>
      Stream.unwrap(Effect.map(
        Effect.flatMap(context.state.get, (state) => Effect.forEach(keys, (key) => exportedImage(state, key))),
        Archive.write
      )),

    import: (archive, reference, { changes = [], message = "" }) =>
      rejectDigest("Image.import", reference).pipe(
        Effect.zipRight(Archive.contents("Image.import", archive)),
        Effect.flatMap((text) =>
          modify(context, (state) =>
            Effect.map(
              add(state, reference, {
                labels: labelsOfChanges(changes),
                step: { createdBy: "", comment: message, size: text.length }
              }),
              ([{ id }, state]) => [id, state] as const
            ))
        )
      ),

    prune: ({ all, labels }) =>
      modify(context, (state) => {
        const isUnused = (image: State.Image) =>
          (all || image.names.length === 0) && State.containerUsing(state, image) === undefined &&
          State.matches(image.labels, labels)
        return Effect.succeed([
          state.images.filter(isUnused).map(({ id }) => id),
          { ...state, images: state.images.filter((image) => !isUnused(image)) }
        ])
      }),

    commit: (key, reference, { changes = [], message = "" }) =>
      modifyContainer(context, key, ({ files, labels }, state) =>
        Effect.map(
          add(state, reference, {
            labels: { ...labels, ...labelsOfChanges(changes) },
            files,
            step: { createdBy: "", comment: message, size: 0 }
          }),
          ([{ id }, state]): readonly [ImageId, State.State] => [id, state]
        ))
  }
}

/**
 * Initial state with the images of the options.
 *
 * @internal
 */
export const initial = (images: ReadonlyArray<MemoryBackend.Image>): Effect.Effect<State.State> =>
  Effect.reduce(
    images,
    State.empty,
    (state, { files, image, labels }) =>
      Effect.map(
        add(state, toReference(image), { labels, files: FileSystem.withFiles(FileSystem.empty, files ?? {}) }),
        ([_, state]) => state
      )
  )

/** @internal */
export const toReference = (image: MemoryBackend.Image["image"]): Reference.Reference =>
  typeof image === "string" ? Reference.make(image) : image

/** @internal */
export const get = (state: State.State, key: BackendDriver.ImageKey): Effect.Effect<State.Image, ImageNotFound> =>
  Option.match(State.findImage(state, key), {
    onNone: () =>
      new ImageNotFound({ image: imageNames.display(key), detail: `No such image: ${imageNames.display(key)}` }),
    onSome: Effect.succeed
  })

/** @internal */
export const rejectDigest = (operation: string, name: Reference.Reference): Effect.Effect<void, EngineFailed> =>
  Option.isNone(name.digest)
    ? Effect.void
    : State.failed(operation, "InvalidDefinition", `"${Reference.format(name)}" has a digest; use a tag instead.`)

interface NewImage {
  readonly labels?: State.Labels | undefined
  readonly platform?: Pick<Platform.Platform, "architecture" | "os"> | undefined
  readonly digest?: Digest.Digest | undefined
  readonly step?: Omit<State.Step, "created"> | undefined
  readonly files?: FileSystem.FileSystem | undefined
}

/** @internal */
export const add = Effect.fnUntraced(function*(
  state: State.State,
  reference: Reference.Reference,
  {
    digest,
    files = FileSystem.empty,
    labels = {},
    platform: { architecture, os } = { architecture: "amd64", os: "linux" },
    step = { createdBy: "FROM scratch", comment: "", size: 0 }
  }: NewImage
) {
  const created = yield* Clock.currentTimeMillis
  const image: State.Image = {
    id: yield* State.makeImageId,
    digest: digest ?? (yield* State.makeImageId),
    names: [],
    labels,
    os,
    architecture,
    created,
    steps: [{ ...step, created }],
    files
  }
  return [image, State.tagImage(state, image, State.imageName(reference))] as const
})

const load = (state: State.State, image: State.Image): State.State => {
  const present = state.images.find(({ id }) => id === image.id) ?? { ...image, names: [] }
  return State.tagImage(state, present, ...image.names)
}

/** Image in an archive, which has only the name by which it was requested. */
const exportedImage = (state: State.State, key: BackendDriver.ImageKey) =>
  Effect.map(get(state, key), (image): State.Image => ({
    ...image,
    names: typeof key === "string" || Option.isSome(key.digest) ? [] : [State.imageName(key)]
  }))

const untag = (
  state: State.State,
  image: State.Image,
  name: string,
  force: boolean
): Effect.Effect<State.State, EngineFailed> => {
  const tags = image.names.filter((other) => other !== name && !other.includes("@"))
  const user = State.containerUsing(state, image)
  if (tags.length === 0 && user !== undefined && !force) return inUse(name, image, user)
  // The last tag of a repository takes the digests with it.
  const names = image.names.filter((other) => other !== name && (!other.includes("@") || tags.length > 0))
  return Effect.succeed(
    names.length === 0 && user === undefined ? dropImage(state, image) : putImage(state, { ...image, names })
  )
}

const remove = (state: State.State, image: State.Image, force: boolean): Effect.Effect<State.State, EngineFailed> => {
  const user = State.containerUsing(state, image)
  const tags = image.names.filter((name) => !name.includes("@"))
  if (user !== undefined && (!force || tags.length === 0)) return inUse(image.id, image, user)
  return tags.length > 1 && !force
    ? State.failed(
      "Image.remove",
      "Conflict",
      `unable to delete ${image.id} (must be forced) - image is referenced in multiple repositories`
    )
    : Effect.succeed(
      user === undefined
        ? dropImage(state, image)
        : putImage(state, { ...image, names: [] })
    )
}

const putImage = (state: State.State, image: State.Image): State.State => ({
  ...state,
  images: state.images.map((other) => other.id === image.id ? image : other)
})

const dropImage = (state: State.State, image: State.Image): State.State => ({
  ...state,
  images: state.images.filter(({ id }) => id !== image.id)
})

const inUse = (name: string, image: State.Image, user: State.Container) =>
  State.failed(
    "Image.remove",
    "Conflict",
    `unable to remove "${name}" (must force) - container ${user.id} is using its image ${image.id}`
  )

const labelsOfChanges = (changes: ReadonlyArray<string>): State.Labels =>
  Object.fromEntries(
    changes.flatMap((change) => {
      const [, key, value] = /^\s*LABEL\s+([^\s=]+)=("[^"]*"|\S*)\s*$/i.exec(change) ?? []
      return key === undefined || value === undefined ? [] : [[key, value.replace(/^"(.*)"$/, "$1")]]
    })
  )
