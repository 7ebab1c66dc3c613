import { assert } from "@effect/vitest"
import * as Backend from "@ociman/containers/Backend"
import * as Container from "@ociman/containers/Container"
import * as Definition from "@ociman/containers/Definition"
import * as Mount from "@ociman/containers/Mount"
import * as Volume from "@ociman/containers/Volume"
import * as Reference from "@ociman/oci/Reference"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import { anonymousVolumes } from "./raw.js"
import { assertGone, eventually, failsWith, type Suite, warnings } from "./support.js"

const startingContainers = ({ idle, options, test }: Suite): void => {
  test(
    "the engine runs with or without root as the suite expects",
    Effect.gen(function*() {
      const { engine } = yield* Backend.Backend
      assert.strictEqual(engine.rootless, options.rootless)
    })
  )

  test(
    "a started container runs until its scope closes",
    Effect.gen(function*() {
      const container = yield* Effect.scoped(Effect.gen(function*() {
        const container = yield* Container.start(idle)
        const { running, status } = yield* container.state
        assert.deepStrictEqual({ running, status }, { running: true, status: "running" })
        return container
      }))
      yield* assertGone(container.id)
      yield* failsWith(container.inspect, "ContainerNotFound")
    })
  )

  test(
    "a launched container runs until the caller stops and removes it",
    Effect.gen(function*() {
      const container = yield* Container.launch(idle)
      yield* Effect.addFinalizer(() => Effect.ignore(container.remove({ force: true })))
      assert.strictEqual((yield* container.state).status, "running")
      yield* container.stop({ grace: "5 seconds" })
      assert.strictEqual((yield* container.state).status, "exited")
      yield* container.remove()
      yield* assertGone(container.id)
    })
  )

  test(
    "ten concurrent starts give ten distinct names",
    Effect.gen(function*() {
      const containers = yield* Effect.all(Array.from({ length: 10 }, () => Container.start(idle)), { concurrency: 10 })
      const names = yield* Effect.forEach(containers, ({ name }) => name, { concurrency: 4 })
      assert.strictEqual(new Set(names).size, 10)
    })
  )

  test(
    "closing the scope of a container that is already removed logs no warning",
    Effect.gen(function*() {
      const warned = yield* warnings(Effect.scoped(Effect.gen(function*() {
        const { id } = yield* Container.start(idle)
        const other = yield* Container.attach(id)
        yield* other.remove({ force: true })
      })))
      assert.deepStrictEqual(warned, [])
    })
  )

  test(
    "a container with auto-remove disappears when it is stopped",
    Effect.gen(function*() {
      const warned = yield* warnings(Effect.scoped(Effect.gen(function*() {
        const container = yield* Container.start(Definition.autoRemove(idle))
        yield* container.stop({ grace: "5 seconds" })
        yield* eventually(Effect.isFailure(container.inspect), (isGone) => isGone)
        yield* assertGone(container.id)
      })))
      assert.deepStrictEqual(warned, [])
    })
  )
}

const startFailures = ({ idle, test, uniqueName }: Suite): void => {
  test(
    "a missing image with pull policy never fails with ImageNotFound",
    Effect.gen(function*() {
      const image = Reference.make("localhost/ociman/no-such-image:1")
      const definition = Definition.pullPolicy(Definition.make(image), "never")
      const error = yield* failsWith(Effect.scoped(Container.start(definition)), "ImageNotFound")
      assert.strictEqual(error.image, "localhost/ociman/no-such-image:1")
      yield* failsWith(Container.launch(definition), "ImageNotFound")
      yield* failsWith(Container.run(definition), "ImageNotFound")
    })
  )

  test(
    "a container with a name in use fails and leaves the first one running",
    Effect.gen(function*() {
      const name = yield* uniqueName
      const definition = Definition.name(idle, name)
      const first = yield* Container.start(definition)
      const error = yield* failsWith(Effect.scoped(Container.start(definition)), "NameInUse")
      assert.strictEqual(error.resource, name)
      yield* failsWith(Container.launch(definition), "NameInUse")
      yield* failsWith(Container.run(definition), "NameInUse")
      assert.strictEqual((yield* first.state).status, "running")
      assert.strictEqual(yield* first.name, name)
    })
  )
}

const volumesOfContainers = ({ idle, test, uniqueName }: Suite): void => {
  test(
    "removing a container removes its anonymous volumes and keeps named ones",
    Effect.gen(function*() {
      const backend = yield* Backend.Backend
      const named = yield* uniqueName
      const definition = Definition.mount(
        idle,
        Mount.volume({ target: "/anonymous" }),
        Mount.volume({ source: named, target: "/named" })
      )
      yield* Effect.addFinalizer(() => Effect.ignoreLogged(backend.volumes.remove(named, { force: true })))
      const volumes = yield* Container.withContainer(
        definition,
        (container) => Effect.map(container.inspect, anonymousVolumes(named))
      )
      assert.strictEqual(volumes.length, 1)
      const left = yield* Effect.map(Volume.list(), (infos) => infos.map(({ name }) => name))
      assert.deepStrictEqual(left.filter((volume) => volumes.includes(volume)), [])
      assert.include(left, named)
    }),
    ["volumes"]
  )

  test(
    "removing a container with volumes false keeps its anonymous volumes",
    Effect.gen(function*() {
      const backend = yield* Backend.Backend
      const container = yield* Container.start(Definition.mount(idle, Mount.volume({ target: "/anonymous" })))
      const volumes = yield* Effect.map(container.inspect, anonymousVolumes(""))
      yield* Effect.addFinalizer(() =>
        Effect.ignoreLogged(Effect.forEach(volumes, (volume) => backend.volumes.remove(volume, { force: true })))
      )
      yield* container.remove({ force: true, volumes: false })
      const left = yield* Effect.map(Volume.list(), (infos) => infos.map(({ name }) => name))
      assert.deepStrictEqual(volumes.filter((volume) => !left.includes(volume)), [])
    })
  )
}

const scopedUseOfContainers = ({ idle, test, uniqueName }: Suite): void => {
  for (
    const [how, end] of [
      ["succeeds", Effect.succeed("done")],
      ["fails", Effect.fail("expected")],
      ["dies", Effect.die("expected")]
    ] as const
  ) {
    test(
      `withContainer removes the container when its use ${how}`,
      Effect.gen(function*() {
        const name = yield* uniqueName
        const exit = yield* Effect.exit(
          Container.withContainer(Definition.name(idle, name), (container) => Effect.zipRight(container.inspect, end))
        )
        assert.deepStrictEqual(exit, yield* Effect.exit(end))
        yield* assertGone(name)
      })
    )
  }

  test(
    "withContainer removes the container when it is interrupted",
    Effect.gen(function*() {
      const name = yield* uniqueName
      const started = yield* Deferred.make<void>()
      const fiber = yield* Effect.fork(
        Container.withContainer(
          Definition.name(idle, name),
          () => Effect.zipRight(Deferred.succeed(started, undefined), Effect.never)
        )
      )
      yield* Deferred.await(started)
      assert.isTrue(Exit.isInterrupted(yield* Fiber.interrupt(fiber)))
      yield* assertGone(name)
    })
  )
}

/** @internal */
export const themes = [
  { name: "starting containers", tests: startingContainers },
  { name: "start failures", tests: startFailures },
  { name: "volumes of containers", tests: volumesOfContainers },
  { name: "scoped use of containers", tests: scopedUseOfContainers }
] as const
