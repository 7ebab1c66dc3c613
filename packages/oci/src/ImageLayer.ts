/**
 * Image layers: built from files, compared, and squashed.
 *
 * A layer is a description that is read in one pass and in bounded memory when it is run. The same input gives the same
 * bytes on every machine: entries are sorted, have no owners, and no times but `SOURCE_DATE_EPOCH`.
 *
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/layer.md
 * @see https://reproducible-builds.org/specs/source-date-epoch/
 * @since 0.1.0
 */
import type * as ConfigError from "effect/ConfigError"
import * as Effect from "effect/Effect"
import { dual } from "effect/Function"
import * as Option from "effect/Option"
import * as Sink from "effect/Sink"
import * as Stream from "effect/Stream"
import type * as FileTree from "./author/FileTree.js"
import * as Compression from "./Compression.js"
import * as Hasher from "./Hasher.js"
import { LayerError } from "./internal/layers/error.js"
import * as limitCounter from "./internal/layers/limitCounter.js"
import { defaultLimits, type Limits } from "./internal/layers/limits.js"
import type { Blob, Description, ImageLayer } from "./internal/layers/model.js"
import * as packing from "./internal/layers/packing.js"
import * as internal from "./internal/layers/running.js"
import { squashItems } from "./internal/layers/squash.js"
import { diffItems } from "./internal/layers/treeDiff.js"
import * as LocalFiles from "./LocalFiles.js"
import * as MediaType from "./MediaType.js"
import * as Tar from "./Tar.js"

export type {
  /**
   * Layer as stored in a registry or store.
   *
   * @since 0.1.0
   * @category models
   */
  Blob,
  /**
   * Descriptor, digests and sizes of a layer, known after all its bytes were read.
   *
   * @since 0.1.0
   * @category models
   */
  Description,
  /**
   * Description of a layer.
   *
   * @since 0.1.0
   * @category models
   */
  ImageLayer
} from "./internal/layers/model.js"

export {
  /**
   * A layer cannot be made or read. `path` is the entry (empty if unknown), or the media type.
   *
   * - `ReservedName`: a name that begins with `.wh.` would remove a file when the layer is unpacked.
   * - `InvalidPath`: the path is empty, contains `..` or a NUL, or leads through an entry that is not a directory.
   * - `Duplicate`: two entries have the same path.
   * - `InvalidWhiteout`: a whiteout removes `.`, `..` or nothing.
   * - `DanglingLink`: the target of a hard link is not a file of the layers.
   * - `UnsupportedMediaType`: the media type is not that of a layer.
   * - `LimitExceeded`: a limit was exceeded; `detail` has the limit.
   *
   * @since 0.1.0
   * @category errors
   */
  LayerError
} from "./internal/layers/error.js"

export {
  /**
   * Default limits on layers.
   *
   * @since 0.1.0
   * @category constants
   */
  defaultLimits,
  /**
   * Limits on the layers of an image, or on layers that are squashed. They hold for all layers together; a layer that is
   * read alone counts as all of them.
   *
   * @since 0.1.0
   * @category models
   */
  type Limits
} from "./internal/layers/limits.js"

/**
 * A layer without entries.
 *
 * @since 0.1.0
 * @category constructors
 */
export const empty: ImageLayer = internal.make({
  compression: "none",
  level: undefined,
  archive: Stream.sync(() => new Uint8Array(1024))
})

/**
 * Makes a layer of entries, unchanged and in their order. Like all constructors here, it makes an uncompressed layer;
 * see {@link compress}.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromStream = <E, R, E2 = never, R2 = never>(
  entries: Stream.Stream<Tar.Entry<E2, R2>, E, R>
): ImageLayer<E | E2 | Tar.TarError, R | R2> =>
  internal.make({ compression: "none", level: undefined, archive: Tar.write(entries) })

const fromItems = <E, R, E2, R2>(
  items: Stream.Stream<packing.Item<E2, R2>, E, R>
): ImageLayer<E | E2 | Tar.TarError, R | R2> =>
  internal.make({ compression: "none", level: undefined, archive: Tar.encode(items), reused: Tar.encode(items, true) })

/**
 * Options of layers built from files or entries.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** Time of every entry. Default: `SOURCE_DATE_EPOCH`, else the beginning of 1970. */
  readonly modified?: Date | undefined
}

