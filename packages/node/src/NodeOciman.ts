/**
 * Everything wired for Node.js: an engine, hashing, layers of images, and the platform services
 * that programs with containers commonly need.
 *
 * @since 0.1.0
 */
import * as NodeContext from "@effect/platform-node/NodeContext"
import { Backend, type BackendError } from "@ociman/containers"
import type { Compression, Hasher, LocalFiles } from "@ociman/oci"
import type * as ConfigError from "effect/ConfigError"
import * as Layer from "effect/Layer"
import * as NodeCompression from "./NodeCompression.js"
import * as NodeHasher from "./NodeHasher.js"
import * as NodeLocalFiles from "./NodeLocalFiles.js"

/**
 * What the layers of this module provide.
 *
 * @since 0.1.0
 * @category models
 */
export type NodeOciman =
  | Backend.Backend
  | Compression.Compression
  | Hasher.Hasher
  | LocalFiles.LocalFiles
  | NodeContext.NodeContext

const platform = Layer.mergeAll(NodeHasher.layer, NodeCompression.layer, NodeLocalFiles.layer, NodeContext.layer)

/**
 * The engine that is found as `Backend.layer` says, with {@link NodeHasher}
 * and `NodeContext`.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<NodeOciman, BackendError.BackendUnavailable | ConfigError.ConfigError> = Layer
  .provideMerge(Backend.layer, platform)

/**
 * Docker, with {@link NodeHasher} and `NodeContext`.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerDocker: Layer.Layer<NodeOciman, BackendError.BackendUnavailable> = Layer.provideMerge(
  Backend.layerDocker,
  platform
)

/**
 * Podman, with {@link NodeHasher} and `NodeContext`.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerPodman: Layer.Layer<NodeOciman, BackendError.BackendUnavailable> = Layer.provideMerge(
  Backend.layerPodman,
  platform
)
