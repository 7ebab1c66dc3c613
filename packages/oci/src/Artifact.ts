/**
 * Artifacts: files or other content, packed into a store or a registry in the form of an image.
 *
 * An artifact is a description. {@link push} packs it into a store in one pass and in bounded memory; the same input
 * gives the same digests on every machine. The default artifact type is that of the crate ocipkg; any other type can be
 * given.
 *
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/manifest.md#guidelines-for-artifact-usage
 * @since 0.1.0
 */
import type * as ConfigError from "effect/ConfigError"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { dual } from "effect/Function"
import * as Option from "effect/Option"
import { type Pipeable, pipeArguments } from "effect/Pipeable"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as Annotations from "./Annotations.js"
import type * as FileTree from "./author/FileTree.js"
import type * as Compression from "./Compression.js"
import * as Content from "./Content.js"
import type { ContentError } from "./ContentError.js"
import * as Descriptor from "./Descriptor.js"
import * as digests from "./Digest.js"
import type * as Hasher from "./Hasher.js"
import * as ImageLayer from "./ImageLayer.js"
import * as ImageManifest from "./ImageManifest.js"
import * as ImageStore from "./ImageStore.js"
import * as documents from "./internal/documents/document.js"
import type { Part } from "./internal/images/artifactModel.js"
import { pack, type Packed } from "./internal/images/artifactPacking.js"
import { ArtifactError } from "./internal/images/errors.js"
import * as listing from "./internal/layers/fileListing.js"
import type * as LocalFiles from "./LocalFiles.js"
import * as MediaType from "./MediaType.js"
import type * as Tar from "./Tar.js"
import * as Unpack from "./Unpack.js"

export type {
  /**
   * Part of an artifact: an archive of files, or bytes of any media type.
   *
   * @since 0.1.0
   * @category models
   */
  Part
} from "./internal/images/artifactModel.js"

export {
  /**
   * An artifact cannot be made or read. `path` is the file, or the name of the artifact.
   *
   * - `SameName`: two files would have the same name in the artifact. Place them at different paths, or pack their
   *   directory.
   * - `NotAnArtifact`: the name refers to an index, or to a document without files.
   *
   * @since 0.1.0
   * @category errors
   */
  ArtifactError
} from "./internal/images/errors.js"

/**
 * Description of an artifact.
 *
 * @since 0.1.0
 * @category models
 */
export interface Artifact<out E = never, out R = never> extends Pipeable {
  readonly artifactType: MediaType.MediaType
  readonly parts: ReadonlyArray<Part<E, R>>
  readonly annotations: Annotations.Annotations
  readonly subject: Descriptor.Descriptor | undefined
}

/**
 * Schema of the artifact configuration of the crate ocipkg, extended by `diff_ids`: the files of each layer by the
 * layer's digest, and the digests of the uncompressed archives.
 *
 * @since 0.1.0
 * @category schemas
 */
export const ArtifactConfig = Schema.Struct({
  layers: Schema.Record({ key: Schema.String, value: Schema.Array(Schema.String) }),
  diff_ids: documents.optional(Schema.Record({ key: Schema.String, value: digests.WellFormed }))
}).annotations({ identifier: "ArtifactConfig" })

/**
 * Artifact configuration of the crate ocipkg.
 *
 * @since 0.1.0
 * @category models
 */
export interface ArtifactConfig extends Schema.Schema.Type<typeof ArtifactConfig> {}

/**
 * Codec of artifact configurations. Reads at most 64 MiB.
 *
 * @since 0.1.0
 * @category codecs
 */
export const codec: Content.Codec<ArtifactConfig> = {
  ...documents.bytes("artifact configuration", ArtifactConfig, 16 * documents.manifestLimit),
  mediaType: () => MediaType.OcipkgConfig,
  mediaTypes: [MediaType.OcipkgConfig]
}

const make_ = <E, R>(fields: Omit<Artifact<E, R>, "pipe">): Artifact<E, R> => ({
  ...fields,
  pipe() {
    return pipeArguments(this, arguments)
  }
})

