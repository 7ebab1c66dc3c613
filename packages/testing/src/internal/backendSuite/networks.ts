import { assert } from "@effect/vitest"
import * as Backend from "@ociman/containers/Backend"
import type * as BackendError from "@ociman/containers/BackendError"
import * as Container from "@ociman/containers/Container"
import * as Definition from "@ociman/containers/Definition"
import * as IpAddress from "@ociman/containers/IpAddress"
import * as Label from "@ociman/containers/Label"
import * as Network from "@ociman/containers/Network"
import * as Subnet from "@ociman/containers/Subnet"
import * as Arr from "effect/Array"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import * as Scope from "effect/Scope"
import { failsWith, type Suite, unlessNameInUse, warnings } from "./support.js"

/**
 * Makes a network with a subnet that is unused on the machine, and a function for addresses in it.
 *
 * @internal
 */
export const makeWithSubnet = (options: Network.Options) =>
  Effect.all([Random.nextIntBetween(100, 250), Random.nextIntBetween(0, 255)]).pipe(
    Effect.flatMap(([second, third]) =>
      Effect.map(Network.make({ ...options, subnets: [`10.${second}.${third}.0/24`] }), (network) => ({
        network,
        at: (host: number) => IpAddress.make(`10.${second}.${third}.${host}`)
      }))
    ),
    Effect.retry({ times: 10, while: (error) => error._tag === "SubnetUnavailable" })
  )

const helpers = ({ idle, label, uniqueName }: Suite) => {
  const labels = { [label.key]: label.value }

  const make = (options: Network.Options = {}) =>
    Effect.flatMap(uniqueName, (name) => Network.make({ name, ...options, labels: { ...labels, ...options.labels } }))

  const inNetwork = (network: Network.Network) => Definition.network(idle, network)

  const isThere = (network: Network.Network) =>
    Effect.map(Network.list(label), (infos) => infos.some(({ id }) => id === network.id))

  return { labels, make, inNetwork, isThere }
}

const makingNetworks = (suite: Suite): void => {
  const { test, uniqueName } = suite
  const { labels, make, isThere } = helpers(suite)

  test(
    "a network has its options and is removed when its scope closes",
    Effect.gen(function*() {
      const name = yield* uniqueName
      const network = yield* Effect.scoped(Effect.gen(function*() {
        const { at, network } = yield* makeWithSubnet({ name, labels: { ...labels, "com.example.a": "1" } })
        const info = yield* network.inspect
        assert.strictEqual(network.name, name)
        assert.strictEqual(info.name, name)
        assert.strictEqual(info.id, network.id)
        assert.strictEqual(info.driver, "bridge")
        assert.isFalse(info.internal)
        assert.isFalse(info.ipv6)
        assert.deepStrictEqual(info.subnets.map(({ subnet }) => Subnet.format(subnet)), [`${at(0)}/24`])
        assert.deepStrictEqual(yield* network.labels, { ...labels, "com.example.a": "1" })
        assert.isTrue(yield* isThere(network))
        return network
      }))
      yield* failsWith(network.inspect, "NetworkNotFound")
      assert.isFalse(yield* isThere(network))
    }),
    ["networks"]
  )

  test(
    "networks without options get distinct names and subnets",
    Effect.gen(function*() {
      const [first, second] = yield* Effect.all([Network.make({ labels }), Network.make({ labels })])
      assert.notStrictEqual(first.name, second.name)
      const [one, other] = yield* Effect.all([first.inspect, second.inspect])
      assert.isFalse(Subnet.overlaps(subnetOf(one), subnetOf(other)))
    }),
    ["networks"]
  )

  test(
    "an internal IPv6 network has an IPv4 subnet too",
    Effect.gen(function*() {
      const group = (yield* Random.nextIntBetween(1, 0xFFFF)).toString(16)
      const subnet = `fd77:${group}::/64`
      const info = yield* Effect.flatMap(make({ internal: true, subnets: [subnet] }), ({ inspect }) => inspect)
      assert.isTrue(info.internal)
      assert.isTrue(info.ipv6)
      const families = info.subnets.map(({ subnet }) => Subnet.family(subnet))
      assert.deepStrictEqual([...families].sort(), ["ipv4", "ipv6"])
      assert.include(info.subnets.map(({ subnet }) => Subnet.format(subnet)), subnet)
    }),
    ["networks"]
  )

  test(
    "a network uses the requested gateway address",
    Effect.gen(function*() {
      const range = yield* Effect.scoped(
        Effect.map(makeWithSubnet({ name: yield* uniqueName, labels }), ({ at }) => at)
      )
      const subnets = [{ subnet: `${range(0)}/24`, gateway: range(77) }]
      const { subnets: [first] } = yield* Effect.flatMap(make({ subnets }), ({ inspect }) => inspect)
      assert.strictEqual(
        Option.getOrUndefined(Option.flatMap(Option.fromNullable(first), ({ gateway }) => gateway)),
        range(77)
      )
    }),
    ["networks"]
  )

  test(
    "interrupting the creation of a network at six moments leaves no network",
    Effect.gen(function*() {
      const key = `com.example.${yield* uniqueName}`
      const once = Effect.scoped(Effect.timed(make({ labels: { [key]: "" } })))
      const whole = Duration.toMillis((yield* once)[0])
      const warned = yield* warnings(Effect.forEach(
        Array.from({ length: 6 }, (_, index) => Duration.millis(whole * index / 5)),
        (moment) =>
          Effect.timeoutOption(Effect.scoped(Effect.zipRight(make({ labels: { [key]: "" } }), Effect.never)), moment),
        { concurrency: 2, discard: true }
      ))
      assert.deepStrictEqual(warned, [])
      assert.deepStrictEqual(yield* Network.list(Label.has(key)), [])
    }),
    ["networks"]
  )
}

