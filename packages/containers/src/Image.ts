/**
 * Images on an engine.
 *
 * @since 0.1.0
 */
import type { Platform, Reference } from "@ociman/oci"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Backend from "./Backend.js"
import type * as BackendError from "./BackendError.js"
import type * as ImageInfo from "./ImageInfo.js"
import type * as Label from "./Label.js"

type ImageError = BackendError.ImageNotFound | BackendError.EngineError

/**
 * What the engine knows of an image. Fails with `ImageNotFound` if it does not
 * have it; registries are not asked.
 *
 * @since 0.1.0
 * @category accessors
 */
export const inspect = (
  image: Reference.Reference
): Effect.Effect<ImageInfo.ImageInfo, ImageError, Backend.Backend> =>
  Effect.flatMap(Backend.Backend, (backend) => backend.inspectImage(image))

/**
 * Whether the engine has an image.
 *
 * @since 0.1.0
 * @category accessors
 */
export const exists = (
  image: Reference.Reference
): Effect.Effect<boolean, BackendError.EngineError, Backend.Backend> =>
  inspect(image).pipe(
    Effect.as(true),
    Effect.catchTag("ImageNotFound", () => Effect.succeed(false))
  )

/**
 * Images that carry all the labels asked for.
 *
 * @since 0.1.0
 * @category accessors
 */
export const list = (
  ...labels: ReadonlyArray<Label.Filter>
): Effect.Effect<ReadonlyArray<ImageInfo.ImageInfo>, BackendError.EngineError, Backend.Backend> =>
  Effect.flatMap(Backend.Backend, (backend) => backend.listImages(labels))

/**
 * Asks the image's registry for it, also if the engine has one of that name.
 *
 * @since 0.1.0
 * @category operations
 */
export const pull = (
  image: Reference.Reference,
  options: { readonly platform?: Platform.Platform | undefined } = {}
): Effect.Effect<void, ImageError, Backend.Backend> =>
  Effect.flatMap(
    Backend.Backend,
    (backend) => backend.pullImage(image, { platform: Option.fromNullable(options.platform) })
  )

/**
 * Removes a name of an image, and the image with its last name. By force, also
 * while containers use it.
 *
 * @since 0.1.0
 * @category operations
 */
export const remove = (
  image: Reference.Reference,
  options: { readonly force?: boolean | undefined } = {}
): Effect.Effect<void, ImageError, Backend.Backend> =>
  Effect.flatMap(Backend.Backend, (backend) => backend.removeImage(image, { force: options.force ?? false }))

/**
 * As {@link remove}; that there is no such image is no error.
 *
 * @since 0.1.0
 * @category operations
 */
export const removeIfPresent = (
  image: Reference.Reference,
  options: { readonly force?: boolean | undefined } = {}
): Effect.Effect<void, BackendError.EngineError, Backend.Backend> =>
  remove(image, options).pipe(Effect.catchTag("ImageNotFound", () => Effect.void))
