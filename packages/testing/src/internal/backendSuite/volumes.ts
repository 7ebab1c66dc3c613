import { assert } from "@effect/vitest"
import * as Backend from "@ociman/containers/Backend"
import type * as BackendError from "@ociman/containers/BackendError"
import * as Container from "@ociman/containers/Container"
import * as Definition from "@ociman/containers/Definition"
import * as Label from "@ociman/containers/Label"
import * as Mount from "@ociman/containers/Mount"
import * as Volume from "@ociman/containers/Volume"
import * as Arr from "effect/Array"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Scope from "effect/Scope"
import { assertGone, failsWith, type Suite, unlessNameInUse, warnings } from "./support.js"

const helpers = ({ idle, label, uniqueName }: Suite) => {
  const labels = { [label.key]: label.value }

  const make = (options: Volume.Options = {}) =>
    Effect.flatMap(uniqueName, (name) => Volume.make({ name, ...options, labels: { ...labels, ...options.labels } }))

  const using = (volume: Volume.Volume, definition = idle) =>
    Definition.mount(definition, Mount.volume({ source: volume, target: "/data" }))

  const isThere = ({ name }: { readonly name: string }) =>
    Effect.map(Volume.list(label), (infos) => infos.some((info) => info.name === name))

  return { labels, make, using, isThere }
}

const makingVolumes = (suite: Suite): void => {
  const { test, uniqueName } = suite
  const { labels, make, isThere } = helpers(suite)

  test(
    "a volume has its options and is removed when its scope closes",
    Effect.gen(function*() {
      const name = yield* uniqueName
      const volume = yield* Effect.scoped(Effect.gen(function*() {
        const volume = yield* make({ name, labels: { "com.example.a": "1" } })
        const info = yield* volume.inspect
        assert.deepStrictEqual([volume.name, info.name, info.driver], [name, name, "local"])
        assert.strictEqual(info.created._tag, "Some")
        assert.deepStrictEqual(yield* volume.labels, { ...labels, "com.example.a": "1" })
        assert.isTrue(yield* isThere(volume))
        return volume
      }))
      yield* failsWith(volume.inspect, "VolumeNotFound")
      assert.isFalse(yield* isThere(volume))
    }),
    ["volumes"]
  )

  test(
    "volumes without a name get distinct names",
    Effect.gen(function*() {
      const [first, second] = yield* Effect.all([Volume.make({ labels }), Volume.make({ labels })])
      assert.notStrictEqual(first.name, second.name)
      assert.deepStrictEqual(yield* Effect.forEach([first, second], isThere), [true, true])
    }),
    ["volumes"]
  )

  test(
    "interrupting the creation of a volume at six moments leaves no volume",
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
      assert.deepStrictEqual(yield* Volume.list(Label.has(key)), [])
    }),
    ["volumes"]
  )
}

const volumeConflicts = (suite: Suite): void => {
  const { idle, test, uniqueName } = suite
  const { make, isThere } = helpers(suite)

  test(
    "making a volume with a name in use fails and keeps the existing volume",
    Effect.gen(function*() {
      const volume = yield* make({ labels: { "com.example.a": "1" } })
      const error = yield* failsWith(Effect.scoped(make({ name: volume.name })), "NameInUse")
      assert.deepStrictEqual([error.kind, error.resource], ["volume", volume.name])
      assert.deepInclude(yield* volume.labels, { "com.example.a": "1" })
    }),
    ["volumes"]
  )

  test(
    "making a volume that a container already created fails with NameInUse",
    Effect.gen(function*() {
      const backend = yield* Backend.Backend
      const name = yield* uniqueName
      yield* Effect.addFinalizer(() => Effect.ignoreLogged(backend.volumes.remove(name, { force: true })))
      yield* Container.start(Definition.mount(idle, Mount.volume({ source: name, target: "/data" })))
      yield* failsWith(Effect.scoped(make({ name })), "NameInUse")
      assert.strictEqual((yield* Volume.attach(name)).name, name)
    }),
    ["volumes"]
  )

  test(
    "of concurrent requests for one volume name exactly one succeeds",
    Effect.gen(function*() {
      const name = yield* uniqueName
      yield* Effect.scoped(Effect.gen(function*() {
        const outcomes = yield* Effect.all(Array.from({ length: 6 }, () => unlessNameInUse(make({ name }))), {
          concurrency: "unbounded"
        })
        assert.lengthOf(Arr.getSomes(outcomes), 1)
        assert.isTrue(yield* isThere({ name }))
      }))
      assert.isFalse(yield* isThere({ name }))
    }),
    ["volumes"]
  )
}

