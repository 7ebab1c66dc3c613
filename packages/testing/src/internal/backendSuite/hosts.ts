import { assert } from "@effect/vitest"
import * as Backend from "@ociman/containers/Backend"
import * as Container from "@ociman/containers/Container"
import * as Definition from "@ociman/containers/Definition"
import * as Engine from "@ociman/containers/Engine"
import * as HostResolver from "@ociman/containers/HostResolver"
import * as IpAddress from "@ociman/containers/IpAddress"
import * as Network from "@ociman/containers/Network"
import * as Effect from "effect/Effect"
import { failsWith, Shared, type Suite } from "./support.js"

const hostLookup = ({ idle, options, test }: Suite): void => {
  test(
    "localhost resolves to a loopback address",
    Effect.gen(function*() {
      assert.isTrue(IpAddress.isLoopback(yield* HostResolver.resolve(idle, "localhost")))
    })
  )

  test(
    "an extra host of a definition resolves to its address",
    Effect.gen(function*() {
      const definition = Definition.extraHost(idle, "custom-host.test", "192.168.1.100")
      assert.strictEqual(yield* HostResolver.resolve(definition, "custom-host.test"), "192.168.1.100")
    })
  )

  if (options.processes) {
    test(
      "an extra host of a raw flag resolves to its address",
      Effect.gen(function*() {
        const definition = Definition.rawFlags(idle, "--add-host", "raw-host.test:10.0.0.1")
        assert.strictEqual(yield* HostResolver.resolve(definition, "raw-host.test"), "10.0.0.1")
      })
    )
  }

  test(
    "host-gateway resolves to an address, or fails on an engine that does not support it",
    Effect.gen(function*() {
      const { engine } = yield* Backend.Backend
      const resolved = HostResolver.resolve(Definition.extraHost(idle, "gateway.test", "host-gateway"), "gateway.test")
      if (engine.name !== "podman" || Engine.isAtLeast(engine.apiVersion, 4, 7)) {
        assert.isFalse(IpAddress.isLoopback(yield* resolved))
      } else {
        assert.include((yield* failsWith(resolved, "EngineFailed")).detail, "host-gateway")
      }
    })
  )

  test(
    "lookup of an unknown host fails with HostNotResolved",
    Effect.gen(function*() {
      const { id } = yield* Shared
      const error = yield* failsWith(
        Effect.flatMap(Shared, (shared) => HostResolver.lookupIn(shared, "no-such-host.invalid")),
        "HostNotResolved"
      )
      assert.deepStrictEqual([error.container, error.host, error.reason], [id, "no-such-host.invalid", "UnknownHost"])
    })
  )

  test(
    "lookup of a text that is not a host name fails with InvalidName",
    Effect.flatMap(Shared, (shared) =>
      Effect.forEach(
        ["", "-h", "--help", "a b", "$(id)", "a;b", "é", "a/b"],
        (text) =>
          Effect.map(failsWith(HostResolver.lookupIn(shared, text), "HostNotResolved"), ({ host, reason }) => {
            assert.deepStrictEqual([host, reason], [text, "InvalidName"])
          }),
        { discard: true }
      ))
  )

  test(
    "lookup in a stopped or removed container fails",
    Effect.gen(function*() {
      const container = yield* Container.start(idle)
      yield* container.stop({ grace: "5 seconds" })
      const error = yield* failsWith(HostResolver.lookupIn(container, "localhost"), "ExecFailed")
      assert.strictEqual(error.reason, "ContainerNotRunning")
      yield* container.remove()
      yield* failsWith(HostResolver.lookupIn(container, "localhost"), "ContainerNotFound")
    })
  )
}

const hostLookupInNetworks = ({ idle, label, test, uniqueName }: Suite): void => {
  const network = Effect.flatMap(
    uniqueName,
    (name) => Network.make({ name, labels: { [label.key]: label.value } })
  )

  test(
    "names and aliases of containers resolve inside their network only",
    Effect.gen(function*() {
      const [inside, outside] = yield* Effect.all([network, network])
      const name = yield* uniqueName
      const server = yield* Container.start(
        idle.pipe(Definition.name(name), Definition.network(inside), Definition.networkAlias("db", "database"))
      )
      const address = (yield* server.inspect).addresses[inside.name]
      const [client, outsider] = yield* Effect.all([
        Container.start(Definition.network(idle, inside)),
        Container.start(Definition.network(idle, outside))
      ])
      for (const host of [name, "db", "database"]) {
        assert.strictEqual(yield* HostResolver.lookupIn(client, host), address)
        yield* failsWith(HostResolver.lookupIn(outsider, host), "HostNotResolved")
      }
      yield* inside.connect(outsider, { aliases: ["late"] })
      assert.strictEqual(yield* HostResolver.lookupIn(outsider, "db"), address)
      assert.strictEqual(
        yield* HostResolver.lookupIn(client, "late"),
        (yield* outsider.inspect).addresses[inside.name]
      )
      yield* inside.disconnect(outsider)
      yield* failsWith(HostResolver.lookupIn(outsider, "db"), "HostNotResolved")
    }),
    ["networks"]
  )

  test(
    "resolve looks up a name in the network of the definition",
    Effect.gen(function*() {
      const joined = yield* network
      const server = yield* Container.start(
        idle.pipe(Definition.network(joined), Definition.networkAlias("db"))
      )
      assert.strictEqual(
        yield* HostResolver.resolve(Definition.network(idle, joined), "db"),
        (yield* server.inspect).addresses[joined.name]
      )
    }),
    ["networks"]
  )

  test(
    "the machine of the engine has an address that containers can use",
    Effect.gen(function*() {
      const joined = yield* network
      for (const definition of [idle, Definition.network(idle, joined)]) {
        assert.isFalse(IpAddress.isLoopback(yield* HostResolver.resolveContainerHost(definition)))
      }
    }),
    ["networks"]
  )

  test(
    "the default network reports its subnets",
    Effect.gen(function*() {
      const subnets = yield* Network.bridgeSubnets
      assert.isNotEmpty(subnets)
      for (const { prefix } of subnets) assert.isBelow(prefix, 32)
    })
  )
}

/** @internal */
export const themes = [
  { name: "host lookup", tests: hostLookup },
  { name: "host lookup in networks", tests: hostLookupInNetworks }
] as const