/**
 * Makes an artifact without parts.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (artifactType: MediaType.MediaType = MediaType.OcipkgArtifact): Artifact =>
  make_({ artifactType, parts: [], annotations: {}, subject: undefined })

/**
 * Options of an added part.
 *
 * @since 0.1.0
 * @category models
 */
export interface PartOptions {
  /** Default: for a layer, that of the crate ocipkg for its compression; for bytes, `application/octet-stream`. */
  readonly mediaType?: MediaType.MediaType | undefined
  readonly annotations?: Annotations.Annotations | undefined
}

/**
 * Adds a layer.
 *
 * @since 0.1.0
 * @category combinators
 */
export const addLayer: {
  <E2, R2>(
    layer: ImageLayer.ImageLayer<E2, R2>,
    options?: PartOptions
  ): <E, R>(self: Artifact<E, R>) => Artifact<E | E2, R | R2>
  <E, R, E2, R2>(
    self: Artifact<E, R>,
    layer: ImageLayer.ImageLayer<E2, R2>,
    options?: PartOptions
  ): Artifact<E | E2, R | R2>
} = dual(
  (args) => "parts" in args[0],
  <E, R, E2, R2>(
    self: Artifact<E, R>,
    layer: ImageLayer.ImageLayer<E2, R2>,
    options: PartOptions = {}
  ): Artifact<E | E2, R | R2> =>
    make_<E | E2, R | R2>({
      ...self,
      parts: [
        ...self.parts,
        { _tag: "Files", layer, mediaType: options.mediaType, annotations: options.annotations ?? {} }
      ]
    })
)

/**
 * Adds content of any media type. The bytes are stored unchanged.
 *
 * @since 0.1.0
 * @category combinators
 */
export const addBytes: {
  <E2, R2>(
    content: Stream.Stream<Uint8Array, E2, R2>,
    options?: PartOptions
  ): <E, R>(self: Artifact<E, R>) => Artifact<E | E2, R | R2>
  <E, R, E2, R2>(
    self: Artifact<E, R>,
    content: Stream.Stream<Uint8Array, E2, R2>,
    options?: PartOptions
  ): Artifact<E | E2, R | R2>
} = dual(
  (args) => "parts" in args[0],
  <E, R, E2, R2>(
    self: Artifact<E, R>,
    content: Stream.Stream<Uint8Array, E2, R2>,
    { annotations = {}, mediaType = MediaType.OctetStream }: PartOptions = {}
  ): Artifact<E | E2, R | R2> =>
    make_<E | E2, R | R2>({ ...self, parts: [...self.parts, { _tag: "Bytes", content, mediaType, annotations }] })
)

/**
 * Adds annotations. Existing keys are overwritten.
 *
 * @since 0.1.0
 * @category combinators
 */
export const annotate: {
  (added: Annotations.Annotations): <E, R>(self: Artifact<E, R>) => Artifact<E, R>
  <E, R>(self: Artifact<E, R>, added: Annotations.Annotations): Artifact<E, R>
} = dual(
  2,
  <E, R>(self: Artifact<E, R>, added: Annotations.Annotations): Artifact<E, R> =>
    make_({ ...self, annotations: { ...self.annotations, ...added } })
)

/**
 * Sets the subject: the manifest that this artifact refers to, for example the image of a signature.
 *
 * @since 0.1.0
 * @category combinators
 */
export const subject: {
  (subject: Descriptor.Descriptor): <E, R>(self: Artifact<E, R>) => Artifact<E, R>
  <E, R>(self: Artifact<E, R>, subject: Descriptor.Descriptor): Artifact<E, R>
} = dual(
  2,
  <E, R>(self: Artifact<E, R>, subject: Descriptor.Descriptor): Artifact<E, R> =>
    make_({ ...self, subject: Descriptor.bare(subject) })
)

