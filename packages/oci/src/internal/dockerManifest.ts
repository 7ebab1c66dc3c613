/** The file `manifest.json` of archives as `docker save` writes them, by which every Docker and Podman loads images. */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { ContentError } from "../ContentError.js"
import type { Descriptor } from "../Descriptor.js"
import type { Hasher } from "../Hasher.js"
import * as ImageIndex from "../ImageIndex.js"
import { blobPath } from "../ImageLayout.js"
import * as ImageManifest from "../ImageManifest.js"
import { fetchDocument, type Readable } from "../ImageStore.js"
import * as MediaType from "../MediaType.js"
import type { Platform } from "../Platform.js"
import * as Reference from "../Reference.js"
import * as document from "./document.js"
import { nameOf } from "./indexEntries.js"

/** What containerd and BuildKit call an image in an index. */
const containerdName = "io.containerd.image.name"

export const fileName = "manifest.json"

/** One image: where in the archive its parts lie. */
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

/**
 * What engines are to call an image of a name. A name that says neither a tag nor where the image comes from is a tag
 * itself, as most layouts have them.
 */
export const repoTag = (name: string): Option.Option<string> =>
  Either.getRight(Reference.parse(name)).pipe(
    Option.filter((reference) =>
      Option.isNone(reference.digest) && (Option.isSome(reference.tag) || name.includes("/"))
    ),
    Option.map((reference) => String(Reference.withDefaultTag(Reference.canonical(reference))))
  )

/** The manifest of the image that an engine takes out of an entry, if it is one that runs. */
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
      // A layout may hold images that the specification does not like; an engine could not load them either.
      Effect.catchTag("InvalidDocument", () => Effect.succeedNone)
    )
  })

/** The images among entries, each once with all its names. */
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

/** The entry with what Docker's image store that is containerd's calls the image. */
export const withEngineName = (entry: Descriptor): Descriptor =>
  Option.match(Option.flatMap(Option.fromNullable(nameOf(entry)), repoTag), {
    onNone: () => entry,
    onSome: (name) => ({ ...entry, annotations: { ...entry.annotations, [containerdName]: name } })
  })
