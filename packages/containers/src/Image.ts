/**
 * Images on an engine, addressed by reference or id.
 *
 * @example
 * ```ts
 * import { Image, MemoryBackend } from "@ociman/containers"
 * import { Reference } from "@ociman/oci"
 * import { Effect } from "effect"
 *
 * const mirror = Effect.gen(function*() {
 *   const postgres = Reference.make("postgres:17")
 *   const mine = Reference.make("registry.example.com/postgres:17")
 *   yield* Image.pullIfAbsent(postgres)
 *   yield* Image.tag(postgres, mine)
 *   yield* Image.push(mine)
 *   return yield* Image.references(Reference.make("registry.example.com/postgres"))
 * })
 *
 * const references = mirror.pipe(Effect.provide(MemoryBackend.layer()), Effect.runSync)
 * assert.deepStrictEqual(references.map(String), ["registry.example.com/postgres:17"])
 * ```
 *
 * @since 0.1.0
 */
import type * as PlatformError from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import type * as Digest from "@ociman/oci/Digest"
import type * as Platform from "@ociman/oci/Platform"
import * as Reference from "@ociman/oci/Reference"
import type * as Arr from "effect/Array"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as Backend from "./Backend.js"
import type * as BackendDriver from "./BackendDriver.js"
import type * as BackendError from "./BackendError.js"
import type * as ImageId from "./ImageId.js"
import type * as ImageInfo from "./ImageInfo.js"
import * as libraryLabels from "./internal/contract/libraryLabels.js"
import { display, isSameRepository } from "./internal/model/imageNames.js"
import type * as Label from "./Label.js"
import type * as Transfer from "./Transfer.js"

/**
 * @since 0.1.0
 * @category models
 */
export interface PullOptions {
  /** Default: the platform of the engine. */
  readonly platform?: Platform.Platform | undefined
  /**
   * Credentials for the registry, used for this operation only. Default: those stored by the login of the engine's
   * client.
   */
  readonly credentials?: BackendDriver.Credentials | undefined
}

/**
 * @since 0.1.0
 * @category models
 */
export interface PushOptions {
  /**
   * Credentials for the registry, used for this operation only. Default: those stored by the login of the engine's
   * client.
   */
  readonly credentials?: BackendDriver.Credentials | undefined
}

const withBackend = <A, E>(use: (backend: Backend.Service) => Effect.Effect<A, E>) =>
  Effect.flatMap(Backend.Backend, use)

const withSpan = (name: string, image: BackendDriver.ImageKey) => <A, E>(self: Effect.Effect<A, E, Backend.Backend>) =>
  Effect.flatMap(Backend.Backend, ({ engine }) =>
    Effect.withSpan(self, name, {
      captureStackTrace: false,
      attributes: { engine: engine.name, image: display(image) }
    }))

/**
 * Returns the properties of an image. Fails with `ImageNotFound` if the engine does not have it; registries are not
 * queried.
 *
 * @since 0.1.0
 * @category accessors
 */
export const inspect = (
  image: BackendDriver.ImageKey
): Effect.Effect<ImageInfo.ImageInfo, BackendError.ImageError, Backend.Backend> =>
  withBackend((backend) => backend.images.inspect(image))

/**
 * Reports whether the engine has an image.
 *
 * @since 0.1.0
 * @category accessors
 */
export const exists = (
  image: BackendDriver.ImageKey
): Effect.Effect<boolean, BackendError.EngineError, Backend.Backend> =>
  inspect(image).pipe(
    Effect.as(true),
    Effect.catchTag("ImageNotFound", () => Effect.succeed(false))
  )

/**
 * Returns the labels of an image, without those that this library adds; {@link inspect} has all of them.
 *
 * @since 0.1.0
 * @category accessors
 */
export const labels = (
  image: BackendDriver.ImageKey
): Effect.Effect<Readonly<Record<string, string>>, BackendError.ImageError, Backend.Backend> =>
  Effect.map(inspect(image), ({ labels }) => libraryLabels.without(labels))

/**
 * Returns the steps that created an image, the last one first.
 *
 * @since 0.1.0
 * @category accessors
 */
export const history = (
  image: BackendDriver.ImageKey
): Effect.Effect<ReadonlyArray<ImageInfo.HistoryStep>, BackendError.ImageError, Backend.Backend> =>
  withBackend((backend) => backend.images.history(image))