/**
 * Makes an artifact of all files in a directory, in one layer compressed with gzip.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromDirectory = (
  root: string,
  options: ImageLayer.DirectoryOptions = {}
): Artifact<
  ConfigError.ConfigError | FileTree.FileTreeError | ImageLayer.LayerError | Tar.TarError,
  LocalFiles.LocalFiles
> => addLayer(make(), ImageLayer.compress(ImageLayer.fromDirectory(root, options), "gzip"))

const baseName = (path: string): string => path.slice(Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\")) + 1)

/**
 * Makes an artifact of files under their base names, in one layer compressed with gzip. Two files with the same base
 * name are an error.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromFiles = (
  paths: Iterable<string>,
  options: Pick<ImageLayer.DirectoryOptions, "modified" | "permissions"> = {}
): Either.Either<
  Artifact<
    ConfigError.ConfigError | FileTree.FileTreeError | ImageLayer.LayerError | Tar.TarError,
    LocalFiles.LocalFiles
  >,
  ArtifactError
> => {
  const files = new Map<string, string>()
  for (const path of paths) {
    const name = baseName(path)
    if (files.has(name)) return Either.left(new ArtifactError({ path, reason: "SameName" }))
    files.set(name, path)
  }
  return Either.right(
    addLayer(make(), ImageLayer.compress(ImageLayer.fromFiles(Object.fromEntries(files), options), "gzip"))
  )
}

/**
 * Makes an artifact with a single part of any media type. The bytes are stored unchanged.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromStream = <E, R>(
  artifactType: MediaType.MediaType,
  content: Stream.Stream<Uint8Array, E, R>,
  options: { readonly mediaType?: MediaType.MediaType | undefined; readonly title?: string | undefined } = {}
): Artifact<E, R> =>
  addBytes(make(artifactType), content, {
    mediaType: options.mediaType,
    annotations: options.title === undefined ? undefined : { [Annotations.title]: options.title }
  })

/** The file list for artifacts of ocipkg's type, otherwise the empty configuration. */
const configOf = (store: ImageStore.Writable, artifactType: MediaType.MediaType, packed: ReadonlyArray<Packed>) =>
  Effect.gen(function*() {
    if (artifactType !== MediaType.OcipkgArtifact) {
      yield* store.push(Descriptor.empty, Stream.make(Uint8Array.of(0x7B, 0x7D)))
      return Descriptor.empty
    }
    const withFiles = packed.filter(({ diffId }) => Option.isSome(diffId))
    const diffIds = packed.flatMap(({ descriptor, diffId }) =>
      Option.toArray(diffId).map((id) => [descriptor.digest, id] as const)
    )
    const config = yield* Content.make(codec, {
      layers: Object.fromEntries(withFiles.map(({ descriptor, files }) => [descriptor.digest, files])),
      diff_ids: Object.fromEntries(diffIds)
    })
    yield* ImageStore.pushDocument(store, config)
    return config.descriptor
  })

/**
 * Packs an artifact into a store and, if a name is given, tags it.
 *
 * @since 0.1.0
 * @category destructors
 */
export const push: {
  (
    store: ImageStore.Writable & ImageStore.Receiver,
    name?: string
  ): <E, R>(self: Artifact<E, R>) => Effect.Effect<
    Content.Content<ImageManifest.ImageManifest>,
    E | ContentError | Compression.CompressionError,
    R | Compression.Compression | Hasher.Hasher
  >
  <E, R>(
    self: Artifact<E, R>,
    store: ImageStore.Writable & ImageStore.Receiver,
    name?: string
  ): Effect.Effect<
    Content.Content<ImageManifest.ImageManifest>,
    E | ContentError | Compression.CompressionError,
    R | Compression.Compression | Hasher.Hasher
  >
} = dual(
  (args) => "parts" in args[0],
  <E, R>(self: Artifact<E, R>, store: ImageStore.Writable & ImageStore.Receiver, name?: string) =>
    Effect.gen(function*() {
      const { artifactType, subject } = self
      const packed = yield* Effect.forEach(self.parts, (part) => pack(store, part))
      const config = yield* configOf(store, artifactType, packed)
      const [first = Descriptor.empty, ...rest] = packed.map(({ descriptor }) => descriptor)
      if (packed.length === 0) yield* store.push(Descriptor.empty, Stream.make(Uint8Array.of(0x7B, 0x7D)))
      const manifest = yield* Content.make(
        ImageManifest.codec,
        ImageManifest.make({
          artifactType,
          config,
          layers: [first, ...rest],
          ...(subject === undefined ? {} : { subject }),
          ...(Object.keys(self.annotations).length === 0 ? {} : { annotations: self.annotations })
        })
      )
      yield* ImageStore.pushDocument(store, manifest)
      if (name !== undefined) yield* store.tag(manifest.descriptor, name)
      return manifest
    }).pipe(Effect.withSpan("Artifact.push", {
      captureStackTrace: false,
      attributes: { store: store.name, ...(name === undefined ? {} : { reference: name }) }
    }))
)