const networkConflicts = (suite: Suite): void => {
  const { label, test, uniqueName } = suite
  const { labels, make, isThere } = helpers(suite)

  test(
    "making a network with a name in use fails and keeps the existing network",
    Effect.gen(function*() {
      const network = yield* make()
      const error = yield* failsWith(Effect.scoped(make({ name: network.name })), "NameInUse")
      assert.strictEqual(error.kind, "network")
      assert.strictEqual(error.resource, network.name)
      assert.isTrue(yield* isThere(network))
    }),
    ["networks"]
  )

  test(
    "of concurrent requests for one network name at most one succeeds and the others leave nothing",
    Effect.gen(function*() {
      const name = yield* uniqueName
      const named = Effect.map(Network.list(label), (infos) => infos.filter((info) => info.name === name))
      yield* Effect.scoped(Effect.gen(function*() {
        const outcomes = yield* Effect.all(Array.from({ length: 6 }, () => unlessNameInUse(make({ name }))), {
          concurrency: "unbounded"
        })
        const made = Arr.getSomes(outcomes)
        assert.isAtMost(made.length, 1)
        assert.deepStrictEqual((yield* named).map(({ id }) => id), made.map(({ id }) => id))
      }))
      assert.deepStrictEqual(yield* named, [])
    }),
    ["networks"]
  )

  test(
    "a network with an overlapping subnet is refused and leaves nothing",
    Effect.gen(function*() {
      const { network } = yield* makeWithSubnet({ name: yield* uniqueName, labels })
      const subnet = subnetOf(yield* network.inspect)
      const name = yield* uniqueName
      const error = yield* failsWith(Effect.scoped(make({ name, subnets: [subnet] })), "SubnetUnavailable")
      assert.strictEqual(error.reason, "Overlap")
      assert.strictEqual(error.network, name)
      assert.isFalse((yield* Network.list(label)).some((info) => info.name === name))
    }),
    ["networks"]
  )
}

