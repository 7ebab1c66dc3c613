import { describe, it } from "@effect/vitest"
import { assertInclude, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import {
  type Backend,
  Build,
  Container,
  ContainerName,
  Definition,
  Device,
  type Engine,
  Image,
  MemoryBackend,
  Mount,
  Network,
  Ulimit,
  Volume
} from "@ociman/containers"
import { NodeHasher } from "@ociman/node"
import { Reference } from "@ociman/oci"
import { Effect, Stream } from "effect"

const web = Definition.make("web")
const image = Reference.make("web")

const onContainer = <A, E>(use: (container: Container.Container) => Effect.Effect<A, E>) =>
  Container.withContainer(web, use)

type Use = Effect.Effect<unknown, { readonly _tag: string; readonly message: string }, Backend.Backend>

const operations: ReadonlyArray<readonly [operation: string, capability: Engine.Capability, use: Use]> = [
  ["Container.pause", "pause", onContainer(({ pause }) => pause)],
  ["Container.unpause", "pause", onContainer(({ unpause }) => unpause)],
  ["Container.rename", "rename", onContainer(({ rename }) => rename(ContainerName.make("other")))],
  ["Container.restart", "restart", onContainer(({ restart }) => restart())],
  ["Container.commit", "commit", onContainer(({ commit }) => commit(Reference.make("other")))],
  ["Container.stats", "stats", onContainer(({ stats }) => stats)],
  ["Image.tag", "tag", Image.tag(image, Reference.make("other"))],
  ["Image.push", "push", Image.push(image)],
  ["Image.load", "archives", Image.load(Stream.empty)],
  ["Image.save", "archives", Stream.runDrain(Image.save(image))],
  ["Network.make", "networks", Effect.scoped(Network.make())],
  ["Volume.make", "volumes", Effect.scoped(Volume.make())],
  [
    "Build.build",
    "build",
    Build.fromInstructions("FROM scratch").pipe(Build.tagged("a"), Build.build, Effect.provide(NodeHasher.layer))
  ]
]

const definitions: ReadonlyArray<readonly [combinator: string, Engine.Capability, Definition.Definition]> = [
  ["Definition.network", "networks", Definition.network(web, "other")],
  ["Mount.bind", "hostFiles", Definition.mount(web, Mount.bind({ source: "/srv", target: "/data" }))],
  ["Mount.volume", "volumes", Definition.mount(web, Mount.volume({ source: "data", target: "/data" }))],
  ["Definition.privileged", "hostSecurity", Definition.privileged(web)],
  ["Definition.device", "hostSecurity", Definition.device(web, Device.make("/dev/fuse"))],
  ["Definition.ulimit", "hostSecurity", Definition.ulimit(web, Ulimit.make("nofile", 10))],
  ["Definition.addCapability", "hostSecurity", Definition.addCapability(web, "NET_ADMIN")],
  ["Definition.dropCapability", "hostSecurity", Definition.dropCapability(web, "NET_RAW")],
  ["Definition.securityOption", "hostSecurity", Definition.securityOption(web, "no-new-privileges")]
]

const images = [{ image: "web" }]

const lacking = (capability: Engine.Capability) =>
  MemoryBackend.layer({ images, capabilities: { [capability]: false } })

describe("an engine that lacks a capability", () => {
  it.effect.each(operations)(
    "fails %s with Unsupported for lack of %s",
    ([operation, capability, use]) =>
      Effect.gen(function*() {
        const error = yield* Effect.flip(Effect.provide(use, lacking(capability)))
        strictEqual(error._tag, "Unsupported")
        assertInclude(error.message, `The engine memory lacks the capability "${capability}": ${operation} needs it.`)
        const other = yield* Effect.exit(Effect.provide(use, MemoryBackend.layer({ images })))
        if (other._tag === "Failure") {
          const failure = yield* Effect.flip(other)
          strictEqual(failure._tag === "Unsupported", false)
        }
      })
  )

  it.effect.each(definitions)(
    "rejects a definition with %s for lack of %s and creates nothing",
    ([combinator, capability, definition]) =>
      Effect.gen(function*() {
        const error = yield* Effect.flip(Container.launch(definition))
        strictEqual(error._tag, "Unsupported")
        assertInclude(error.message, `"${capability}": the definition uses ${combinator};`)
        deepStrictEqual(yield* Container.list(), [])
        // Without the combinator, the same engine runs it.
        yield* Container.launch(web)
      }).pipe(Effect.provide(lacking(capability)))
  )
})
