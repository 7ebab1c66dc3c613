/**
 * Builds an image, runs it, talks to it, lets containers talk to each other,
 * sends the image to a registry and back, and leaves nothing behind.
 * `scripts/demo.sh` runs this program on Docker, on Podman or on both.
 */
import { NodeHttpClient, NodeRuntime } from "@effect/platform-node"
import { Backend } from "@ociman/containers"
import { NodeOciman } from "@ociman/node"
import { Console, Effect, Layer } from "effect"
import { life } from "./container.js"
import { image } from "./image.js"
import { together } from "./network.js"
import { thereAndBack } from "./registry.js"
import { left } from "./step.js"

const program = Effect.gen(function*() {
  const { engine } = yield* Backend.Backend
  yield* Console.log(`\n${engine.name} ${engine.version}${engine.rootless ? ", rootless" : ""}`)
  const built = yield* image
  yield* Effect.scoped(life(built))
  yield* Effect.scoped(together(built))
  yield* Effect.scoped(thereAndBack(built))
})

/** Runs on the named engines, or on the detected one. */
const layers = process.argv.slice(2).map((engine) =>
  engine === "podman" ? NodeOciman.layerPodman : NodeOciman.layerDocker
)

Effect.forEach(layers.length === 0 ? [NodeOciman.layer] : layers, (layer) =>
  Effect.scoped(program).pipe(
    Effect.zipRight(left),
    Effect.provide(Layer.merge(layer, NodeHttpClient.layer))
  )).pipe(NodeRuntime.runMain)
