import { NodeContext, NodeRuntime } from "@effect/platform-node"
import { NodeOciman } from "@ociman/node"
import { Console, Effect } from "effect"
import { containers } from "./containers.js"
import { hashing } from "./hashing.js"
import { layers } from "./layers.js"
import { registries } from "./registries.js"
import { stores } from "./stores.js"

const onEngine = (layer: typeof NodeOciman.layerDocker) =>
  containers.pipe(
    Effect.provide(layer),
    Effect.catchTag("BackendUnavailable", (error) => Console.log(`\nnot measured: ${error.message}`))
  )

hashing.pipe(
  Effect.zipRight(layers),
  Effect.zipRight(stores),
  Effect.zipRight(registries),
  Effect.zipRight(onEngine(NodeOciman.layerDocker)),
  Effect.zipRight(onEngine(NodeOciman.layerPodman)),
  Effect.provide(NodeContext.layer),
  NodeRuntime.runMain
)
