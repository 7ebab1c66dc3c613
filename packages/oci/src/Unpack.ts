/**
 * Unpacking layers into a directory that nothing leads out of.
 *
 * What is in a layer was written by others. Whatever it says, nothing outside of the new directory is made, changed or
 * removed: names are taken to be below its root, links on the way to a file are followed inside of it only, links
 * themselves are replaced and never written through, and what cannot be done so is refused. A link may still *say* that
 * it leads out, as many in real images do, so whoever reads the directory later must not follow it either.
 *
 * Everything is written to a directory beside the destination that only the user who runs the program may use, and gets
 * the name of the destination when it is complete. So nobody else can change it on the way, other than root and other
 * programs of the same user.
 *
 * Complete is what a killed program leaves. As with `tar`, what is unpacked is not forced to the disk, which takes many
 * times as long as writing it; if the machine loses its power within seconds, files may be missing or empty, and are
 * unpacked again from the store, whose content is forced to the disk.
 *
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/layer.md#applying-changesets
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { Compression, CompressionError } from "./Compression.js"
import * as Content from "./Content.js"
import { type ContentError, UnsupportedDigest } from "./ContentError.js"
import * as Copy from "./Copy.js"
import type { Descriptor } from "./Descriptor.js"
import * as Digest from "./Digest.js"
import type * as Hasher from "./Hasher.js"
import * as ImageConfig from "./ImageConfig.js"
import * as ImageManifest from "./ImageManifest.js"
import * as ImageStore from "./ImageStore.js"
import { makeMeter } from "./internal/digestMeter.js"
import * as applying from "./internal/layerApplying.js"
import * as partials from "./internal/partialDirectory.js"
import { withoutTrailing } from "./internal/text.js"
import * as Layer from "./Layer.js"
import type { LayerError } from "./LayerError.js"
import * as Limits from "./Limits.js"
import { LocalFiles } from "./LocalFiles.js"
import * as MediaType from "./MediaType.js"
import type { Platform } from "./Platform.js"
import * as Tar from "./Tar.js"
import { UnpackError } from "./UnpackError.js"

/**
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** How much is unpacked at most. */
  readonly limits?: Partial<Limits.Limits> | undefined
  /**
   * What happens to the bits for set-user-id and set-group-id, which let whoever runs a file act as its owner. `strip`
   * unpacks without them. Images of whole systems have such files. Default: `refuse`.
   */
  readonly setUserId?: "refuse" | "strip" | "keep" | undefined
  /** What happens to devices and pipes, which are never made. Default: `refuse`. */
  readonly devices?: "refuse" | "skip" | undefined
  /** To whom everything belongs: to who runs the program, or, for root only, to the ids in the layers. Default: `mine`. */
  readonly owners?: "mine" | "kept" | undefined
  /** Whether what is at the destination is replaced, once everything is unpacked. Default: no. */
  readonly overwrite?: boolean | undefined
}

/**
 * @since 0.1.0
 * @category models
 */
export interface Result {
  readonly entries: number
  /** Bytes of all archives, decompressed. */
  readonly size: number
  /** Paths of devices and pipes that were left out. */
  readonly skipped: ReadonlyArray<string>
}

/**
 * Unpacks the layers of an image, the lowest first, into a new directory. Interrupted or failed, it leaves what was at
 * the destination as it was, and nothing beside it. Permissions and times are kept; extended attributes are not.
 *
 * @example
 * ```ts
 * import { Layer, Tar, Unpack } from "@ociman/oci"
 * import { NodeImages } from "@ociman/node"
 * import { FileSystem } from "@effect/platform"
 * import { NodeContext } from "@effect/platform-node"
 * import { Effect, Layer as Services } from "effect"
 *
 * const program = Effect.gen(function*() {
 *   const fs = yield* FileSystem.FileSystem
 *   const root = `${yield* fs.makeTempDirectoryScoped()}/root`
 *   const lower = Layer.fromEntries([Tar.file("etc/motd", "Hello.\n"), Tar.file("etc/issue", "")])
 *   const upper = Layer.fromEntries([Tar.file("etc/.wh.issue", "")])
 *   yield* Unpack.toDirectory(root, [Layer.toBlob(lower), Layer.toBlob(upper)])
 *   return yield* fs.readDirectory(`${root}/etc`)
 * })
 *
 * const names = await program.pipe(
 *   Effect.scoped,
 *   Effect.provide(Services.mergeAll(NodeImages.layer, NodeContext.layer)),
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
  layers: ReadonlyArray<Layer.Blob<E, R>>,
  options: Options = {}
): Effect.Effect<
  Result,
  E | CompressionError | LayerError | Tar.TarError | UnpackError,
  R | Compression | Hasher.Hasher | LocalFiles
> =>
  Effect.gen(function*() {
    const files = yield* LocalFiles
    const limits = { ...Limits.defaults, ...options.limits }
    const target = destination.slice(0, 1) + withoutTrailing(destination.slice(1), "/")
    const atDestination = Effect.mapError(applying.refused(0, target))
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
            Effect.catchAll((error) => Effect.logWarning(`A directory was left behind: ${error.message}`))
          )
    )
  })

/** What was at the destination is out of the way only for a moment, and comes back if the new one cannot be put there. */
const replace = (files: LocalFiles["Type"], temporary: string, target: string) => {
  const old = `${temporary}${partials.oldSuffix}`
  return files.rename(target, old).pipe(
    Effect.zipRight(files.rename(temporary, target)),
    Effect.tapError(() => Effect.ignore(files.rename(old, target))),
    Effect.zipRight(Effect.ignoreLogged(files.remove(old)))
  )
}

const applyLayer = <E, R>(state: applying.State, limits: Limits.Limits, index: number, blob: Layer.Blob<E, R>) =>
  Effect.gen(function*() {
    const fail = (reason: UnpackError["reason"], detail: string) =>
      new UnpackError({ layer: index, path: "", reason, detail })
    const { diffId } = blob
    const meter = yield* diffId === undefined ? Effect.succeedNone : Effect.asSome(makeMeter(diffId))
    const archive = state.counter.archive(
      blob.bytes,
      (bytes) => {
        const archive = Layer.decompress({ ...blob, bytes })
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

/** What is not compressed is unpacked piece by piece; what is goes through other threads. */
const contentOf = (
  store: ImageStore.Readable,
  layer: Descriptor
): Stream.Stream<Uint8Array, ContentError, Hasher.Hasher> =>
  store.fetchReused !== undefined && Option.contains(MediaType.compression(layer.mediaType), "none")
    ? Content.verify(layer)(store.fetchReused(layer))
    : store.fetch(layer)

/** Digests of the archives in the layers of a manifest, one for each, or none if its configuration has no such list. */
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
 * Unpacks an image of a store into a new directory, verified: the bytes of its layers, and the archives in them. Of an
 * index, the image for a platform; without a platform, what has the name must be an image.
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
  CompressionError | ContentError | LayerError | Tar.TarError | UnpackError,
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