const findingNetworks = (suite: Suite): void => {
  const { test, uniqueName } = suite
  const { make, inNetwork, isThere } = helpers(suite)

  test(
    "attach finds a network by id and by name and does not remove it",
    Effect.gen(function*() {
      const network = yield* make()
      for (const key of [network.id, network.name]) {
        const attached = yield* Effect.scoped(Network.attach(key))
        assert.deepStrictEqual([attached.id, attached.name], [network.id, network.name])
      }
      assert.isTrue(yield* isThere(network))
    }),
    ["networks"]
  )

  test(
    "attach fails with NetworkNotFound for any text that names no network",
    Effect.forEach(
      ["no-such-network", "0123456789abcdef", "", "--help", "-v", "a/b", "a b", "é"],
      (text) =>
        Effect.map(failsWith(Network.attach(text), "NetworkNotFound"), ({ network }) => {
          assert.strictEqual(network, text)
        }),
      { discard: true, concurrency: 2 }
    )
  )

  test(
    "every operation on a removed network fails with NetworkNotFound",
    Effect.gen(function*() {
      const container = yield* Effect.flatMap(make(), (other) => Container.start(inNetwork(other)))
      const network = yield* make()
      yield* network.remove()
      const operations: ReadonlyArray<Effect.Effect<unknown, BackendError.BackendError>> = [
        network.inspect,
        network.labels,
        network.remove(),
        network.remove({ force: true }),
        network.connect(container),
        network.disconnect(container)
      ]
      const tags = yield* Effect.forEach(
        operations,
        (operation) => Effect.map(Effect.flip(Effect.asVoid(operation)), ({ _tag }) => _tag)
      )
      assert.deepStrictEqual(tags, operations.map(() => "NetworkNotFound"))
    }),
    ["networks"]
  )

  test(
    "list selects networks that have all requested labels",
    Effect.gen(function*() {
      const key = `com.example.${yield* uniqueName}`
      const [both, one] = yield* Effect.all([
        make({ labels: { [key]: "1", [`${key}.b`]: "2" } }),
        make({ labels: { [key]: "1" } })
      ])
      const ids = (...filters: ReadonlyArray<Label.Filter>) =>
        Effect.map(Network.list(...filters), (infos) => infos.map(({ id }) => id).sort())
      assert.deepStrictEqual(yield* ids(Label.has(key)), [both.id, one.id].sort())
      assert.deepStrictEqual(yield* ids(Label.has(key), Label.equals(`${key}.b`, "2")), [both.id])
      assert.deepStrictEqual(yield* ids(Label.equals(key, "1"), Label.equals(key, "2")), [])
      assert.deepStrictEqual(yield* ids(Label.equals(key, "3")), [])
    }),
    ["networks"]
  )
}

const containersInNetworks = (suite: Suite): void => {
  const { idle, options, test, uniqueName } = suite
  const { labels, make, inNetwork } = helpers(suite)

  test(
    "starting a container in a missing network fails and leaves no container",
    Effect.gen(function*() {
      const [network, name] = yield* Effect.all([uniqueName, uniqueName])
      const definition = idle.pipe(Definition.network(network), Definition.name(name))
      const error = yield* failsWith(Effect.scoped(Container.start(definition)), "NetworkNotFound")
      assert.strictEqual(error.network, network)
      yield* failsWith(Container.attach(name), "ContainerNotFound")
    }),
    ["networks"]
  )

  test(
    "a container has its requested address, or a free one of the subnet",
    Effect.gen(function*() {
      const { at, network } = yield* makeWithSubnet({ name: yield* uniqueName, labels })
      const fixed = yield* Container.start(Definition.networkAddress(inNetwork(network), at(55)))
      const free = yield* Container.start(inNetwork(network))
      const addressOf = (container: Container.Container) =>
        Effect.map(container.inspect, ({ addresses }) => addresses[network.name])
      assert.strictEqual(yield* addressOf(fixed), at(55))
      const other = IpAddress.make((yield* addressOf(free)) ?? "")
      assert.notStrictEqual(other, at(55))
      assert.isTrue(Subnet.contains(subnetOf(yield* network.inspect), other))
      const taken = Definition.networkAddress(inNetwork(network), at(55))
      const outside = Definition.networkAddress(inNetwork(network), "192.0.2.7")
      for (const definition of [taken, outside]) {
        const error = yield* Effect.flip(Effect.scoped(Container.start(definition)))
        assert.include(["EngineFailed", "StartFailed"], error._tag)
      }
    }),
    ["networks"]
  )

  test(
    "connect and disconnect add a container to a second network and remove it",
    Effect.gen(function*() {
      const first = yield* make()
      const { at, network } = yield* makeWithSubnet({ name: yield* uniqueName, labels })
      const container = yield* Container.start(inNetwork(first))
      const joined = Effect.map(container.inspect, ({ addresses }) => Object.keys(addresses).sort())
      yield* network.connect(container, { aliases: ["second"], addresses: [at(66)] })
      assert.strictEqual((yield* container.inspect).addresses[network.name], at(66))
      assert.deepStrictEqual(yield* joined, [first.name, network.name].sort())
      const twice = yield* failsWith(network.connect(container.id), "EngineFailed")
      assert.strictEqual(twice.reason, "Conflict")
      yield* network.disconnect(yield* container.name)
      assert.deepStrictEqual(yield* joined, [first.name])
      const gone = yield* failsWith(network.disconnect(container), "EngineFailed")
      assert.strictEqual(gone.reason, "Conflict")
      const missing = yield* uniqueName
      for (const operation of [network.connect(missing), network.disconnect(missing, { force: true })]) {
        assert.strictEqual((yield* failsWith(operation, "ContainerNotFound")).container, missing)
      }
    }),
    ["networks"]
  )

  test(
    "creating a container in a missing network fails on Podman and otherwise starting it fails",
    Effect.gen(function*() {
      const { engine } = yield* Backend.Backend
      const missing = yield* uniqueName
      const created = Container.create(Definition.network(idle, missing))
      if (engine.name === "podman") {
        yield* failsWith(Effect.scoped(created), "NetworkNotFound")
      } else {
        const container = yield* created
        const error = yield* failsWith(container.start, "NetworkNotFound")
        assert.strictEqual(error.network, missing)
      }
    }),
    ["networks"]
  )

  test(
    "a container of the default network joins another, except on a rootless engine",
    Effect.gen(function*() {
      const network = yield* make()
      const container = yield* Container.start(idle)
      if (options.rootless) {
        yield* failsWith(network.connect(container), "EngineFailed")
      } else {
        yield* network.connect(container)
        assert.property((yield* container.inspect).addresses, network.name)
      }
    }),
    ["networks"]
  )
}

