/**
 * Unpacks layers into a directory, safely.
 *
 * Layers are untrusted. Nothing outside the new directory is created, changed or removed: names are resolved below its
 * root, links on the way to a file are followed only inside it, links themselves are replaced and never written
 * through, and everything else is refused. The target of an unpacked link may still point outside, as in many real
 * images, so later readers must not follow links either.
 *
 * Files are written to a directory beside the destination that only the current user may access, and renamed to the
 * destination when complete. Only root and other programs of the same user could change it meanwhile.
 *
 * A killed process leaves no incomplete destination. As with `tar`, files are not synced, which would take many times
 * as long as writing them: after a power failure within seconds, files may be missing or empty. Unpack again from the
 * store, whose content is synced.
 *
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/layer.md#applying-changesets
 * @since 0.1.0
 */
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as FastPath from "./author/FastPath.js"
import type { Compression, CompressionError } from "./Compression.js"
import * as Content from "./Content.js"
import { type ContentError, UnsupportedDigest } from "./ContentError.js"
import * as Copy from "./Copy.js"
import type { Descriptor } from "./Descriptor.js"
import * as Digest from "./Digest.js"
import type * as Hasher from "./Hasher.js"
import * as ImageConfig from "./ImageConfig.js"
import * as ImageLayer from "./ImageLayer.js"
import * as ImageManifest from "./ImageManifest.js"
import * as ImageStore from "./ImageStore.js"
import { makeMeter } from "./internal/layers/digestMeter.js"
import * as applying from "./internal/unpacking/applying.js"
import { UnpackError } from "./internal/unpacking/error.js"
import type { Options, Result } from "./internal/unpacking/model.js"
import * as partials from "./internal/unpacking/partialDirectory.js"
import { withoutTrailing } from "./internal/values/text.js"
import { LocalFiles } from "./LocalFiles.js"
import * as MediaType from "./MediaType.js"
import type { Platform } from "./Platform.js"
import * as Tar from "./Tar.js"

export type {
  /**
   * Options of unpacking.
   *
   * @since 0.1.0
   * @category models
   */
  Options,
  /**
   * Result of unpacking.
   *
   * @since 0.1.0
   * @category models
   */
  Result
} from "./internal/unpacking/model.js"

export {
  /**
   * A layer was not unpacked. `layer` is its position, from 0, and `path` the entry as written in the layer, empty for
   * the whole layer.
   *
   * - `UnsafePath`: the path is empty, contains `..` or a NUL, or leads through a dangling link or a file.
   * - `UnsafeLink`: a hard link whose target is not a file of the layers, or a symbolic link without a target.
   * - `ChangesRoot`: the entry would replace the root of the directory.
   * - `InvalidWhiteout`: a whiteout removes `.`, `..` or nothing.
   * - `Device`: the entry is a device or a pipe; see the option `devices`.
   * - `SetUserId`: the file runs as its owner; see the option `setUserId`.
   * - `LimitExceeded`: a limit of the options is exceeded.
   * - `DiffIdMismatch`: the layer does not have the digest in the configuration.
   * - `DestinationExists`: the destination exists.
   * - `CannotWrite`: writing failed; see `cause`.
   *
   * @since 0.1.0
   * @category errors
   */
  UnpackError
} from "./internal/unpacking/error.js"

/**
 * Unpacks the layers of an image, lowest first, into a new directory. A failure or interruption leaves the destination
 * unchanged, and nothing beside it. Permissions and times are kept; extended attributes are not.
 *
 * @example
 * ```ts
 * import { ImageLayer, Tar, Unpack } from "@ociman/oci"
 * import { NodeImages } from "@ociman/node"
 * import { FileSystem } from "@effect/platform"
 * import { NodeContext } from "@effect/platform-node"
 * import { Effect, Layer } from "effect"
 *
 * const program = Effect.gen(function*() {
 *   const fs = yield* FileSystem.FileSystem
 *   const root = `${yield* fs.makeTempDirectoryScoped()}/root`
 *   const lower = ImageLayer.fromEntries([Tar.file("etc/motd", "Hello.\n"), Tar.file("etc/issue", "")])
 *   const upper = ImageLayer.fromEntries([Tar.file("etc/.wh.issue", "")])
 *   yield* Unpack.toDirectory(root, [ImageLayer.toBlob(lower), ImageLayer.toBlob(upper)])
 *   return yield* fs.readDirectory(`${root}/etc`)
 * })
 *
 * const names = await program.pipe(
 *   Effect.scoped,
 *   Effect.provide(Layer.mergeAll(NodeImages.layer, NodeContext.layer)),
 *   Effect.runPromise
 * )
 *
 * assert.deepStrictEqual(names, ["motd"])
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const toDirectory = <E, R>(
  destination: string,
  layers: ReadonlyArray<ImageLayer.Blob<E, R>>,
  options: Options = {}
): Effect.Effect<
  Result,
  E | CompressionError | ImageLayer.LayerError | Tar.TarError | UnpackError,
  R | Compression | Hasher.Hasher | LocalFiles
> =>
  Effect.gen(function*() {
    const files = yield* LocalFiles
    const limits = { ...ImageLayer.defaultLimits, ...options.limits }
    const target = destination.slice(0, 1) + withoutTrailing(destination.slice(1), "/")
    const atDestination = Effect.mapError(applying.cannotWrite(0, target))
    yield* partials.clear(files, target)
    const existing = yield* atDestination(files.status(target))
    if (Option.isSome(existing) && options.overwrite !== true) {
      return yield* new UnpackError({ layer: 0, path: target, reason: "DestinationExists", detail: "" })
    }
    const temporary = yield* partials.name(files, target)

    const fill = Effect.gen(function*() {
      const state = yield* applying.make({ files, root: temporary, limits, options })
      for (const [index, blob] of layers.entries()) yield* applyLayer(state, limits, index, blob)
      yield* state.finish
      yield* Effect.uninterruptible(atDestination(
        Option.isSome(existing) ? replace(files, temporary, target) : files.rename(temporary, target)
      ))
      return state.result()
    })

    return yield* Effect.acquireUseRelease(
      atDestination(files.makeDirectory(temporary)),
      () => Effect.scoped(fill),
      (_, exit) =>
        Exit.isSuccess(exit)
          ? Effect.void
          : files.remove(temporary).pipe(
            Effect.catchAll((error) => Effect.logWarning(`A temporary directory was left behind: ${error.message}`))
          )
    )
  })

/** Replaces a directory by two renames, and restores the old one if the second fails. */
const replace = (files: Context.Tag.Service<typeof LocalFiles>, temporary: string, target: string) => {
  const old = `${temporary}${partials.oldSuffix}`
  return files.rename(target, old).pipe(
    Effect.zipRight(files.rename(temporary, target)),
    Effect.tapError(() => Effect.ignore(files.rename(old, target))),
    Effect.zipRight(Effect.ignoreLogged(files.remove(old)))
  )
}

