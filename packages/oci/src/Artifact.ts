/**
 * Artifacts: files, packed to be kept in a store or a registry as images are, and unpacked from there.
 *
 * An artifact is a description. {@link push} packs it into a store, in one pass and in bounded memory, and the same
 * input gives the same digests on every machine. By default it is of the type that the crate ocipkg reads and writes;
 * any other type can be given.
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
import { ArtifactError } from "./ArtifactError.js"
import type * as Compression from "./Compression.js"
import * as Content from "./Content.js"
import type { ContentError } from "./ContentError.js"
import * as Descriptor from "./Descriptor.js"
import * as digests from "./Digest.js"
import type * as FileTree from "./FileTree.js"
import type * as Hasher from "./Hasher.js"
import * as ImageManifest from "./ImageManifest.js"
import * as ImageStore from "./ImageStore.js"
import { pack, type Packed } from "./internal/artifactPacking.js"
import * as documents from "./internal/document.js"
import * as listing from "./internal/fileListing.js"
import * as Layer from "./Layer.js"
import type { LayerError } from "./LayerError.js"
import type * as LocalFiles from "./LocalFiles.js"
import * as MediaType from "./MediaType.js"
import type * as Tar from "./Tar.js"
import * as Unpack from "./Unpack.js"
import type { UnpackError } from "./UnpackError.js"

/**
 * What an artifact has in it: an archive of files, or bytes of any kind.
 *
 * @since 0.1.0
 * @category models
 */
export type Part<E = never, R = never> =
  | {
    readonly _tag: "Files"
    readonly layer: Layer.Layer<E, R>
    /** Default: that of the crate ocipkg, as the layer is compressed. */
    readonly mediaType: MediaType.MediaType | undefined
    readonly annotations: Annotations.Annotations
  }
  | {
    readonly _tag: "Bytes"
    readonly content: Stream.Stream<Uint8Array, E, R>
    readonly mediaType: MediaType.MediaType
    readonly annotations: Annotations.Annotations
  }

/**
 * How an artifact is made.
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
 * The configuration of an artifact: which files are in which layer, by the digests of the layers. It is the one of the
 * crate ocipkg, with the digests of the archives before they were compressed.
 *
 * @since 0.1.0
 * @category schemas
 */
export const ArtifactConfig = Schema.Struct({
  layers: Schema.Record({ key: Schema.String, value: Schema.Array(Schema.String) }),
  diff_ids: documents.optional(Schema.Record({ key: Schema.String, value: digests.WellFormed }))
}).annotations({ identifier: "ArtifactConfig" })

/**
 * The configuration of an artifact.
 *
 * @since 0.1.0
 * @category models
 */
export interface ArtifactConfig extends Schema.Schema.Type<typeof ArtifactConfig> {}

/**
 * A configuration as bytes. At most 64 MiB are read.
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
 * An artifact without files.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (artifactType: MediaType.MediaType = MediaType.OcipkgArtifact): Artifact =>
  make_({ artifactType, parts: [], annotations: {}, subject: undefined })

/**
 * @since 0.1.0
 * @category models
 */
export interface PartOptions {
  readonly mediaType?: MediaType.MediaType | undefined
  readonly annotations?: Annotations.Annotations | undefined
}

/**
 * The artifact with a layer more.
 *
 * @since 0.1.0
 * @category combinators
 */
