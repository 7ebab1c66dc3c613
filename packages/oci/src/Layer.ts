/**
 * Layers of images: made from files, compared, and put together.
 *
 * A layer is a description, and bytes only when it is run; what it is made from is read in one pass and in bounded
 * memory, and the same input gives the same bytes on every machine: entries in one order, no owners, and no times but
 * `SOURCE_DATE_EPOCH`.
 *
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/layer.md
 * @see https://reproducible-builds.org/specs/source-date-epoch/
 * @since 0.1.0
 */
import type * as ConfigError from "effect/ConfigError"
import * as Effect from "effect/Effect"
import { dual } from "effect/Function"
import * as Option from "effect/Option"
import type { Pipeable } from "effect/Pipeable"
import * as Sink from "effect/Sink"
import * as Stream from "effect/Stream"
import * as Compression from "./Compression.js"
import type { Descriptor } from "./Descriptor.js"
import type * as Digest from "./Digest.js"
import type * as FileTree from "./FileTree.js"
import * as Hasher from "./Hasher.js"
import * as internal from "./internal/layer.js"
import * as packing from "./internal/layerPacking.js"
import * as limitCounter from "./internal/limitCounter.js"
import { squashItems } from "./internal/squash.js"
import { diffItems } from "./internal/treeDiff.js"
import { LayerError } from "./LayerError.js"
import * as Limits from "./Limits.js"
import * as LocalFiles from "./LocalFiles.js"
import * as MediaType from "./MediaType.js"
import * as Tar from "./Tar.js"

/**
 * How a layer is made.
 *
 * @since 0.1.0
 * @category models
 */
export interface Layer<out E = never, out R = never> extends Pipeable {
  readonly compression: MediaType.Compression
  /** From fast to small; see `Compression.Options`. */
  readonly level: number | undefined
  /** What is in it, as an archive that is not compressed. It can be run any number of times. */
  readonly archive: Stream.Stream<Uint8Array, E, R>
  /**
   * The same in pieces whose memory is used again as soon as the next one is asked for.
   *
   * @internal
   */
  readonly reused?: Stream.Stream<Uint8Array, E, R>
}

/**
 * What is known of a layer once all its bytes are there.
 *
 * @since 0.1.0
 * @category models
 */
export interface Description {
  /** For the manifest: what the bytes are, compressed as they are. */
  readonly descriptor: Descriptor & { readonly digest: Digest.Digest }
  /** For `rootfs.diff_ids` of the configuration: the digest of the archive before it is compressed. */
  readonly diffId: Digest.Digest
  /** Bytes of the archive before it is compressed. */
  readonly archiveSize: number
}

/**
 * A layer as it lies in a registry or store.
 *
 * @since 0.1.0
 * @category models
 */
export interface Blob<out E = never, out R = never> {
  /** As in the descriptor. */
  readonly mediaType: string
  readonly bytes: Stream.Stream<Uint8Array, E, R>
  /** As in the configuration, if what is unpacked is to be verified. */
  readonly diffId?: Digest.Digest | undefined
}

/**
 * A layer with nothing in it.
 *
 * @since 0.1.0
 * @category constructors
 */
export const empty: Layer = internal.make({
  compression: "none",
  level: undefined,
  archive: Stream.sync(() => new Uint8Array(1024))
})

/**
 * A layer of entries as they are, in the order in which they come. It is not compressed, like everything that is made
 * here, until {@link compress} says so.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromStream = <E, R, E2 = never, R2 = never>(
  entries: Stream.Stream<Tar.Entry<E2, R2>, E, R>
): Layer<E | E2 | Tar.TarError, R | R2> =>
  internal.make({ compression: "none", level: undefined, archive: Tar.write(entries) })

const fromItems = <E, R, E2, R2>(
  items: Stream.Stream<packing.Item<E2, R2>, E, R>
): Layer<E | E2 | Tar.TarError, R | R2> =>
  internal.make({ compression: "none", level: undefined, archive: Tar.encode(items), reused: Tar.encode(items, true) })

/**
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** The time of every entry. Default: `SOURCE_DATE_EPOCH`, else the beginning of 1970. */
  readonly modified?: Date | undefined
}

/**
 * A layer of a few entries, sorted, with the directories that they are in. Slashes before a path are dropped. Of what
 * the entries say everything is kept; only a directory that was not given has the time of the options.
 *
 * @example
 * ```ts
 * import { Layer, Tar } from "@ociman/oci"
 * import { NodeHasher, NodeImages } from "@ociman/node"
 * import { Effect, Layer as Services } from "effect"
 *
 * const layer = Layer.fromEntries([
 *   Tar.file("usr/bin/hello", "#!/bin/sh\necho hello\n", { mode: 0o755 })
 * ]).pipe(Layer.compress("gzip"))
 *
 * const { descriptor } = await Layer.describe(layer).pipe(
 *   Effect.provide(Services.merge(NodeHasher.layer, NodeImages.layerCompression)),
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
): Layer<E | ConfigError.ConfigError | LayerError | Tar.TarError, R> =>
  fromItems(
    Stream.unwrap(Effect.map(packing.time(options.modified), (modified) =>
      packing.sorted(Array.from(entries, (entry) => ({ header: entry, content: entry.content })), modified)))
  )

/**
 * @since 0.1.0
 * @category models
 */
export interface DirectoryOptions extends Options, FileTree.Options {
  /**
   * Which permissions files and directories have.
   *
   * - `normal`: `0755` for directories and for files that anyone may execute, `0644` for other files, so that the umask
   *   of whoever made them makes no difference.
   * - `kept`: those they have.
   *
   * Default: `normal`; for {@link diff} `kept`.
   */
  readonly permissions?: "normal" | "kept" | undefined
  /** In which directory of the layer everything lies. Default: its root. */
  readonly at?: string | undefined
}