const applyLayer = <E, R>(
  state: applying.State,
  limits: ImageLayer.Limits,
  index: number,
  blob: ImageLayer.Blob<E, R>
) =>
  Effect.gen(function*() {
    const fail = (reason: UnpackError["reason"], detail: string) =>
      new UnpackError({ layer: index, path: "", reason, detail })
    const { diffId } = blob
    const meter = yield* diffId === undefined ? Effect.succeedNone : Effect.asSome(makeMeter(diffId))
    const archive = state.counter.archive(
      blob.bytes,
      (bytes) => {
        const archive = ImageLayer.decompress({ ...blob, bytes })
        return Option.match(meter, { onNone: () => archive, onSome: ({ count }) => count(archive) })
      },
      ({ rule }) => fail("LimitExceeded", rule)
    )

    yield* state.beginLayer(index)
    yield* Stream.runForEachChunk(
      Tar.decode(archive, { extendedHeaderSize: limits.extendedHeaderSize, openEnd: true }),
      (events) => Effect.forEach(events, state.apply, { discard: true })
    )
    const actual = Option.map(meter, ({ end }) => end().digest)
    if (Option.isSome(actual) && actual.value !== diffId) {
      return yield* fail("DiffIdMismatch", `it should be ${diffId}, and is ${actual.value}`)
    }
  })

/** Uncompressed layers are unpacked from reused buffers; compressed ones are processed in other threads. */
const contentOf = (
  store: ImageStore.Readable,
  layer: Descriptor
): Stream.Stream<Uint8Array, ContentError, Hasher.Hasher> => {
  const { reused } = FastPath.ofFetch(store)
  return reused !== undefined && Option.contains(MediaType.compression(layer.mediaType), "none")
    ? Content.verify(layer)(reused(layer))
    : store.fetch(layer)
}

/**
 * Digests of the uncompressed layers of a manifest, one for each layer. Empty if the configuration is not that of an
 * image.
 */
const diffIdsOf = Effect.fnUntraced(
  function*(store: ImageStore.Readable, { config, layers }: ImageManifest.ImageManifest) {
    if (!MediaType.isConfig(config.mediaType)) return []
    const { value } = yield* ImageStore.fetchDocument(store, ImageConfig.codec, config)
    const ids = value.rootfs.diff_ids
    if (ids.length !== layers.length) {
      return yield* new UnpackError({
        layer: Math.min(ids.length, layers.length),
        path: "",
        reason: "DiffIdMismatch",
        detail: `there are ${layers.length} layers in the manifest, and ${ids.length} in the configuration`
      })
    }
    return yield* Effect.forEach(
      ids,
      (id) => Digest.isDigest(id) ? Effect.succeed(id) : new UnsupportedDigest({ digest: id })
    )
  }
)

/**
 * Unpacks an image of a store into a new directory. Verifies the bytes of the layers and of their decompressed
 * archives. For an index, give a platform; without one, the name must refer to an image.
 *
 * @since 0.1.0
 * @category constructors
 */
export const image = (
  from: Copy.Place<ImageStore.Readable>,
  destination: string,
  options: Options & { readonly platform?: Platform | undefined } = {}
): Effect.Effect<
  Result,
  CompressionError | ContentError | ImageLayer.LayerError | Tar.TarError | UnpackError,
  Compression | Hasher.Hasher | LocalFiles
> =>
  Effect.gen(function*() {
    const { store } = from
    const root = yield* Copy.rootOf(from, options.platform)
    const { value: manifest } = yield* ImageStore.fetchDocument(store, ImageManifest.codec, root)
    const diffIds = yield* diffIdsOf(store, manifest)
    const blobs = manifest.layers.map((layer, i) => ({
      mediaType: layer.mediaType,
      bytes: contentOf(store, layer),
      diffId: diffIds[i]
    }))
    return yield* toDirectory(destination, blobs, options)
  }).pipe(Effect.withSpan("Unpack.image", {
    captureStackTrace: false,
    attributes: { store: from.store.name, reference: from.name, destination }
  }))