/**
 * Lists images that match all label filters.
 *
 * @since 0.1.0
 * @category accessors
 */
export const list = (
  ...labels: ReadonlyArray<Label.Filter>
): Effect.Effect<ReadonlyArray<ImageInfo.ImageInfo>, BackendError.EngineError, Backend.Backend> =>
  withBackend((backend) => backend.images.list(labels))

/**
 * Returns the tagged references of a repository, such as `docker.io/library/postgres`, that the engine has, in
 * canonical form and sorted. A tag or digest of `name` is ignored.
 *
 * @since 0.1.0
 * @category accessors
 */
export const references = (
  name: Reference.Reference
): Effect.Effect<ReadonlyArray<Reference.Reference>, BackendError.EngineError, Backend.Backend> =>
  Effect.map(list(), (infos) =>
    infos.flatMap(({ tags }) => tags).flatMap((tag) =>
      Either.match(Reference.parse(tag), {
        onLeft: () => [],
        onRight: (reference) => isSameRepository(reference, name) ? [Reference.canonical(reference)] : []
      })
    ).sort(Reference.Order))

/**
 * Pulls an image from its registry, even if the engine has one of that reference. Registries on this machine need no
 * encryption.
 *
 * @since 0.1.0
 * @category operations
 */
export const pull = (
  image: Reference.Reference,
  options?: PullOptions
): Effect.Effect<void, BackendError.TransferError, Backend.Backend> =>
  Stream.runDrain(pullStream(image, options)).pipe(withSpan("Image.pull", image))

/**
 * As {@link pull}, and streams progress events. The stream ends when the image is complete; interruption stops the
 * pull.
 *
 * @since 0.1.0
 * @category operations
 */
export const pullStream = (
  image: Reference.Reference,
  { credentials, platform }: PullOptions = {}
): Stream.Stream<Transfer.Event, BackendError.TransferError, Backend.Backend> =>
  Stream.unwrap(Effect.map(Backend.Backend, (backend) =>
    backend.images.pull(image, {
      platform: Option.fromNullable(platform),
      credentials: Option.fromNullable(credentials)
    })))

/**
 * As {@link pull}, unless the engine has an image of that reference.
 *
 * @since 0.1.0
 * @category operations
 */
export const pullIfAbsent = (
  image: Reference.Reference,
  options?: PullOptions
): Effect.Effect<void, BackendError.TransferError, Backend.Backend> =>
  Effect.flatMap(exists(image), (isPresent) => isPresent ? Effect.void : pull(image, options))

/**
 * Pushes an image to the registry of its reference. Returns the digest of the manifest in the registry, if the engine
 * reports it. Registries on this machine need no encryption.
 *
 * @since 0.1.0
 * @category operations
 */
export const push = (
  image: Reference.Reference,
  options?: PushOptions
): Effect.Effect<Option.Option<Digest.Digest>, BackendError.TransferError, Backend.Backend> =>
  pushStream(image, options).pipe(
    Stream.runFold(
      Option.none<Digest.Digest>(),
      (digest, event) => event._tag === "Digest" ? Option.some(event.digest) : digest
    ),
    withSpan("Image.push", image)
  )

/**
 * As {@link push}, and streams progress events.
 *
 * @since 0.1.0
 * @category operations
 */
export const pushStream = (
  image: Reference.Reference,
  { credentials }: PushOptions = {}
): Stream.Stream<Transfer.Event, BackendError.TransferError, Backend.Backend> =>
  Stream.unwrap(Effect.map(
    Backend.Backend,
    (backend) => backend.images.push(image, { credentials: Option.fromNullable(credentials) })
  ))

/**
 * Adds a reference to an image. Another image that has the reference loses it.
 *
 * @since 0.1.0
 * @category operations
 */
export const tag = (
  image: BackendDriver.ImageKey,
  name: Reference.Reference
): Effect.Effect<void, BackendError.ImageError, Backend.Backend> =>
  withBackend((backend) => backend.images.tag(image, name))

/**
 * Removes a reference of an image, and the image with its last reference; by id, the image. Fails with `EngineFailed`
 * and the reason `Conflict` while containers use the image.
 *
 * With `force`, removes the reference also while containers use the image. The containers keep their image, which then
 * has no reference.
 *
 * @since 0.1.0
 * @category operations
 */
