import { assert } from "@effect/vitest"
import * as Backend from "@ociman/containers/Backend"
import * as Container from "@ociman/containers/Container"
import * as ContainerName from "@ociman/containers/ContainerName"
import * as Definition from "@ociman/containers/Definition"
import * as Image from "@ociman/containers/Image"
import * as Label from "@ociman/containers/Label"
import * as Mount from "@ociman/containers/Mount"
import * as Network from "@ociman/containers/Network"
import * as NetworkInfo from "@ociman/containers/NetworkInfo"
import * as Session from "@ociman/containers/Session"
import * as Volume from "@ociman/containers/Volume"
import * as VolumeInfo from "@ociman/containers/VolumeInfo"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { uniqueImage } from "./images.js"
import { assertGone, type Suite } from "./support.js"

const currentProcess = Effect.flatMap(Backend.Backend, (backend) => backend.host.currentProcess)

/** An ended process with the same process id. */
const deadProcess = Effect.map(currentProcess, (process) => new Session.Process({ ...process, started: "1" }))

const scopeLabels = { "ociman.creation": "made-by-hand", "ociman.lifetime": "scope" }

const helpers = ({ idle, uniqueName }: Suite) => {
  /** Creates a container with the owner labels of another process. It is removed with the scope of the test. */
  const madeBy = (process: Session.Process, labels: Readonly<Record<string, string>>, definition = idle) =>
    Effect.gen(function*() {
      const backend = yield* Backend.Backend
      const owner = Session.toLabels({ library: "ociman/0.0.1", session: "s", process: Option.some(process) })
      const labelled = Definition.label(definition, { ...owner, ...scopeLabels, ...labels })
      const container = yield* Effect.acquireRelease(
        Effect.flatMap(uniqueName, (name) => backend.containers.create(labelled, ContainerName.make(name))),
        (container) => Effect.ignore(Effect.flatMap(backend.attach(container), (_) => _.remove({ force: true })))
      )
      return yield* backend.attach(container)
    })

  const unique = Effect.map(
    uniqueName,
    (name) => ({ labels: { "com.example.sweep": name }, filter: [Label.equals("com.example.sweep", name)] })
  )

  return { madeBy, unique }
}

const ownerLabels = ({ idle, test }: Suite): void => {
  test(
    "created containers carry owner labels that container.labels omits",
    Effect.gen(function*() {
      const backend = yield* Backend.Backend
      const process = yield* currentProcess
      const containers = yield* Effect.all([
        Container.start(idle),
        Effect.acquireRelease(Container.launch(idle), (container) => Effect.ignore(container.remove({ force: true })))
      ], { concurrency: 2 })
      for (const container of containers) {
        const info = yield* container.inspect
        const owner = yield* Session.fromLabels(info.labels)
        assert.deepStrictEqual({ ...owner.process }, { ...process })
        assert.match(owner.library, /^ociman\/\d+\.\d+\.\d+/)
        assert.notStrictEqual(owner.session, "")
        const shown = Object.keys(yield* container.labels)
        assert.deepStrictEqual(shown.filter((key) => Session.labelKeys.includes(key)), [])
      }
      assert.strictEqual(yield* backend.host.liveness(process), "Alive")
      assert.strictEqual(yield* backend.host.liveness(yield* deadProcess), "Dead")
      assert.strictEqual(yield* backend.host.liveness(new Session.Process({ ...process, host: "x" })), "Unknown")
    })
  )
}

