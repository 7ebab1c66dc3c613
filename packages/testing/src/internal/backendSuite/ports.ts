import { assert } from "@effect/vitest"
import * as Backend from "@ociman/containers/Backend"
import * as Container from "@ociman/containers/Container"
import * as Definition from "@ociman/containers/Definition"
import * as Engine from "@ociman/containers/Engine"
import * as Port from "@ociman/containers/Port"
import * as Effect from "effect/Effect"
import { assertGone, failsWith, type Suite } from "./support.js"

const publishingPorts = ({ idle, test }: Suite): void => {
  test(
    "a port is published on loopback at a free host port",
    Effect.gen(function*() {
      const { engine } = yield* Backend.Backend
      const container = yield* Container.start(Definition.publish(idle, Port.tcp(80), Port.tcp(81)))
      const first = yield* container.address(80)
      const second = yield* container.address(81)
      assert.deepStrictEqual([first.host, second.host], [Engine.reachableHost(engine), Engine.reachableHost(engine)])
      assert.isAbove(first.port, 0)
      assert.isAbove(second.port, 0)
      assert.notStrictEqual(first.port, second.port)
    })
  )

  test(
    "TCP and UDP ports of the same number are published separately",
    Effect.gen(function*() {
      const container = yield* Container.start(Definition.publish(idle, Port.tcp(53), Port.udp(53)))
      const { ports } = yield* container.inspect
      assert.deepStrictEqual(ports.map(({ protocol }) => protocol).sort(), ["tcp", "udp"])
      assert.isAbove((yield* container.address(53)).port, 0)
      assert.isAbove((yield* container.address(53, "udp")).port, 0)
    })
  )

  test(
    "a port is published at the requested host port",
    Effect.gen(function*() {
      const hostPort = yield* freePort(idle)
      const container = yield* Container.start(
        Definition.publish(idle, Port.tcp(80, { hostIp: "127.0.0.1", hostPort }))
      )
      assert.deepStrictEqual(yield* container.address(80), { host: "127.0.0.1", port: hostPort })
    })
  )

  test(
    "a port published on all addresses has the address of the engine's machine",
    Effect.gen(function*() {
      const { engine } = yield* Backend.Backend
      const container = yield* Container.start(Definition.publish(idle, Port.tcp(80, { hostIp: "0.0.0.0" })))
      assert.strictEqual((yield* container.address(80)).host, Engine.reachableHost(engine))
    })
  )

  test(
    "a port is published on IPv6 loopback",
    Effect.gen(function*() {
      const container = yield* Container.start(Definition.publish(idle, Port.tcp(80, { hostIp: "::1" })))
      assert.strictEqual((yield* container.address(80)).host, "::1")
    })
  )
}

const portFailures = ({ idle, test, uniqueName }: Suite): void => {
  test(
    "the address of an unpublished port fails and lists the published ports",
    Effect.gen(function*() {
      const container = yield* Container.start(Definition.publish(idle, Port.tcp(80), Port.udp(53)))
      const error = yield* failsWith(container.address(8080), "PortNotPublished")
      assert.strictEqual(error.port, "8080/tcp")
      assert.deepStrictEqual([...error.published].sort(), ["53/udp", "80/tcp"])
      assert.strictEqual(error.state, "running")
      yield* failsWith(container.address(80, "udp"), "PortNotPublished")
      yield* failsWith(container.address(53), "PortNotPublished")
    })
  )

  test(
    "the address of a port of a stopped container fails with PortNotPublished",
    Effect.gen(function*() {
      const container = yield* Container.start(Definition.publish(idle, Port.tcp(80)))
      yield* container.stop({ grace: "5 seconds" })
      const error = yield* failsWith(container.address(80), "PortNotPublished")
      assert.strictEqual(error.state, "exited")
    })
  )

  test(
    "publishing a port that another container uses fails, names that container and leaves nothing",
    Effect.gen(function*() {
      const name = yield* uniqueName
      const first = yield* Container.start(Definition.publish(idle, Port.tcp(80)))
      const { port } = yield* first.address(80)
      const second = idle.pipe(
        Definition.publish(Port.tcp(80, { hostIp: "127.0.0.1", hostPort: port })),
        Definition.name(name)
      )
      const error = yield* failsWith(Effect.scoped(Container.start(second)), "PortTaken")
      assert.include(error.detail, `${port}`)
      const image = `${second.image}`
      const holder = yield* first.name
      assert.include(error.message, `Container "${name}" (image "${image}", id ${error.container.slice(0, 12)})`)
      assert.include(error.message, `is taken by container "${holder}"`)
      yield* assertGone(name)
      for (const start of [Effect.asVoid(Container.launch(second)), Effect.asVoid(Container.run(second))]) {
        assert.deepInclude(yield* failsWith(start, "PortTaken"), { containerName: name, image, holder })
        yield* assertGone(name)
      }
      const created = yield* Container.create(second)
      const { containerName, image: createdFrom, ...again } = yield* failsWith(created.start, "PortTaken")
      assert.deepStrictEqual([containerName, again.holder], [name, holder])
      assert.include(createdFrom, "ociman")
      // Docker 29 detaches such a container from its networks, so that it cannot start again.
      const last = yield* Effect.catchTag(failsWith(created.restart(), "PortTaken"), "EngineFailed", Effect.succeed)
      assert.include(last.message, last._tag === "PortTaken" ? holder : "detached the container from its networks")
    }),
    ["restart"]
  )
}

/**
 * Returns a host port that was free a moment ago.
 *
 * @internal
 */
export const freePort = (idle: Definition.Definition) =>
  Effect.map(
    Container.withContainer(Definition.publish(idle, Port.tcp(80)), (container) => container.address(80)),
    ({ port }) => port
  )

/** @internal */
export const themes = [
  { name: "publishing ports", tests: publishingPorts },
  { name: "port failures", tests: portFailures }
] as const
