/** Creates containers and waits to be killed: `abandon.ts ENGINE IMAGE LABEL-VALUE`. */
import { NodeContext, NodeRuntime } from "@effect/platform-node"
import { Container, Definition, EngineBackend, Mount, Network, Volume } from "@ociman/containers"
import { Console, Effect } from "effect"

const [engine, image = "", value = ""] = process.argv.slice(2)

const idle = Definition.make(image).pipe(
  Definition.pullPolicy("never"),
  Definition.command("sh", "-c", "trap 'exit 0' TERM; sleep 86400 & wait"),
  Definition.label("com.example.abandoned", value)
)

Effect.gen(function*() {
  const labels = { "com.example.abandoned": value }
  const network = yield* Network.make({ labels })
  const volume = yield* Volume.make({ labels })
  const connected = idle.pipe(
    Definition.network(network),
    Definition.mount(Mount.volume({ source: volume, target: "/data" }))
  )
  const started = yield* Effect.all([Container.start(connected), Container.start(Definition.autoRemove(idle))])
  const launched = yield* Container.launch(idle)
  yield* Console.log(JSON.stringify({
    started: started.map(({ id }) => id),
    launched: launched.id,
    network: network.id,
    volume: volume.name
  }))
  yield* Effect.never
}).pipe(
  Effect.scoped,
  Effect.provide(engine === "podman" ? EngineBackend.layerPodman : EngineBackend.layerDocker),
  Effect.provide(NodeContext.layer),
  NodeRuntime.runMain
)