/**
 * Makes a layer of a few entries, sorted, including their parent directories. Leading slashes of paths are dropped.
 * Attributes of the entries are kept; only added directories have the time of the options.
 *
 * @example
 * ```ts
 * import { ImageLayer, Tar } from "@ociman/oci"
 * import { NodeHasher, NodeImages } from "@ociman/node"
 * import { Effect, Layer } from "effect"
 *
 * const layer = ImageLayer.fromEntries([
 *   Tar.file("usr/bin/hello", "#!/bin/sh\necho hello\n", { mode: 0o755 })
 * ]).pipe(ImageLayer.compress("gzip"))
 *
 * const { descriptor } = await ImageLayer.describe(layer).pipe(
 *   Effect.provide(Layer.merge(NodeHasher.layer, NodeImages.layerCompression)),
 *   Effect.runPromise
 * )
 *
 * assert.strictEqual(descriptor.mediaType, "application/vnd.oci.image.layer.v1.tar+gzip")
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromEntries = <E = never, R = never>(
  entries: Iterable<Tar.Entry<E, R>>,
  options: Options = {}
): ImageLayer<E | ConfigError.ConfigError | LayerError | Tar.TarError, R> =>
  fromItems(
    Stream.unwrap(Effect.map(packing.time(options.modified), (modified) =>
      packing.sorted(Array.from(entries, (entry) => ({ header: entry, content: entry.content })), modified)))
  )

/**
 * Options of layers built from directories.
 *
 * @since 0.1.0
 * @category models
 */
export interface DirectoryOptions extends Options, FileTree.Options {
  /**
   * Permissions of files and directories.
   *
   * - `normal`: `0755` for directories and executable files, `0644` for other files, independent of the umask.
   * - `kept`: unchanged.
   *
   * Default: `normal`; for {@link diff} `kept`.
   */
  readonly permissions?: "normal" | "kept" | undefined
  /** Directory of the layer that receives the entries. Default: its root. */
  readonly at?: string | undefined
}

/**
 * Makes a layer of everything in a directory. Owners, times and extended attributes are not kept, hard links become
 * separate files, and sockets are left out.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromDirectory = (
  root: string,
  options: DirectoryOptions = {}
): ImageLayer<
  ConfigError.ConfigError | FileTree.FileTreeError | LayerError | Tar.TarError,
  LocalFiles.LocalFiles
> =>
  fromItems(Stream.unwrap(Effect.gen(function*() {
    const { reader } = yield* LocalFiles.LocalFiles
    const style = yield* packing.style(options, "normal")
    return packing.directoryItems(reader, root, options, style)
  })))

/**
 * Makes a layer of single files: a record of paths on this machine by paths in the layer. Links are followed.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromFiles = (
  files: Readonly<Record<string, string>>,
  options: Pick<DirectoryOptions, "modified" | "permissions"> = {}
): ImageLayer<ConfigError.ConfigError | FileTree.FileTreeError | LayerError | Tar.TarError, LocalFiles.LocalFiles> =>
  fromItems(Stream.unwrap(Effect.gen(function*() {
    const { reader } = yield* LocalFiles.LocalFiles
    const style = yield* packing.style(options, "normal")
    const items = yield* Effect.forEach(
      Object.entries(files),
      ([path, location]) =>
        Effect.flatMap(reader.readFiles([location]), ([content]) =>
          content === undefined
            ? Effect.dieMessage("A reader returned fewer files than it was asked for")
            : packing.fromTree(path, { _tag: "File", path, ...content }, style))
    )
    return packing.sorted(items, style.modified)
  })))

/**
 * Makes the layer that turns the directory `lower` into `upper`. Added and changed entries are as in {@link
 * fromDirectory}. A removed entry is a whiteout, before the entries of its directory; if every entry of a directory was
 * removed, one opaque whiteout. Files are compared by permissions and content.
 *
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/layer.md#whiteouts
 * @since 0.1.0
 * @category constructors
 */
export const diff = (
  lower: string,
  upper: string,
  options: DirectoryOptions = {}
): ImageLayer<
  ConfigError.ConfigError | FileTree.FileTreeError | LayerError | Tar.TarError,
  Hasher.Hasher | LocalFiles.LocalFiles
> =>
  fromItems(Stream.unwrap(Effect.gen(function*() {
    const { reader } = yield* LocalFiles.LocalFiles
    const hasher = yield* Hasher.Hasher
    const style = yield* packing.style(options, "kept")
    return diffItems({ reader, hasher, lower, upper, include: options.include ?? (() => true), style })
  })))

/**
 * Options of reading layers.
 *
 * @since 0.1.0
 * @category models
 */
export interface ReadOptions {
  /** Limits on untrusted layers. Default: {@link defaultLimits}. */
  readonly limits?: Partial<Limits> | undefined
}

const limitsOf = ({ limits }: ReadOptions): Limits => ({ ...defaultLimits, ...limits })

const limitedArchive = <E, R>(blob: Blob<E, R>, counter: limitCounter.Counter) =>
  counter.archive(blob.bytes, (bytes) => decompress({ ...blob, bytes }), packing.exceeded)

