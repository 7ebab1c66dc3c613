/**
 * Everything wired for Node.js: an engine, registries with the credentials of this machine, the user's own store of
 * images, and the platform services that programs with containers commonly need.
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
 * What needs no engine.
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
 * What the layers of this module provide.
 *
 * @since 0.1.0
 * @category models
 */
export type NodeOciman = Backend.Backend | Images

/**
 * What they may fail with.
 *
 * @since 0.1.0
 * @category errors
 */
export type Error = BackendError.BackendUnavailable | ConfigError.ConfigError

// Everything loads when a layer is built, so that an import of this module costs a test process next to nothing.
const wiring = Effect.promise(() => import("./internal/wiring.js"))

/**
 * Images and registries without an engine: registries as they are reached from here, with the credentials and
 * certificates that Docker and Podman keep; and the store of the user, as `LocalStore.layer` says, for the `ImageStore`.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerImages: Layer.Layer<Images, ConfigError.ConfigError> = Layer.unwrapEffect(
  Effect.map(wiring, ({ layerImages }) => layerImages)
)

/**
 * The engine that is found as `EngineBackend.layer` says, with all of {@link layerImages}.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<NodeOciman, Error> = Layer.unwrapEffect(
  Effect.map(wiring, ({ layer }) => layer)
)

/**
 * Docker, with all of {@link layerImages}.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerDocker: Layer.Layer<NodeOciman, Error> = Layer.unwrapEffect(
  Effect.map(wiring, ({ layerDocker }) => layerDocker)
)

/**
 * Podman, with all of {@link layerImages}.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerPodman: Layer.Layer<NodeOciman, Error> = Layer.unwrapEffect(
  Effect.map(wiring, ({ layerPodman }) => layerPodman)
)
