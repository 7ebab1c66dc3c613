/**
 * Layers with everything for Node.js: a container engine, a registry client with the credentials of the current user,
 * the user's image store, and the platform services of `NodeContext`.
 *
 * @since 0.1.0
 */
import * as NodeContext from "@effect/platform-node/NodeContext"
import { Backend, type BackendError } from "@ociman/containers"
import { type Compression, type Hasher, type ImageStore, type LocalFiles, LocalStore } from "@ociman/oci"
import { Credentials, Registry } from "@ociman/registry"
import type * as ConfigError from "effect/ConfigError"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as NodeImages from "./NodeImages.js"
import * as NodeRegistryHttp from "./NodeRegistryHttp.js"

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

const platform = Layer.merge(NodeImages.layer, NodeContext.layer)

const http = Layer.unwrapEffect(
  Effect.map(NodeRegistryHttp.certificates(), (certificates) => NodeRegistryHttp.layer({ certificates }))
)

const registry = Registry.layer({ writesAtOnce: true }).pipe(
  Layer.provide(http),
  Layer.provideMerge(Credentials.layer())
)

/**
 * Provides images and registries without an engine: a registry client with the credentials and certificates that Docker
 * and Podman keep, and the user's image store of `LocalStore.layer`.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerImages: Layer.Layer<Images, ConfigError.ConfigError> = Layer
  .provideMerge(Layer.merge(registry, LocalStore.layer), platform)

/**
 * Provides the engine that `Backend.layer` selects, and {@link layerImages}.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<NodeOciman, Error> = Layer.provideMerge(Backend.layer, layerImages)

/**
 * Provides Docker, and {@link layerImages}.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerDocker: Layer.Layer<NodeOciman, Error> = Layer.provideMerge(Backend.layerDocker, layerImages)

/**
 * Provides Podman, and {@link layerImages}.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerPodman: Layer.Layer<NodeOciman, Error> = Layer.provideMerge(Backend.layerPodman, layerImages)