const removingNetworks = (suite: Suite): void => {
  const { test, uniqueName } = suite
  const { make, inNetwork, isThere } = helpers(suite)

  test(
    "a network with a running container is removed only with force",
    Effect.gen(function*() {
      const network = yield* make()
      const container = yield* Container.start(inNetwork(network))
      const error = yield* failsWith(network.remove(), "ResourceInUse")
      assert.deepStrictEqual([error.kind, error.resource], ["network", network.id])
      yield* network.remove({ force: true })
      yield* failsWith(network.inspect, "NetworkNotFound")
      assert.strictEqual((yield* container.state).status, "running")
      assert.deepStrictEqual((yield* container.inspect).addresses, {})
    }),
    ["networks"]
  )

  test(
    "a network with only stopped containers is in use, except on Docker",
    Effect.gen(function*() {
      const { engine } = yield* Backend.Backend
      for (const join of [Container.create, Container.start]) {
        const network = yield* make()
        const container = yield* join(inNetwork(network))
        if (join === Container.start) yield* container.stop({ grace: "5 seconds" })
        if (engine.name === "podman") {
          yield* failsWith(network.remove(), "ResourceInUse")
          yield* network.remove({ force: true })
        } else {
          yield* network.remove()
        }
        yield* failsWith(network.inspect, "NetworkNotFound")
      }
    }),
    ["networks"]
  )

  test(
    "closing the scope of a network disconnects running and stopped containers",
    Effect.gen(function*() {
      const [running, stopped] = yield* Effect.all([uniqueName, uniqueName])
      const launch = (network: Network.Network, name: string) =>
        Effect.acquireRelease(
          Container.launch(Definition.name(inNetwork(network), name)),
          (container) => Effect.ignoreLogged(container.remove({ force: true }))
        )
      const outer = yield* Effect.scope
      const warned = yield* warnings(Effect.scoped(Effect.gen(function*() {
        const network = yield* make()
        const [, other] = yield* Effect.all([launch(network, running), launch(network, stopped)]).pipe(
          Effect.provideService(Scope.Scope, outer)
        )
        yield* other.stop({ grace: "5 seconds" })
      })))
      assert.deepStrictEqual(warned, [])
      const states = yield* Effect.forEach(
        [running, stopped],
        (name) => Effect.flatMap(Container.attach(name), ({ state }) => state)
      )
      assert.deepStrictEqual(states.map(({ status }) => status), ["running", "exited"])
    }),
    ["networks"]
  )

  test(
    "prune removes unused networks that have the labels",
    Effect.gen(function*() {
      const key = `com.example.${yield* uniqueName}`
      const [used, unused, other] = yield* Effect.all([
        make({ labels: { [key]: "1" } }),
        make({ labels: { [key]: "1" } }),
        make()
      ])
      yield* Container.start(inNetwork(used))
      assert.deepStrictEqual((yield* Network.prune(Label.has(key))).map(({ id }) => id), [unused.id])
      assert.deepStrictEqual(
        yield* Effect.forEach([used, unused, other], isThere),
        [true, false, true]
      )
    }),
    ["networks"]
  )
}

const subnetOf = ({ subnets }: { readonly subnets: ReadonlyArray<{ readonly subnet: Subnet.Subnet }> }) =>
  subnets[0]?.subnet ?? assert.fail("there is no subnet")

/** @internal */
export const themes = [
  { name: "making networks", tests: makingNetworks },
  { name: "network conflicts", tests: networkConflicts },
  { name: "finding networks", tests: findingNetworks },
  { name: "containers in networks", tests: containersInNetworks },
  { name: "removing networks", tests: removingNetworks }
] as const