const findingVolumes = (suite: Suite): void => {
  const { test, uniqueName } = suite
  const { make, isThere } = helpers(suite)

  test(
    "attach finds a volume by its whole name only and does not remove it",
    Effect.gen(function*() {
      const backend = yield* Backend.Backend
      const volume = yield* make()
      assert.strictEqual((yield* Effect.scoped(Volume.attach(volume.name))).name, volume.name)
      const beginning = volume.name.slice(0, -1)
      yield* failsWith(Volume.attach(beginning), "VolumeNotFound")
      yield* failsWith(backend.volumes.remove(beginning, { force: true }), "VolumeNotFound")
      assert.isTrue(yield* isThere(volume))
    }),
    ["volumes"]
  )

  test(
    "attach fails with VolumeNotFound for any text that names no volume",
    Effect.forEach(
      ["no-such-volume", "", "--help", "-v", "a/b", "a b", "é"],
      (text) =>
        Effect.map(failsWith(Volume.attach(text), "VolumeNotFound"), ({ volume }) => {
          assert.strictEqual(volume, text)
        }),
      { discard: true, concurrency: 2 }
    )
  )

  test(
    "every operation on a removed volume fails with VolumeNotFound",
    Effect.gen(function*() {
      const volume = yield* make()
      yield* volume.remove()
      const operations: ReadonlyArray<Effect.Effect<unknown, BackendError.BackendError>> = [
        volume.inspect,
        volume.labels,
        volume.remove(),
        volume.remove({ force: true })
      ]
      const tags = yield* Effect.forEach(
        operations,
        (operation) => Effect.map(Effect.flip(Effect.asVoid(operation)), ({ _tag }) => _tag)
      )
      assert.deepStrictEqual(tags, operations.map(() => "VolumeNotFound"))
    }),
    ["volumes"]
  )

  test(
    "list selects volumes that have all requested labels",
    Effect.gen(function*() {
      const key = `com.example.${yield* uniqueName}`
      const [both, one] = yield* Effect.all([
        make({ labels: { [key]: "1", [`${key}.b`]: "2" } }),
        make({ labels: { [key]: "1" } })
      ])
      const names = (...filters: ReadonlyArray<Label.Filter>) =>
        Effect.map(Volume.list(...filters), (infos) => infos.map(({ name }) => name).sort())
      assert.deepStrictEqual(yield* names(Label.has(key)), [both.name, one.name].sort())
      assert.deepStrictEqual(yield* names(Label.has(key), Label.equals(`${key}.b`, "2")), [both.name])
      assert.deepStrictEqual(yield* names(Label.equals(key, "1"), Label.equals(key, "2")), [])
      assert.deepStrictEqual(yield* names(Label.equals(key, "3")), [])
    }),
    ["volumes"]
  )
}

