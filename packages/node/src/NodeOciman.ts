/**
 * Layers with everything for Node.js: a container engine, a registry client with the credentials of the current user,
 * the user's image store, and the platform services of `NodeContext`.
 *
 * @since 0.1.0
 */
import type * as NodeContext from "@effect/platform-node/NodeContext"
import type * as Backend from "@ociman/containers/Backend"
import type * as BackendError from "@ociman/containers/BackendError"
import type * as Compression from "@ociman/oci/Compression"
import type * as Hasher from "@ociman/oci/Hasher"
import type * as ImageStore from "@ociman/oci/ImageStore"
import type * as LocalFiles from "@ociman/oci/LocalFiles"
import type * as Credentials from "@ociman/registry/Credentials"
import type * as Registry from "@ociman/registry/Registry"
import type * as ConfigError from "effect/ConfigError"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"

/**
 * Services that need no container engine.
 *
 * @since 0.1.0
 * @category models
 */
export type Images =
  | Compression.Compression
  | Credentials.Credentials
  | Hasher.Hasher
  | ImageStore.ImageStore
  | LocalFiles.LocalFiles
  | NodeContext.NodeContext
  | Registry.Registry

/**
 * Services of the layers with an engine.
 *
 * @since 0.1.0
 * @category models
 */
export type NodeOciman = Backend.Backend | Images

/**
 * Errors of the layers with an engine.
 *
 * @since 0.1.0
 * @category errors
 */
export type Error = BackendError.BackendUnavailable | ConfigError.ConfigError

// Everything loads when a layer is built, so that an import of this module costs a test process next to nothing.
const wiring = Effect.promise(() => import("./internal/wiring.js"))

/**
 * Provides images and registries without an engine: a registry client with the credentials and certificates that Docker
 * and Podman keep, and the user's image store of `LocalStore.layer`.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerImages: Layer.Layer<Images, ConfigError.ConfigError> = Layer.unwrapEffect(
  Effect.map(wiring, ({ layerImages }) => layerImages)
)

/**
 * Provides the engine that `EngineBackend.layer` selects, and {@link layerImages}.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<NodeOciman, Error> = Layer.unwrapEffect(
  Effect.map(wiring, ({ layer }) => layer)
)

/**
 * Provides Docker, and {@link layerImages}.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerDocker: Layer.Layer<NodeOciman, Error> = Layer.unwrapEffect(
  Effect.map(wiring, ({ layerDocker }) => layerDocker)
)

/**
 * Provides Podman, and {@link layerImages}.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerPodman: Layer.Layer<NodeOciman, Error> = Layer.unwrapEffect(
  Effect.map(wiring, ({ layerPodman }) => layerPodman)
)
