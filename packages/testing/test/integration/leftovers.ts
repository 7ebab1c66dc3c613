import { Command, FileSystem, Path } from "@effect/platform"
import type { NodeContext } from "@effect/platform-node"
import { assert, layer } from "@effect/vitest"
import { Backend, Container, Definition, Image, Label, Mount } from "@ociman/containers"
import { Reference } from "@ociman/oci"
import { Leftovers, TestImage } from "@ociman/testing"
import { Effect, Layer } from "effect"
import { clientOf } from "../../src/internal/engineClient.js"
import { platform } from "../support/platform.js"

/** Leaves a resource of each kind on purpose and removes it again. */
export const leftoversSuite = <E>(name: string, backend: Layer.Layer<Backend.Backend, E, NodeContext.NodeContext>) => {
  const id = Math.random().toString(16).slice(2, 10)
  const label = Label.equals("com.example.leftovers", id)
  const namePrefix = `ociman-left-${id}-`
  const services = TestImage.layer().pipe(
    Layer.provideMerge(Leftovers.layer({ labels: [label], namePrefix })),
    Layer.provideMerge(backend),
    Layer.provideMerge(platform)
  )

  layer(services, { excludeTestServices: true, timeout: "1 minute" })(`Leftovers on ${name}`, (it) => {
    const idle = Effect.map(TestImage.TestImage, ({ reference }) =>
      Definition.make(reference).pipe(
        Definition.pullPolicy("never"),
        Definition.command("sh", "-c", "trap 'exit 0' TERM; sleep 86400 & wait"),
        Definition.label(label.key, label.value)
      ))

    /** Returns the leftovers that exist while the scope of the effect is open. */
    const found = <A, E, R>(leave: Effect.Effect<A, E, R>) =>
      Effect.scoped(Effect.zipRight(leave, Effect.flatMap(Leftovers.Leftovers, ({ find }) => find)))

    it.effect("assertNone succeeds without leftovers", () => Leftovers.assertNone)

    it.effect("assertNone fails with the name of a left container", () =>
      Effect.gen(function*() {
        const container = yield* Container.launch(Definition.name(yield* idle, `${namePrefix}container`))
        yield* Effect.gen(function*() {
          const error = yield* Effect.flip(Leftovers.assertNone)
          assert.strictEqual(error._tag, "LeftoversFound")
          assert.include(error.message, `container ${namePrefix}container (running) ${container.id}`)
        }).pipe(Effect.ensuring(Effect.orDie(container.remove({ force: true }))))
        yield* Leftovers.assertNone
      }))

    it.effect("find reports a left image", () =>
      Effect.gen(function*() {
        const image = Reference.make(`localhost/ociman/left:${id}`)
        const things = yield* found(Effect.gen(function*() {
          const container = yield* Container.start(yield* idle)
          yield* container.commit(image)
          yield* Effect.addFinalizer(() => Effect.orDie(Image.remove(image, { force: true })))
          yield* container.remove({ force: true })
        }))
        assert.deepStrictEqual(things.map((thing) => thing.replace(/:.*/, "")), ["image localhost/ociman/left"])
        yield* Leftovers.assertNone
      }))

    it.effect("find reports a left volume", () =>
      Effect.gen(function*() {
        const { engine } = yield* Backend.Backend
        const source = `${namePrefix}volume`
        const things = yield* found(Effect.gen(function*() {
          yield* Effect.addFinalizer(() =>
            Effect.orDie(Command.string(Command.make(clientOf(engine).executable, "volume", "rm", source)))
          )
          const volume = Mount.volume({ source, target: "/data" })
          yield* Container.run(Definition.command(Definition.mount(yield* idle, volume), "true"))
        }))
        assert.deepStrictEqual(things, [`volume ${source}`])
        yield* Leftovers.assertNone
      }))

    it.effect("find reports a running child process", () =>
      Effect.gen(function*() {
        const things = yield* found(Command.start(Command.make("sleep", "4711")))
        assert.deepStrictEqual(things.map((thing) => thing.replace(/\d+ /, "")), ["process sleep 4711"])
        yield* Leftovers.assertNone
      }))

    it.effect("find reports a temporary file", () =>
      Effect.gen(function*() {
        const fs = yield* FileSystem.FileSystem
        const path = yield* Path.Path
        const things = yield* found(fs.makeTempDirectoryScoped({ prefix: "ociman-env-" }))
        assert.strictEqual(things.filter((thing) => path.basename(thing).startsWith("ociman-env-")).length, 1)
        yield* Leftovers.assertNone
      }))

    it.effect("find reports a growing number of open files", () =>
      Effect.gen(function*() {
        const fs = yield* FileSystem.FileSystem
        const things = yield* found(Effect.replicateEffect(fs.open("/dev/null"), 40))
        assert.strictEqual(things.length, 1)
        assert.match(things[0] ?? "", /^open files: /)
        yield* Leftovers.assertNone
      }))
  })
}