const sweepingContainers = (suite: Suite): void => {
  const { idle, test, uniqueName } = suite
  const { madeBy, unique } = helpers(suite)

  test(
    "a sweep removes running and stopped containers of a dead process and keeps those of live ones",
    Effect.gen(function*() {
      const { filter, labels } = yield* unique
      const dead = yield* deadProcess
      const mine = yield* Container.start(Definition.label(idle, labels))
      const [created, running] = yield* Effect.all([
        madeBy(dead, labels),
        madeBy(dead, labels, Definition.autoRemove(idle))
      ])
      yield* running.restart()
      const others = yield* madeBy(new Session.Process({ ...dead, host: "another-host" }), labels)

      const expected = [created.id, running.id].sort()
      const dry = yield* Backend.sweep({ dryRun: true, labels: filter })
      assert.deepStrictEqual(dry.removed.map(({ id }) => id).sort(), expected)
      assert.strictEqual((yield* running.state).status, "running")

      const { failed, removed } = yield* Backend.sweep({ labels: filter })
      assert.deepStrictEqual(failed, [])
      assert.deepStrictEqual(removed.map(({ id }) => id).sort(), expected)
      for (const { kind, owner } of removed) {
        assert.strictEqual(kind, "container")
        assert.deepStrictEqual({ ...owner.process }, { ...dead })
      }
      yield* Effect.forEach([created, running], ({ id }) => assertGone(id))
      assert.strictEqual((yield* mine.state).status, "running")
      assert.strictEqual((yield* others.state).status, "created")
      assert.deepStrictEqual((yield* Backend.sweep({ labels: filter })).removed, [])
    }),
    ["restart"]
  )

  test(
    "a sweep keeps containers without a complete owner, and launched ones unless kept is set",
    Effect.gen(function*() {
      const { filter, labels } = yield* unique
      const dead = yield* deadProcess
      const incomplete = yield* madeBy(dead, { ...labels, "ociman.started": "" })
      const launched = yield* madeBy(dead, { ...labels, "ociman.lifetime": "kept" })
      assert.deepStrictEqual((yield* Backend.sweep({ labels: filter })).removed, [])
      const { removed } = yield* Backend.sweep({ kept: true, labels: filter })
      assert.deepStrictEqual(removed.map(({ id }) => id), [launched.id])
      assert.strictEqual((yield* incomplete.state).status, "created")
    })
  )

  test(
    "a sweep filtered by an empty label value keeps resources with another value",
    Effect.gen(function*() {
      const { labels } = yield* unique
      const key = `com.example.${yield* uniqueName}`
      const dead = yield* deadProcess
      const other = yield* madeBy(dead, { ...labels, [key]: "other" })
      const empty = yield* madeBy(dead, { ...labels, [key]: "" })
      const { failed, removed } = yield* Backend.sweep({ labels: [Label.equals(key, "")] })
      assert.deepStrictEqual([failed, removed.map(({ id }) => id)], [[], [empty.id]])
      assert.strictEqual((yield* other.state).status, "created")
    })
  )

  test(
    "a sweep keeps a container whose owner labels come from its image, and keeps images",
    Effect.gen(function*() {
      const backend = yield* Backend.Backend
      const { filter, labels } = yield* unique
      const image = yield* uniqueImage(suite)
      const original = yield* madeBy(yield* deadProcess, { ...labels, "ociman.creation": yield* uniqueName })
      yield* original.commit(image, { pause: false })
      const byHand = yield* Effect.acquireRelease(
        Effect.flatMap(uniqueName, (name) => backend.containers.create(suite.of(image).idle, ContainerName.make(name))),
        (id) => Effect.ignore(Effect.flatMap(backend.attach(id), (container) => container.remove({ force: true })))
      )
      const { removed } = yield* Backend.sweep({ labels: filter })
      assert.deepStrictEqual(removed.map(({ id }) => id), [original.id])
      assert.strictEqual(
        (yield* backend.containers.inspect(byHand)).labels["com.example.sweep"],
        labels["com.example.sweep"]
      )
      assert.isTrue(yield* Image.exists(image))
    }),
    ["commit"]
  )

  test(
    "two concurrent sweeps both succeed",
    Effect.gen(function*() {
      const { filter, labels } = yield* unique
      const dead = yield* deadProcess
      const containers = yield* Effect.replicateEffect(madeBy(dead, labels), 3)
      const sweeps = yield* Effect.replicateEffect(Backend.sweep({ labels: filter }), 2, { concurrency: 2 })
      assert.deepStrictEqual(sweeps.flatMap(({ failed }) => failed), [])
      yield* Effect.forEach(containers, ({ id }) => assertGone(id))
    })
  )
}