/**
 * A layer of everything in a directory. Owners, times and extended attributes are not kept, hard links become files of
 * their own, and sockets are left out.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromDirectory = (
  root: string,
  options: DirectoryOptions = {}
): Layer<
  ConfigError.ConfigError | FileTree.FileTreeError | LayerError | Tar.TarError,
  LocalFiles.LocalFiles
> =>
  fromItems(Stream.unwrap(Effect.gen(function*() {
    const { reader } = yield* LocalFiles.LocalFiles
    const style = yield* packing.style(options, "normal")
    return packing.directoryItems(reader, root, options, style)
  })))

/**
 * A layer of single files: where each lies in the layer, and which file of this machine it is. A link is followed.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromFiles = (
  files: Readonly<Record<string, string>>,
  options: Pick<DirectoryOptions, "modified" | "permissions"> = {}
): Layer<ConfigError.ConfigError | FileTree.FileTreeError | LayerError | Tar.TarError, LocalFiles.LocalFiles> =>
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
 * The layer that makes the directory `upper` out of `lower`, like `Layer.fromDirectory` of what was added or changed.
 * What was removed is a whiteout, before the entries of its directory; where everything in a directory was, an opaque
 * one. Files are compared by permissions and content.
 *
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/layer.md#whiteouts
 * @since 0.1.0
 * @category constructors
 */
export const diff = (
  lower: string,
  upper: string,
  options: DirectoryOptions = {}
): Layer<
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
 * @since 0.1.0
 * @category models
 */
export interface ReadOptions {
  /** How much is read at most. */
  readonly limits?: Partial<Limits.Limits> | undefined
}

const limitsOf = ({ limits }: ReadOptions): Limits.Limits => ({ ...Limits.defaults, ...limits })

const limitedArchive = <E, R>(blob: Blob<E, R>, counter: limitCounter.Counter) =>
  counter.archive(blob.bytes, (bytes) => decompress({ ...blob, bytes }), packing.exceeded)

/**
 * One layer that does what several do one after the other, the first one first. Entries are kept as they are, owners
 * and devices too. The blobs are read twice: for what is in them, and for the contents that are left.
 *
 * With `whiteouts: "dropped"` there is nothing below: what the layers remove is not there, and no whiteout remains.
 * Default: `kept`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const squash = <E, R>(
  blobs: ReadonlyArray<Blob<E, R>>,
  options: ReadOptions & { readonly whiteouts?: "kept" | "dropped" | undefined } = {}
): Layer<
  E | Compression.CompressionError | LayerError | Tar.TarError,
  R | Compression.Compression
> =>
  fromItems(squashItems(blobs, limitedArchive, { whiteouts: options.whiteouts ?? "kept", limits: limitsOf(options) }))

/**
 * The same layer, compressed.
 *
 * @since 0.1.0
 * @category combinators
 */
export const compress: {
  (compression: MediaType.Compression, options?: Compression.Options): <E, R>(self: Layer<E, R>) => Layer<E, R>
  <E, R>(self: Layer<E, R>, compression: MediaType.Compression, options?: Compression.Options): Layer<E, R>
} = dual(
  (args) => typeof args[0] !== "string",
  <E, R>(self: Layer<E, R>, compression: MediaType.Compression, options: Compression.Options = {}): Layer<E, R> =>
    internal.make({ ...self, compression, level: options.level })
)

/**
 * Runs the bytes of a layer, compressed as it says, into a sink, and tells what they were.
 *
 * @since 0.1.0
 * @category destructors
 */
export const run: {
  <A, E2, R2>(
    sink: Sink.Sink<A, Uint8Array, Uint8Array, E2, R2>
  ): <E, R>(self: Layer<E, R>) => Effect.Effect<
    readonly [Description, A],
    E | E2 | Compression.CompressionError,
    R | R2 | Compression.Compression | Hasher.Hasher
  >
  <E, R, A, E2, R2>(self: Layer<E, R>, sink: Sink.Sink<A, Uint8Array, Uint8Array, E2, R2>): Effect.Effect<
    readonly [Description, A],
    E | E2 | Compression.CompressionError,
    R | R2 | Compression.Compression | Hasher.Hasher
  >
} = dual(
  2,
  <E, R, A, E2, R2>(self: Layer<E, R>, sink: Sink.Sink<A, Uint8Array, Uint8Array, E2, R2>) => internal.run(self, sink)
)

/**
 * What the bytes of a layer are, without keeping them.
 *
 * @since 0.1.0
 * @category destructors
 */
export const describe = <E, R>(
  self: Layer<E, R>
): Effect.Effect<
  Description,
  E | Compression.CompressionError,
  R | Compression.Compression | Hasher.Hasher
> => Effect.map(internal.runAtOnce(self, Sink.drain), ([description]) => description)

/**
 * The bytes of a layer, compressed as it says.
 *
 * @since 0.1.0
 * @category destructors
 */
export const stream = <E, R>(
  self: Layer<E, R>
): Stream.Stream<Uint8Array, E | Compression.CompressionError, R | Compression.Compression> => {
  const { archive, compression, level } = self
  return compression === "none" ? archive : Stream.unwrap(
    Effect.map(Compression.Compression, ({ compress }) => compress(compression, { level })(archive))
  )
}

/**
 * A layer that was just made as one that can be unpacked. It is not compressed on the way.
 *
 * @since 0.1.0
 * @category conversions
 */
export const toBlob = <E, R>(self: Layer<E, R>): Blob<E, R> => ({
  mediaType: internal.mediaTypes.none,
  bytes: self.archive
})

/**
 * The archive in a blob, decompressed as its media type says.
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
 * What is in a blob, whiteouts as the files that they are.
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
