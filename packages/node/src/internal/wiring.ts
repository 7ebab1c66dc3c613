import * as NodeContext from "@effect/platform-node/NodeContext"
import * as EngineBackend from "@ociman/containers/EngineBackend"
import * as LocalStore from "@ociman/oci/LocalStore"
import * as Credentials from "@ociman/registry/Credentials"
import * as Registry from "@ociman/registry/Registry"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as NodeImages from "../NodeImages.js"
import * as NodeRegistryHttp from "../NodeRegistryHttp.js"

const platform = Layer.merge(NodeImages.layer, NodeContext.layer)

const http = Layer.unwrapEffect(
  Effect.map(NodeRegistryHttp.certificates(), (certificates) => NodeRegistryHttp.layer({ certificates }))
)

const registry = Registry.layer({ writesAtOnce: true }).pipe(
  Layer.provide(http),
  Layer.provideMerge(Credentials.layer())
)

export const layerImages = Layer.provideMerge(Layer.merge(registry, LocalStore.layer), platform)

export const layer = Layer.provideMerge(EngineBackend.layer, layerImages)

export const layerDocker = Layer.provideMerge(EngineBackend.layerDocker, layerImages)

export const layerPodman = Layer.provideMerge(EngineBackend.layerPodman, layerImages)
