/**
 * An image store in a repository of a registry, so that `Copy.image` copies from and to registries as from and to
 * layouts and archives. Between repositories of one registry, blobs are mounted instead of transferred.
 *
 * @since 0.1.0
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Hasher from "@ociman/oci/Hasher"
import * as ImageStore from "@ociman/oci/ImageStore"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as internal from "./internal/store/store.js"
import { Registry } from "./Registry.js"
import type { Repository } from "./Repository.js"

/**
 * An image store in a repository.
 *
 * @since 0.1.0
 * @category models
 */
export interface RegistryStore extends ImageStore.Store {
  readonly repository: Repository
}

/**
 * Creates a store for a repository. Its names are the tags.
 *
 * `receive` spools content to a temporary file, since an upload requires its digest. Fails with
 * `ContentError.ContentNotFound` for missing content, and with `ContentError.StoreFailed` for other errors of the
 * registry, with the registry's error as its cause.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (
  repository: Repository
): Effect.Effect<RegistryStore, never, Registry | Hasher.Hasher | FileSystem.FileSystem> =>
  Effect.gen(function*() {
    const registry = yield* Registry
    const hasher = yield* Hasher.Hasher
    const fs = yield* FileSystem.FileSystem
    return internal.make({ registry, hasher, fs, repository })
  })

/**
 * Provides an `ImageStore` in a repository.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (
  repository: Repository
): Layer.Layer<ImageStore.ImageStore, never, Registry | Hasher.Hasher | FileSystem.FileSystem> =>
  Layer.effect(ImageStore.ImageStore, make(repository))
