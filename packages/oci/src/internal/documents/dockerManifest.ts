/** The file `manifest.json` of Docker archives, which every version of Docker and Podman can load. */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { blobPath } from "../../author/ImageLayout.js"
import type { ContentError } from "../../ContentError.js"
import type { Descriptor } from "../../Descriptor.js"
import type { Hasher } from "../../Hasher.js"
import * as ImageIndex from "../../ImageIndex.js"
import * as ImageManifest from "../../ImageManifest.js"
import { fetchDocument, type Readable } from "../../ImageStore.js"
import * as MediaType from "../../MediaType.js"
import type { Platform } from "../../Platform.js"
import * as Reference from "../../Reference.js"
import * as document from "./document.js"
import { nameOf } from "./indexEntries.js"

/** Annotation of containerd and BuildKit for the image name of an index entry. */
const containerdName = "io.containerd.image.name"

export const fileName = "manifest.json"

/** One image: paths of its parts in the archive. */
export const Image = Schema.Struct({
  Config: Schema.String,
  RepoTags: document.nullable(Schema.Array(Schema.String)),
  Layers: Schema.Array(Schema.String)
})

export interface Image extends Schema.Schema.Type<typeof Image> {}

export const { decode, encode, limit } = document.bytes(
  fileName,
  Schema.Array(Image),
  document.manifestLimit
)

/** Image name for container engines. A name with neither tag nor domain is itself a tag, as in most layouts. */
export const repoTag = (name: string): Option.Option<string> =>
  Either.getRight(Reference.parse(name)).pipe(
    Option.filter((reference) =>
      Option.isNone(reference.digest) && (Option.isSome(reference.tag) || name.includes("/"))
    ),
    Option.map((reference) => String(Reference.withDefaultTag(Reference.canonical(reference))))
  )

/** Manifest of the image that an engine loads from an entry. None if it is not a runnable image. */
const runnable = (
  store: Readable,
  entry: Descriptor,
  platform: Platform | undefined
): Effect.Effect<Option.Option<ImageManifest.ImageManifest>, ContentError, Hasher> =>
  Effect.gen(function*() {
    if (!(yield* store.exists(entry))) return Option.none()
    if (MediaType.isIndex(entry.mediaType)) {
      const { value } = yield* fetchDocument(store, ImageIndex.codec, entry)
      const chosen = platform === undefined
        ? value.manifests.filter(({ mediaType }) => MediaType.isManifest(mediaType))
        : Option.toArray(ImageIndex.forPlatform(value, platform))
      for (const manifest of chosen) {
        const found = yield* runnable(store, manifest, platform)
        if (Option.isSome(found)) return found
      }
      return Option.none()
    }
    if (!MediaType.isManifest(entry.mediaType)) return Option.none()
    return yield* fetchDocument(store, ImageManifest.codec, entry).pipe(
      Effect.map(({ value }) =>
        MediaType.isConfig(value.config.mediaType) &&
          value.layers.every(({ mediaType }) => MediaType.isLayer(mediaType))
          ? Option.some(value)
          : Option.none()
      ),
      // A layout may contain invalid images, which no engine can load.
      Effect.catchTag("InvalidDocument", () => Effect.succeedNone)
    )
  })

/** Runnable images of the entries, each once with all its names. */
export const imagesOf = (store: Readable, entries: ReadonlyArray<Descriptor>, platform?: Platform) =>
  Effect.gen(function*() {
    const images = new Map<string, Image>()
    for (const entry of entries) {
      const found = yield* runnable(store, entry, platform)
      if (Option.isNone(found)) continue
      const { config, layers } = found.value
      const tags = Option.toArray(Option.flatMap(Option.fromNullable(nameOf(entry)), repoTag))
      const key = JSON.stringify([config.digest, layers.map(({ digest }) => digest)])
      const before = images.get(key)?.RepoTags ?? []
      images.set(key, {
        Config: blobPath(config.digest),
        RepoTags: [...new Set([...before, ...tags])],
        Layers: layers.map(({ digest }) => blobPath(digest))
      })
    }
    return [...images.values()]
  })

/** Adds the image name for Docker's containerd image store to an entry. */
export const withEngineName = (entry: Descriptor): Descriptor =>
  Option.match(Option.flatMap(Option.fromNullable(nameOf(entry)), repoTag), {
    onNone: () => entry,
    onSome: (name) => ({ ...entry, annotations: { ...entry.annotations, [containerdName]: name } })
  })