/**
 * Merges several layers, lowest first, into one with the same effect. Entries are kept unchanged, owners and devices
 * included. The blobs are read twice: for their headers, then for the remaining contents.
 *
 * With `whiteouts: "dropped"`, the result is a complete image without whiteouts. Default: `kept`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const squash = <E, R>(
  blobs: ReadonlyArray<Blob<E, R>>,
  options: ReadOptions & { readonly whiteouts?: "kept" | "dropped" | undefined } = {}
): ImageLayer<
  E | Compression.CompressionError | LayerError | Tar.TarError,
  R | Compression.Compression
> =>
  fromItems(squashItems(blobs, limitedArchive, { whiteouts: options.whiteouts ?? "kept", limits: limitsOf(options) }))

/**
 * Sets the compression of a layer.
 *
 * @since 0.1.0
 * @category combinators
 */
export const compress: {
  (
    compression: MediaType.Compression,
    options?: Compression.Options
  ): <E, R>(self: ImageLayer<E, R>) => ImageLayer<E, R>
  <E, R>(self: ImageLayer<E, R>, compression: MediaType.Compression, options?: Compression.Options): ImageLayer<E, R>
} = dual(
  (args) => typeof args[0] !== "string",
  <E, R>(
    self: ImageLayer<E, R>,
    compression: MediaType.Compression,
    options: Compression.Options = {}
  ): ImageLayer<E, R> => internal.make({ ...self, compression, level: options.level })
)

/**
 * Runs the bytes of a layer, compressed, into a sink. Also returns their description.
 *
 * @since 0.1.0
 * @category destructors
 */
export const run: {
  <A, E2, R2>(
    sink: Sink.Sink<A, Uint8Array, Uint8Array, E2, R2>
  ): <E, R>(self: ImageLayer<E, R>) => Effect.Effect<
    readonly [Description, A],
    E | E2 | Compression.CompressionError,
    R | R2 | Compression.Compression | Hasher.Hasher
  >
  <E, R, A, E2, R2>(self: ImageLayer<E, R>, sink: Sink.Sink<A, Uint8Array, Uint8Array, E2, R2>): Effect.Effect<
    readonly [Description, A],
    E | E2 | Compression.CompressionError,
    R | R2 | Compression.Compression | Hasher.Hasher
  >
} = dual(
  2,
  <E, R, A, E2, R2>(self: ImageLayer<E, R>, sink: Sink.Sink<A, Uint8Array, Uint8Array, E2, R2>) =>
    internal.run(self, sink)
)

/**
 * Computes the description of a layer without keeping its bytes.
 *
 * @since 0.1.0
 * @category destructors
 */
export const describe = <E, R>(
  self: ImageLayer<E, R>
): Effect.Effect<
  Description,
  E | Compression.CompressionError,
  R | Compression.Compression | Hasher.Hasher
> => Effect.map(internal.runAtOnce(self, Sink.drain), ([description]) => description)

/**
 * Streams the bytes of a layer, compressed.
 *
 * @since 0.1.0
 * @category destructors
 */
export const stream = <E, R>(
  self: ImageLayer<E, R>
): Stream.Stream<Uint8Array, E | Compression.CompressionError, R | Compression.Compression> => {
  const { archive, compression, level } = self
  return compression === "none" ? archive : Stream.unwrap(
    Effect.map(Compression.Compression, ({ compress }) => compress(compression, { level })(archive))
  )
}

/**
 * Converts a layer to a blob that can be unpacked, without compressing it.
 *
 * @since 0.1.0
 * @category conversions
 */
export const toBlob = <E, R>(self: ImageLayer<E, R>): Blob<E, R> => ({
  mediaType: internal.mediaTypes.none,
  bytes: self.archive
})

/**
 * Decompresses a blob by its media type.
 *
 * @since 0.1.0
 * @category conversions
 */
export const decompress = <E, R>(
  self: Blob<E, R>
): Stream.Stream<Uint8Array, E | Compression.CompressionError | LayerError, R | Compression.Compression> =>
  Option.match(MediaType.compression(self.mediaType), {
    onNone: () => Stream.fail(new LayerError({ path: self.mediaType, reason: "UnsupportedMediaType" })),
    onSome: (compression) =>
      compression === "none"
        ? self.bytes
        : Stream.unwrap(Effect.map(Compression.Compression, (_) => _.decompress(compression)(self.bytes)))
  })

/**
 * Reads the entries of a blob. Whiteouts are read as ordinary files.
 *
 * @since 0.1.0
 * @category conversions
 */
export const entries = <E, R>(
  self: Blob<E, R>,
  options: ReadOptions = {}
): Stream.Stream<
  Tar.Entry<E | Compression.CompressionError | LayerError | Tar.TarError>,
  E | Compression.CompressionError | LayerError | Tar.TarError,
  R | Compression.Compression
> =>
  Stream.suspend(() => {
    const limits = limitsOf(options)
    const counter = limitCounter.make(limits)
    return Tar.readWith(limitedArchive(self, counter), packing.reading(limits)).pipe(
      Stream.tap((entry) => packing.checked(counter, entry))
    )
  })
