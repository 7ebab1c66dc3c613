/**
 * Everything wired for Node.js: an engine, registries with the credentials of this machine, the user's own store of
 * images, and the platform services that programs with containers commonly need.
 *
 * @since 0.1.0
 */
import * as NodeContext from "@effect/platform-node/NodeContext"
import { type Backend, type BackendError, EngineBackend } from "@ociman/containers"
import { type Compression, type Hasher, type ImageStore, type LocalFiles, LocalStore } from "@ociman/oci"
import { Credentials, Registry } from "@ociman/registry"
import type * as ConfigError from "effect/ConfigError"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as NodeCompression from "./NodeCompression.js"
import * as NodeHasher from "./NodeHasher.js"
import * as NodeLocalFiles from "./NodeLocalFiles.js"
import * as NodeRegistryHttp from "./NodeRegistryHttp.js"

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

const platform = Layer.mergeAll(NodeHasher.layer, NodeCompression.layer, NodeLocalFiles.layer, NodeContext.layer)

const http = Layer.unwrapEffect(
  Effect.map(NodeRegistryHttp.certificates(), (certificates) => NodeRegistryHttp.layer({ certificates }))
)

const registry = Registry.layer({ writesAtOnce: true }).pipe(
  Layer.provide(http),
  Layer.provideMerge(Credentials.layer())
)

/**
 * Images and registries without an engine: registries as they are reached from here, with the credentials and
 * certificates that Docker and Podman keep; and the store of the user, as `LocalStore.layer` says, for the `ImageStore`.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerImages: Layer.Layer<Images, ConfigError.ConfigError> = Layer
  .provideMerge(Layer.merge(registry, LocalStore.layer), platform)

/**
 * The engine that is found as `EngineBackend.layer` says, with all of {@link layerImages}.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<NodeOciman, Error> = Layer.provideMerge(EngineBackend.layer, layerImages)

/**
 * Docker, with all of {@link layerImages}.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerDocker: Layer.Layer<NodeOciman, Error> = Layer.provideMerge(EngineBackend.layerDocker, layerImages)

/**
 * Podman, with all of {@link layerImages}.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerPodman: Layer.Layer<NodeOciman, Error> = Layer.provideMerge(EngineBackend.layerPodman, layerImages)
