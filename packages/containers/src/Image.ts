/**
 * Images on an engine. An image is named by its reference, or by its id.
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
import type * as ImageHistory from "./ImageHistory.js"
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
  /** Default: the engine's own platform. */
  readonly platform?: Platform.Platform | undefined
  /** For the registry, and for this time only. Default: those that the engine's client has stored at a login. */
  readonly credentials?: BackendDriver.Credentials | undefined
}

/**
 * @since 0.1.0
 * @category models
 */
export interface PushOptions {
  /** For the registry, and for this time only. Default: those that the engine's client has stored at a login. */
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
 * What the engine knows of an image. Fails with `ImageNotFound` if it does not
 * have it; registries are not asked.
 *
 * @since 0.1.0
 * @category accessors
 */
export const inspect = (
  image: BackendDriver.ImageKey
): Effect.Effect<ImageInfo.ImageInfo, BackendError.ImageError, Backend.Backend> =>
  withBackend((backend) => backend.images.inspect(image))

/**
 * Whether the engine has an image.
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
 * The labels of an image, without those by which this library knows what it has
 * made; {@link inspect} has them all.
 *
 * @since 0.1.0
 * @category accessors
 */
export const labels = (
  image: BackendDriver.ImageKey
): Effect.Effect<Readonly<Record<string, string>>, BackendError.ImageError, Backend.Backend> =>
  Effect.map(inspect(image), ({ labels }) => libraryLabels.without(labels))

/**
 * How an image came to be, from the last step to the first.
 *
 * @since 0.1.0
 * @category accessors
 */
export const history = (
  image: BackendDriver.ImageKey
): Effect.Effect<ReadonlyArray<ImageHistory.Step>, BackendError.ImageError, Backend.Backend> =>
  withBackend((backend) => backend.images.history(image))

/**
 * Images that carry all the labels asked for.
 *
 * @since 0.1.0
 * @category accessors
 */
export const list = (
  ...labels: ReadonlyArray<Label.Filter>
): Effect.Effect<ReadonlyArray<ImageInfo.ImageInfo>, BackendError.EngineError, Backend.Backend> =>
  withBackend((backend) => backend.images.list(labels))

/**
 * The names with tags that the engine has in a repository, such as
 * `docker.io/library/postgres`, sorted and in full. A tag or digest of `name` is
 * not looked at.
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
 * Asks the image's registry for it, also if the engine has one of that name.
 * Registries on this machine need no encryption.
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
 * As {@link pull}, and gives what is heard meanwhile. The stream ends when the
 * image is there; interrupted, the pull is given up.
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
 * As {@link pull}, unless the engine has an image of that name.
 *
 * @since 0.1.0
 * @category operations
 */
export const pullIfAbsent = (
  image: Reference.Reference,
  options?: PullOptions
): Effect.Effect<void, BackendError.TransferError, Backend.Backend> =>
  Effect.unlessEffect(pull(image, options), exists(image)).pipe(Effect.asVoid)

/**
 * Sends an image to the registry of its name, and gives the digest under which
 * it is there, if the engine says it. Registries on this machine need no
 * encryption.
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
 * As {@link push}, and gives what is heard meanwhile.
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
 * Gives an image one more name. The image that had it, if any, loses it.
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
 * Removes a name of an image, and the image with its last name; by its id, the
 * image. Fails with `EngineFailed` and the reason `Conflict` while containers
 * use the image.
 *
 * By force, the name is removed all the same. Containers keep their image, which
 * then has no name.
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
 * As {@link remove}; that there is no such image is no error.
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
 * Removes the images that carry all these labels, have no name, and are not used
 * by any container; with `all`, those with names too. Gives their ids, in which
 * Docker includes those of their layers.
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
 * Stores the images of an archive: a file on this machine, or a stream of its
 * bytes, which is pulled as fast as the engine reads. What {@link save} gave, on
 * either engine, can be loaded by both.
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
      // The platform's error says more than that of an engine whose input fails.
      Effect.zipRight(fileSystem.access(archive, { readable: true }), load(fileSystem.stream(archive))))
    : withBackend((backend) => backend.images.load(archive))
}

/**
 * One tar archive of all the images, in the format of `docker save`, as a stream
 * that holds up the engine while it is not pulled. Each image is in it by the
 * name that is given here.
 *
 * @since 0.1.0
 * @category archives
 */
export const save = (
  ...images: Arr.NonEmptyReadonlyArray<BackendDriver.ImageKey>
): Stream.Stream<Uint8Array, BackendError.ImageError, Backend.Backend> =>
  Stream.unwrap(Effect.map(Backend.Backend, (backend) => backend.images.save(images)))

/**
 * As {@link save}, to a file, which is overwritten. It is removed if that fails
 * halfway.
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
    // Before the file is touched.
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
   * Makes an image of the files in a tar archive, in one layer, and gives its
   * id.
   *
   * @since 0.1.0
   * @category archives
   */
  import_ as import
}
