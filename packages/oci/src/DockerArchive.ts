/**
 * Archives in Docker's own format, as written by `docker save` before Docker 25 and by `podman save` by default: a
 * store to read from.
 *
 * The format has no manifests, so they are made from the configuration and the layers of each image. Opening reads the
 * headers and configurations; a layer is read only if it is compressed, to compute its digest.
 *
 * `OciArchive` writes archives that are both image layouts and Docker archives.
 *
 * @see https://github.com/moby/docker-image-spec/blob/v1.3.1/v1.2.md#combined-image-json--filesystem-changeset-format
 * @since 0.1.0
 */
import type * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as ImageLayout from "./author/ImageLayout.js"
import type * as Compression from "./Compression.js"
import * as Content from "./Content.js"
import { type ContentError, ContentNotFound, LayoutError, StoreFailed } from "./ContentError.js"
import type { Descriptor } from "./Descriptor.js"
import type * as Digest from "./Digest.js"
import * as Hasher from "./Hasher.js"
import * as ImageConfig from "./ImageConfig.js"
import type * as ImageStore from "./ImageStore.js"
import * as dockerManifest from "./internal/documents/dockerManifest.js"
import * as indexEntries from "./internal/documents/indexEntries.js"
import * as json from "./internal/documents/json.js"
import * as archiveFile from "./internal/layouts/archiveFile.js"
import { damaged } from "./internal/layouts/errors.js"
import * as derivedStore from "./internal/stores/derived.js"
import * as MediaType from "./MediaType.js"

/**
 * Docker archive, opened for reading.
 *
 * @since 0.1.0
 * @category models
 */
export interface DockerArchive extends ImageStore.Readable, ImageStore.Lister {
  readonly path: string
  /** Images in the archive, unnamed ones included. Names are those of the archive, such as `alpine:3.20`. */
  readonly images: ReadonlyArray<Descriptor>
}

type Blobs = Map<string, { readonly size: number; readonly read: Stream.Stream<Uint8Array, ContentError> }>

const layerTypes: Record<MediaType.Compression, MediaType.MediaType> = {
  none: MediaType.DockerLayer,
  gzip: MediaType.DockerLayerGzip,
  zstd: MediaType.ImageLayerZstd
}

const describeLayer = (path: string, file: archiveFile.ArchiveFile, name: string, diffId: Digest.WellFormed) =>
  Effect.gen(function*() {
    const size = file.size(name)
    if (Option.isNone(size)) return yield* damaged(path, `lacks the layer ${name}`)
    const compression = yield* file.compression(name)
    // Digests from the configuration or from file names are verified when the content is read.
    const known = compression === "none" ? Option.some(diffId) : ImageLayout.blobDigest(name.replace(/^\.\//, ""))
    const digest = Option.isSome(known) ? known.value : yield* Hasher.stream(file.read(name))
    return { mediaType: layerTypes[compression], digest, size: size.value }
  })

const readImage = (
  path: string,
  file: archiveFile.ArchiveFile,
  content: Blobs,
  { Config, Layers, RepoTags = [] }: dockerManifest.Image
) =>
  Effect.gen(function*() {
    const configBytes = yield* file.bytes(Config, ImageConfig.codec.limit)
    if (Option.isNone(configBytes)) return yield* damaged(path, `lacks the configuration ${Config}`)
    const { rootfs } = yield* ImageConfig.codec.decode(configBytes.value)
    const config = yield* Content.describe(MediaType.DockerConfig, configBytes.value)
    if (Layers.length !== rootfs.diff_ids.length) {
      return yield* damaged(path, `has ${Layers.length} layers for an image of ${rootfs.diff_ids.length}`)
    }
    const layers = yield* Effect.forEach(rootfs.diff_ids, (diffId, i) =>
      Effect.tap(describeLayer(path, file, Layers[i] ?? "", diffId), ({ digest, size }) => {
        content.set(digest, { size, read: file.read(Layers[i] ?? "") })
      }))
    const document = { schemaVersion: 2, mediaType: MediaType.DockerManifest, config, layers }
    const bytes = json.canonical(document)
    const manifest = yield* Content.describe(MediaType.DockerManifest, bytes)
    content.set(config.digest, { size: config.size, read: Stream.make(configBytes.value) })
    content.set(manifest.digest, { size: manifest.size, read: Stream.make(bytes) })
    return RepoTags.length === 0 ? [manifest] : RepoTags.map((name) =>
      indexEntries.withName(manifest, name)
    )
  })

/**
 * Opens an archive until the scope closes.
 *
 * @since 0.1.0
 * @category constructors
 */
export const open = (
  path: string
): Effect.Effect<
  DockerArchive,
  ContentError,
  FileSystem.FileSystem | Hasher.Hasher | Compression.Compression | Scope.Scope
> =>
  Effect.gen(function*() {
    const name = `the archive ${JSON.stringify(path)}`
    const file = yield* archiveFile.open(path)
    const manifest = yield* file.bytes(dockerManifest.fileName, dockerManifest.limit)
    if (Option.isNone(manifest)) {
      const rule = Option.isSome(file.size(ImageLayout.indexName))
        ? "has no manifest.json, but is an image layout: open it with OciArchive"
        : "has no manifest.json, so it is not a Docker archive"
      return yield* new LayoutError({ path, reason: "NotALayout", rule })
    }
    const content: Blobs = new Map()
    const found = yield* dockerManifest.decode(manifest.value)
    const images = (yield* Effect.forEach(found, (image) => readImage(path, file, content, image))).flat()
    const readOnly = (operation: string) => new StoreFailed({ store: name, operation, reason: "Unsupported" })

    const store = yield* derivedStore.make({
      name,
      read: (digest) => content.get(digest)?.read ?? Stream.fail(new ContentNotFound({ content: digest, store: name })),
      size: (digest) => Effect.sync(() => Option.map(Option.fromNullable(content.get(digest)), (_) => _.size)),
      entries: Effect.succeed(images),
      keep: () => readOnly("keep content"),
      write: () => readOnly("be written to"),
      receive: () => readOnly("be written to"),
      remove: () => readOnly("be deleted from"),
      updateEntries: () => readOnly("be written to")
    })
    const { exists, fetch, names, referrers, resolve } = store
    return { name, path, images, exists, fetch, names, referrers, resolve }
  }).pipe(Effect.withSpan("DockerArchive.open", { captureStackTrace: false, attributes: { path } }))