export const remove = (
  image: BackendDriver.ImageKey,
  options: { readonly force?: boolean | undefined } = {}
): Effect.Effect<void, BackendError.ImageError, Backend.Backend> =>
  withBackend((backend) => backend.images.remove(image, { force: options.force ?? false }))

/**
 * As {@link remove}, but a missing image is not an error.
 *
 * @since 0.1.0
 * @category operations
 */
export const removeIfPresent = (
  image: BackendDriver.ImageKey,
  options: { readonly force?: boolean | undefined } = {}
): Effect.Effect<void, BackendError.EngineError, Backend.Backend> =>
  remove(image, options).pipe(Effect.catchTag("ImageNotFound", () => Effect.void))

/**
 * Removes images that match all label filters, have no reference, and are not used by any container; with `all`, also
 * images with references. Returns the ids of removed images, on Docker with those of their layers.
 *
 * @since 0.1.0
 * @category operations
 */
export const prune = (
  labels: Arr.NonEmptyReadonlyArray<Label.Filter>,
  options: { readonly all?: boolean | undefined } = {}
): Effect.Effect<ReadonlyArray<ImageId.ImageId>, BackendError.EngineError, Backend.Backend> =>
  withBackend((backend) => backend.images.prune({ labels, all: options.all ?? false }))

/**
 * Loads the images of an archive: a file on this machine, or a stream of its bytes, which is pulled as fast as the
 * engine reads. Each engine can load archives of {@link save} of the other.
 *
 * @since 0.1.0
 * @category archives
 */
export function load(
  path: string
): Effect.Effect<
  BackendDriver.LoadedImages,
  BackendError.EngineError | PlatformError.PlatformError,
  Backend.Backend | FileSystem.FileSystem
>
export function load(
  archive: BackendDriver.Archive
): Effect.Effect<BackendDriver.LoadedImages, BackendError.EngineError, Backend.Backend>
export function load(
  archive: string | BackendDriver.Archive
): Effect.Effect<
  BackendDriver.LoadedImages,
  BackendError.EngineError | PlatformError.PlatformError,
  Backend.Backend | FileSystem.FileSystem
> {
  return typeof archive === "string"
    ? Effect.flatMap(FileSystem.FileSystem, (fileSystem) =>
      // The error of the platform is more specific than that of an engine whose input fails.
      Effect.zipRight(fileSystem.access(archive, { readable: true }), load(fileSystem.stream(archive))))
    : withBackend((backend) => backend.images.load(archive))
}

/**
 * Saves images to one tar archive in the format of `docker save`, as a stream with back pressure. The archive has each
 * image under the given reference.
 *
 * @since 0.1.0
 * @category archives
 */
export const save = (
  ...images: Arr.NonEmptyReadonlyArray<BackendDriver.ImageKey>
): Stream.Stream<Uint8Array, BackendError.ImageError, Backend.Backend> =>
  Stream.unwrap(Effect.map(Backend.Backend, (backend) => backend.images.save(images)))

/**
 * As {@link save}, to a file, which is overwritten. The file is removed if the operation fails.
 *
 * @since 0.1.0
 * @category archives
 */
export const saveToFile = (
  path: string,
  ...images: Arr.NonEmptyReadonlyArray<BackendDriver.ImageKey>
): Effect.Effect<
  void,
  BackendError.ImageError | PlatformError.PlatformError,
  Backend.Backend | FileSystem.FileSystem
> =>
  Effect.gen(function*() {
    const fileSystem = yield* FileSystem.FileSystem
    // Fails for a missing image before the file is overwritten.
    yield* Effect.forEach(images, inspect, { discard: true })
    yield* Stream.run(save(...images), fileSystem.sink(path)).pipe(
      Effect.onError(() => Effect.ignore(fileSystem.remove(path, { force: true })))
    )
  })

const import_ = (
  archive: BackendDriver.Archive,
  name: Reference.Reference,
  options: BackendDriver.ImportOptions = {}
): Effect.Effect<ImageId.ImageId, BackendError.EngineError, Backend.Backend> =>
  withBackend((backend) => backend.images.import(archive, name, options))

export {
  /**
   * Creates an image from the files in a tar archive, in one layer. Returns its id.
   *
   * @since 0.1.0
   * @category archives
   */
  import_ as import
}
