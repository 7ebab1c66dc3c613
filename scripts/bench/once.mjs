// Runs one operation of this library, from its build, in a separate process: `once.mjs OPERATION FROM TO`. Prints its
// duration in milliseconds after loading, and the peak memory of the process.
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeImages from "@ociman/node/NodeImages"
import * as NodeRegistryHttp from "@ociman/node/NodeRegistryHttp"
import * as Copy from "@ociman/oci/Copy"
import * as Layer from "@ociman/oci/Layer"
import * as OciArchive from "@ociman/oci/OciArchive"
import * as OciDirectory from "@ociman/oci/OciDirectory"
import * as Platform from "@ociman/oci/Platform"
import * as RunnableImage from "@ociman/oci/RunnableImage"
import * as Unpack from "@ociman/oci/Unpack"
import * as Credentials from "@ociman/registry/Credentials"
import * as Registry from "@ociman/registry/Registry"
import * as RegistryStore from "@ociman/registry/RegistryStore"
import * as Repository from "@ociman/registry/Repository"
import * as Clock from "effect/Clock"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Services from "effect/Layer"
import * as Stream from "effect/Stream"

const [, , what = "", from = "", to = ""] = process.argv

const name = "v1"

/** Opens a layout, or a repository with the prefix `docker://`, in the syntax of skopeo. */
const storeAt = (place) =>
  place.startsWith("docker://")
    ? RegistryStore.make(Repository.make(place.slice("docker://".length)))
    : OciDirectory.openOrCreate(place)

const push = (layer) =>
  Effect.flatMap(OciDirectory.openOrCreate(to), (store) =>
    RunnableImage.scratch(Platform.make("linux/amd64")).pipe(
      RunnableImage.addLayer(layer),
      RunnableImage.push(store, name)
    ))

const operations = {
  "digest": Layer.describe(Layer.fromDirectory(from)),
  "digest-gzip": Layer.describe(Layer.compress(Layer.fromDirectory(from), "gzip")),
  "pack": push(Layer.fromDirectory(from)),
  "pack-gzip": push(Layer.compress(Layer.fromDirectory(from), "gzip")),
  "unpack": Effect.flatMap(OciDirectory.open(from), (store) => Unpack.image({ store, name }, to)),
  "copy": Effect.gen(function*() {
    yield* Copy.image({ store: yield* storeAt(from), name }, { store: yield* storeAt(to), name })
  }),
  "stream": Effect.flatMap(OciDirectory.open(from), (store) => Stream.runDrain(OciArchive.stream(store, [name]))),
  "nothing": Effect.void
}

Effect.gen(function*() {
  const start = yield* Clock.currentTimeNanos
  yield* operations[what]
  const milliseconds = Number((yield* Clock.currentTimeNanos) - start) / 1e6
  yield* Console.log(JSON.stringify({ milliseconds, kilobytes: process.resourceUsage().maxRSS }))
}).pipe(
  Effect.provide(
    Registry.layer({ writesAtOnce: true }).pipe(
      Services.provide([NodeRegistryHttp.layer(), Credentials.layerMemory()]),
      Services.provideMerge(
        Services.mergeAll(NodeContext.layer, NodeImages.layer)
      )
    )
  ),
  NodeRuntime.runMain
)