const sweepingNetworksAndVolumes = (suite: Suite): void => {
  const { idle, test, uniqueName } = suite
  const { madeBy, unique } = helpers(suite)

  test(
    "a sweep removes networks and volumes of a dead process after its containers and keeps those of a live one",
    Effect.gen(function*() {
      const backend = yield* Backend.Backend
      const { filter, labels } = yield* unique
      const [networkName, volumeName] = yield* Effect.all([uniqueName, uniqueName])
      const dead = yield* deadProcess
      const owner = Session.toLabels({ library: "ociman/0.0.1", session: "s", process: Option.some(dead) })
      const left = Label.fromRecord({ ...owner, ...scopeLabels, ...labels })
      const network = yield* Effect.acquireRelease(
        backend.networks.create({
          ...Network.request(),
          name: Schema.decodeSync(NetworkInfo.Name)(networkName),
          labels: left
        }),
        (id) => Effect.ignore(backend.networks.remove(id, { force: true }))
      )
      yield* Effect.acquireRelease(
        backend.volumes.create({
          ...Volume.request(),
          name: Schema.decodeSync(VolumeInfo.Name)(volumeName),
          labels: left
        }),
        () => Effect.ignore(backend.volumes.remove(volumeName, { force: true }))
      )
      const [liveNetwork, liveVolume] = yield* Effect.all([Network.make({ labels }), Volume.make({ labels })])
      const container = yield* madeBy(
        dead,
        labels,
        idle.pipe(
          Definition.network(networkName),
          Definition.mount(Mount.volume({ source: volumeName, target: "/data" }))
        )
      )
      const { failed, removed } = yield* backend.sweep({ labels: filter })
      assert.deepStrictEqual(failed, [])
      assert.deepStrictEqual(removed.map(({ id, kind }) => [kind, id]), [
        ["container", container.id],
        ["network", network],
        ["volume", volumeName]
      ])
      assert.deepStrictEqual((yield* Network.list(...filter)).map(({ id }) => id), [liveNetwork.id])
      assert.deepStrictEqual((yield* Volume.list(...filter)).map(({ name }) => name), [liveVolume.name])
    }),
    ["networks", "volumes"]
  )

  test(
    "a sweep keeps a network that containers of a live process use",
    Effect.gen(function*() {
      const backend = yield* Backend.Backend
      const { filter, labels } = yield* unique
      const owner = Session.toLabels({
        library: "ociman/0.0.1",
        session: "s",
        process: Option.some(yield* deadProcess)
      })
      const make = Effect.gen(function*() {
        const name = yield* uniqueName
        const id = yield* Effect.acquireRelease(
          backend.networks.create({
            ...Network.request(),
            name: Schema.decodeSync(NetworkInfo.Name)(name),
            labels: Label.fromRecord({ ...owner, ...scopeLabels, ...labels })
          }),
          (id) => Effect.ignore(backend.networks.remove(id, { force: true }))
        )
        return { id, name }
      })
      const [first, second] = yield* Effect.all([make, make])
      const running = yield* Container.start(Definition.network(idle, first.name))
      const created = yield* Container.create(Definition.network(idle, second.name))
      const networksOf = (container: Container.Container) =>
        Effect.map(container.inspect, ({ addresses }) => Object.keys(addresses))
      const { failed, removed } = yield* backend.sweep({ labels: filter })
      assert.deepStrictEqual(removed, [])
      assert.deepStrictEqual(
        failed.map(({ error, leftover: { id } }) => [id, error._tag]).sort(),
        [[first.id, "ResourceInUse"], [second.id, "ResourceInUse"]].sort()
      )
      assert.deepStrictEqual(yield* networksOf(running), [first.name])
      yield* created.start
      assert.deepStrictEqual(yield* networksOf(created), [second.name])
    }),
    ["networks"]
  )
}

/** @internal */
export const themes = [
  { name: "owner labels", tests: ownerLabels },
  { name: "sweeping containers", tests: sweepingContainers },
  { name: "sweeping networks and volumes", tests: sweepingNetworksAndVolumes }
] as const