export const addLayer: {
  <E2, R2>(
    layer: Layer.Layer<E2, R2>,
    options?: PartOptions
  ): <E, R>(self: Artifact<E, R>) => Artifact<E | E2, R | R2>
  <E, R, E2, R2>(
    self: Artifact<E, R>,
    layer: Layer.Layer<E2, R2>,
    options?: PartOptions
  ): Artifact<E | E2, R | R2>
} = dual(
  (args) => "parts" in args[0],
  <E, R, E2, R2>(
    self: Artifact<E, R>,
    layer: Layer.Layer<E2, R2>,
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
 * The artifact with bytes more, which are kept as they are.
 *
 * @since 0.1.0
 * @category combinators
 */
export const addBytes: {
  <E2, R2>(
    content: Stream.Stream<Uint8Array, E2, R2>,
    mediaType: MediaType.MediaType,
    annotations?: Annotations.Annotations
  ): <E, R>(self: Artifact<E, R>) => Artifact<E | E2, R | R2>
  <E, R, E2, R2>(
    self: Artifact<E, R>,
    content: Stream.Stream<Uint8Array, E2, R2>,
    mediaType: MediaType.MediaType,
    annotations?: Annotations.Annotations
  ): Artifact<E | E2, R | R2>
} = dual(
  (args) => "parts" in args[0],
  <E, R, E2, R2>(
    self: Artifact<E, R>,
    content: Stream.Stream<Uint8Array, E2, R2>,
    mediaType: MediaType.MediaType,
    annotations: Annotations.Annotations = {}
  ): Artifact<E | E2, R | R2> =>
    make_<E | E2, R | R2>({ ...self, parts: [...self.parts, { _tag: "Bytes", content, mediaType, annotations }] })
)

/**
 * The artifact with annotations more; where both have a key, the new value holds.
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
 * The artifact about something else, as a signature is.
 *
 * @since 0.1.0
 * @category combinators
 */
export const about: {
  (subject: Descriptor.Descriptor): <E, R>(self: Artifact<E, R>) => Artifact<E, R>
  <E, R>(self: Artifact<E, R>, subject: Descriptor.Descriptor): Artifact<E, R>
} = dual(
  2,
  <E, R>(self: Artifact<E, R>, subject: Descriptor.Descriptor): Artifact<E, R> =>
    make_({ ...self, subject: Descriptor.bare(subject) })
)

/**
 * The artifact of all files in a directory, in one layer that is compressed by gzip.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromDirectory = (
  root: string,
  options: Layer.DirectoryOptions = {}
): Artifact<
  ConfigError.ConfigError | FileTree.FileTreeError | LayerError | Tar.TarError,
  LocalFiles.LocalFiles
> => addLayer(make(), Layer.compress(Layer.fromDirectory(root, options), "gzip"))

const baseName = (path: string): string => path.slice(Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\")) + 1)

/**
 * The artifact of files by their base names, in one layer that is compressed by gzip. Of two with the same base name
 * neither is taken silently: that is an error.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromFiles = (
  paths: Iterable<string>,
  options: Pick<Layer.DirectoryOptions, "modified" | "permissions"> = {}
): Either.Either<
  Artifact<
    ConfigError.ConfigError | FileTree.FileTreeError | LayerError | Tar.TarError,
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
  return Either.right(addLayer(make(), Layer.compress(Layer.fromFiles(Object.fromEntries(files), options), "gzip")))
}

/**
 * The artifact of bytes that are kept as they are, of a type of their own.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromStream = <E, R>(
  artifactType: MediaType.MediaType,
  content: Stream.Stream<Uint8Array, E, R>,
  options: { readonly mediaType?: MediaType.MediaType | undefined; readonly title?: string | undefined } = {}
): Artifact<E, R> =>
  addBytes(
    make(artifactType),
    content,
    options.mediaType ?? MediaType.OctetStream,
    options.title === undefined ? {} : { [Annotations.title]: options.title }
  )

/** Of ocipkg's type, the list of all files; of others the empty one. */
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
 * Packs an artifact into a store, and gives it a name there.
 *
 * @since 0.1.0
 * @category destructors
 */
export const push: {
  (
    store: ImageStore.Writable & ImageStore.Receiving,
    name?: string
  ): <E, R>(self: Artifact<E, R>) => Effect.Effect<
    Content.Content<ImageManifest.ImageManifest>,
    E | ContentError | Compression.CompressionError,
    R | Compression.Compression | Hasher.Hasher
  >
  <E, R>(
    self: Artifact<E, R>,
    store: ImageStore.Writable & ImageStore.Receiving,
    name?: string
  ): Effect.Effect<
    Content.Content<ImageManifest.ImageManifest>,
    E | ContentError | Compression.CompressionError,
    R | Compression.Compression | Hasher.Hasher
  >
} = dual(
  (args) => "parts" in args[0],
  <E, R>(self: Artifact<E, R>, store: ImageStore.Writable & ImageStore.Receiving, name?: string) =>
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
 * The files of an artifact, by the digests of its layers: as its configuration lists them, else as the layers have
 * them, which are then read, as those of images and of what older versions of the crate ocipkg have written.
 *
 * @since 0.1.0
 * @category getters
 */
export const files = (
  store: ImageStore.Readable,
  name: string
): Effect.Effect<
  ReadonlyArray<{ readonly layer: Descriptor.Descriptor; readonly files: ReadonlyArray<string> }>,
  ArtifactError | Compression.CompressionError | ContentError | LayerError | Tar.TarError,
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
      return Layer.entries({ mediaType: layer.mediaType, bytes: store.fetch(layer) }).pipe(
        Stream.runForEach(({ path, type }) => Effect.sync(() => type !== "Directory" && found.push(path))),
        Effect.map(() => ({ layer, files: found.sort(listing.compare) }))
      )
    })
  })

/**
 * Unpacks the files of an artifact into a new directory, verified and by the rules of {@link Unpack}. What is in it but
 * no files is left out.
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
  | LayerError
  | Tar.TarError
  | UnpackError,
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
