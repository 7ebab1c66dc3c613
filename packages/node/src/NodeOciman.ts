/**
 * Everything wired for Node.js: an engine, hashing, and the platform services
 * that programs with containers commonly need.
 *
 * @since 0.1.0
 */
import * as NodeContext from "@effect/platform-node/NodeContext"
import { Backend, type BackendError } from "@ociman/containers"
import type { Hasher } from "@ociman/oci"
import type * as ConfigError from "effect/ConfigError"
import * as Layer from "effect/Layer"
import * as NodeHasher from "./NodeHasher.js"

/**
 * What the layers of this module provide.
 *
 * @since 0.1.0
 * @category models
 */
export type NodeOciman = Backend.Backend | Hasher.Hasher | NodeContext.NodeContext

const platform = Layer.merge(NodeHasher.layer, NodeContext.layer)

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