const manifestOf = (store: ImageStore.Readable, name: string) =>
  Effect.gen(function*() {
    const descriptor = yield* store.resolve(name)
    if (!MediaType.isManifest(descriptor.mediaType)) {
      return yield* new ArtifactError({ path: name, reason: "NotAnArtifact" })
    }
    return (yield* ImageStore.fetchDocument(store, ImageManifest.codec, Descriptor.bare(descriptor))).value
  })

/**
 * Lists the files of an artifact, by layer descriptor. Files come from the configuration if it lists them; otherwise
 * the layers are read, as for images and for artifacts of older versions of ocipkg.
 *
 * @since 0.1.0
 * @category getters
 */
export const files = (
  store: ImageStore.Readable,
  name: string
): Effect.Effect<
  ReadonlyArray<{ readonly layer: Descriptor.Descriptor; readonly files: ReadonlyArray<string> }>,
  ArtifactError | Compression.CompressionError | ContentError | ImageLayer.LayerError | Tar.TarError,
  Compression.Compression | Hasher.Hasher
> =>
  Effect.gen(function*() {
    const { config, layers } = yield* manifestOf(store, name)
    if (config.mediaType === MediaType.OcipkgConfig) {
      const { value } = yield* ImageStore.fetchDocument(store, codec, config)
      return layers.map((layer) => ({ layer, files: value.layers[layer.digest] ?? [] }))
    }
    return yield* Effect.forEach(layers, (layer) => {
      if (Option.isNone(MediaType.compression(layer.mediaType))) return Effect.succeed({ layer, files: [] })
      const found: Array<string> = []
      return ImageLayer.entries({ mediaType: layer.mediaType, bytes: store.fetch(layer) }).pipe(
        Stream.runForEach(({ path, type }) => Effect.sync(() => type !== "Directory" && found.push(path))),
        Effect.map(() => ({ layer, files: found.sort(listing.compare) }))
      )
    })
  })

/**
 * Unpacks the files of an artifact into a new directory, verified and by the rules of {@link Unpack}. Parts that are
 * not layers of files are ignored.
 *
 * @since 0.1.0
 * @category destructors
 */
export const unpack = (
  store: ImageStore.Readable,
  name: string,
  destination: string,
  options: Unpack.Options = {}
): Effect.Effect<
  Unpack.Result,
  | ArtifactError
  | Compression.CompressionError
  | ContentError
  | ImageLayer.LayerError
  | Tar.TarError
  | Unpack.UnpackError,
  Compression.Compression | Hasher.Hasher | LocalFiles.LocalFiles
> =>
  Effect.gen(function*() {
    const { config, layers } = yield* manifestOf(store, name)
    const diffIds = config.mediaType === MediaType.OcipkgConfig
      ? (yield* ImageStore.fetchDocument(store, codec, config)).value.diff_ids ?? {}
      : {}
    const blobs = layers.filter(({ mediaType }) => Option.isSome(MediaType.compression(mediaType))).map((layer) => {
      const diffId = diffIds[layer.digest]
      return {
        mediaType: layer.mediaType,
        bytes: store.fetch(layer),
        ...(diffId !== undefined && digests.isDigest(diffId) ? { diffId } : {})
      }
    })
    return yield* Unpack.toDirectory(destination, blobs, options)
  }).pipe(Effect.withSpan("Artifact.unpack", {
    captureStackTrace: false,
    attributes: { store: store.name, reference: name, destination }
  }))