const removingVolumes = (suite: Suite): void => {
  const { test, uniqueName } = suite
  const { make, using, isThere } = helpers(suite)

  test(
    "a volume of a container is removed only with force, together with the container",
    Effect.gen(function*() {
      const volume = yield* make()
      const container = yield* Container.start(using(volume))
      yield* container.stop({ grace: "5 seconds" })
      const error = yield* failsWith(volume.remove(), "ResourceInUse")
      assert.deepStrictEqual([error.kind, error.resource], ["volume", volume.name])
      yield* volume.remove({ force: true })
      yield* assertGone(container.id)
      assert.isFalse(yield* isThere(volume))
    }),
    ["volumes"]
  )

  test(
    "a volume in use outlives its scope and a warning names it",
    Effect.gen(function*() {
      const backend = yield* Backend.Backend
      const name = yield* uniqueName
      yield* Effect.addFinalizer(() => Effect.ignoreLogged(backend.volumes.remove(name, { force: true })))
      const outer = yield* Effect.scope
      const warned = yield* warnings(Effect.scoped(Effect.flatMap(
        make({ name }),
        (volume) => Effect.provideService(Container.start(using(volume)), Scope.Scope, outer)
      )))
      assert.strictEqual(warned.length, 1)
      assert.include(warned[0], name)
      assert.isTrue(yield* isThere({ name }))
    }),
    ["volumes"]
  )

  test(
    "closing the scope keeps a volume that was removed and made again elsewhere",
    Effect.gen(function*() {
      const name = yield* uniqueName
      const backend = yield* Backend.Backend
      const outer = yield* Effect.scope
      const warned = yield* warnings(Effect.scoped(
        make({ name }).pipe(
          Effect.zipRight(backend.volumes.remove(name, { force: false })),
          Effect.zipRight(Effect.provideService(make({ name }), Scope.Scope, outer))
        )
      ))
      assert.deepStrictEqual(warned, [])
      assert.isTrue(yield* isThere({ name }))
    }),
    ["volumes"]
  )

  test(
    "prune removes unused volumes that have the labels",
    Effect.gen(function*() {
      const key = `com.example.${yield* uniqueName}`
      const [used, unused, other] = yield* Effect.all([
        make({ labels: { [key]: "1" } }),
        make({ labels: { [key]: "1" } }),
        make()
      ])
      yield* Container.start(using(used))
      assert.deepStrictEqual((yield* Volume.prune(Label.has(key))).map(({ name }) => name), [unused.name])
      assert.deepStrictEqual(yield* Effect.forEach([used, unused, other], isThere), [true, false, true])
    }),
    ["volumes"]
  )
}

const filesInVolumes = (suite: Suite): void => {
  const { idle, options, script, test } = suite
  const { make, using } = helpers(suite)

  test(
    "a volume shows the same files in every container and keeps them without containers",
    Effect.gen(function*() {
      const volume = yield* make()
      const writer = yield* Container.create(using(volume))
      const reader = yield* Container.create(
        Definition.mount(idle, Mount.volume({ source: volume, target: "/elsewhere" }))
      )
      yield* writer.writeFile("/data/directory/file", "first")
      assert.strictEqual(yield* reader.readFileString("/elsewhere/directory/file"), "first")
      yield* reader.start
      yield* reader.writeFile("/elsewhere/directory/file", "second")
      assert.strictEqual(yield* writer.readFileString("/data/directory/file"), "second")
      yield* writer.remove({ force: true })
      yield* reader.remove({ force: true })
      const later = yield* Container.start(using(volume))
      assert.strictEqual(yield* later.readFileString("/data/directory/file"), "second")
      yield* failsWith(
        Effect.flatMap(Container.create(idle), (_) => _.readFile("/data/directory/file")),
        "PathNotFound"
      )
    }),
    ["volumes"]
  )

  if (options.processes) {
    test(
      "a volume keeps the files of one container for the next",
      Effect.gen(function*() {
        const volume = yield* make()
        yield* Container.run(using(volume, script("echo kept >/data/file")))
        assert.strictEqual((yield* Container.run(using(volume, script("cat /data/file")))).stdout, "kept\n")
      })
    )
  }
}

/** @internal */
export const themes = [
  { name: "making volumes", tests: makingVolumes },
  { name: "volume conflicts", tests: volumeConflicts },
  { name: "finding volumes", tests: findingVolumes },
  { name: "removing volumes", tests: removingVolumes },
  { name: "files in volumes", tests: filesInVolumes }
] as const
