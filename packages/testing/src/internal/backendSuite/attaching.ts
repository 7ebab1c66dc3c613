import { assert } from "@effect/vitest"
import * as Backend from "@ociman/containers/Backend"
import type * as BackendError from "@ociman/containers/BackendError"
import * as Container from "@ociman/containers/Container"
import * as ContainerName from "@ociman/containers/ContainerName"
import * as Definition from "@ociman/containers/Definition"
import * as Exec from "@ociman/containers/Exec"
import * as Image from "@ociman/containers/Image"
import * as Label from "@ociman/containers/Label"
import * as Effect from "effect/Effect"
import * as raw from "./raw.js"
import { failsWith, type Suite } from "./support.js"

const attachingToContainers = ({ idle, options, test, uniqueName }: Suite): void => {
  test(
    "attach finds a container by its id and by its name",
    Effect.gen(function*() {
      const name = yield* uniqueName
      const { id } = yield* Container.start(Definition.name(idle, name))
      assert.strictEqual(yield* Effect.flatMap(Container.attach(id), (container) => container.name), name)
      assert.strictEqual((yield* Container.attach(name)).id, id)
    })
  )

  test(
    "closing the scope leaves an attached container running",
    Effect.gen(function*() {
      const container = yield* Container.start(idle)
      yield* Effect.scoped(Effect.flatMap(Container.attach(container.id), ({ state }) => state))
      assert.strictEqual((yield* container.state).status, "running")
    })
  )

  test(
    "attach fails with ContainerNotFound for any text that names no container",
    Effect.forEach(
      ["no-such-container", "0123456789abcdef", "", "--help", "-v", "a/b", "a b", "é"],
      (text) =>
        Effect.map(failsWith(Container.attach(text), "ContainerNotFound"), (error) => {
          assert.strictEqual(error.container, text)
        }),
      { discard: true, concurrency: 2 }
    )
  )

  test(
    "every operation on a removed container fails with ContainerNotFound",
    Effect.gen(function*() {
      const container = yield* Container.launch(idle)
      yield* container.remove({ force: true })
      const operations: ReadonlyArray<Effect.Effect<unknown, BackendError.BackendError>> = [
        container.stop(),
        container.kill(),
        container.restart(),
        container.wait,
        ...(options.pause ? [container.pause, container.unpause] : []),
        container.rename(ContainerName.make(`${container.id.slice(0, 12)}-renamed`)),
        container.exec(Exec.make("true")),
        container.inspect,
        container.name,
        container.labels,
        container.state,
        container.remove(),
        container.address(80)
      ]
      yield* Effect.forEach(operations, (operation) => failsWith(operation, "ContainerNotFound"), {
        concurrency: 2,
        discard: true
      })
    }),
    ["pause", "rename", "restart"]
  )
}

const inspectingAndListingContainers = ({ idle, image, label, test, uniqueName }: Suite): void => {
  test(
    "inspect returns decoded fields together with the raw answer of the engine",
    Effect.gen(function*() {
      const name = yield* uniqueName
      const definition = idle.pipe(Definition.name(name), Definition.label("com.example.a", "1"))
      const container = yield* Container.start(definition)
      const info = yield* container.inspect
      const answer = raw.container(info)
      assert.strictEqual(info.id, container.id)
      assert.strictEqual(info.name, name)
      assert.strictEqual(answer.Id, info.id)
      assert.strictEqual(answer.Name.replace(/^\//, ""), name)
      assert.deepStrictEqual(answer.Config.Labels, info.labels)
      assert.strictEqual(info.state.status, "running")
      assert.strictEqual(info.state.startedAt._tag, "Some")
      assert.strictEqual(info.state.finishedAt._tag, "None")
      assert.strictEqual(info.created._tag, "Some")
    })
  )

  test(
    "labels of a container are those of its definition and image, sorted",
    Effect.gen(function*() {
      const definition = idle.pipe(
        Definition.label("com.example.z", "last"),
        Definition.label({ "com.example.b": "two = 2, \"zwei\"", "com.example.a": "" })
      )
      const labels = yield* Effect.flatMap(Container.start(definition), ({ labels }) => labels)
      const ofImage = yield* Effect.map(Image.labels(image), Object.entries<string>)
      assert.deepInclude(ofImage, [label.key, label.value])
      assert.deepStrictEqual(Object.entries(labels), [
        ["com.example.a", ""],
        ["com.example.b", "two = 2, \"zwei\""],
        ["com.example.z", "last"],
        ...ofImage
      ])
    })
  )

  test(
    "list selects running and stopped containers by label key and by label value",
    Effect.gen(function*() {
      const key = `com.example.${yield* uniqueName}`
      const labelled = (value: string) => Container.start(Definition.label(idle, key, value))
      const [first, second, third] = yield* Effect.all([labelled("one"), labelled("two"), labelled("two")], {
        concurrency: 2
      })
      const ids = (...filters: ReadonlyArray<Label.Filter>) =>
        Effect.map(Container.list(...filters), (infos) => infos.map(({ id }) => id).sort())
      yield* second.stop({ grace: "5 seconds" })
      assert.deepStrictEqual(yield* ids(Label.has(key)), [first.id, second.id, third.id].sort())
      assert.deepStrictEqual(yield* ids(Label.equals(key, "two")), [second.id, third.id].sort())
      assert.deepStrictEqual(yield* ids(Label.has(key), Label.equals(key, "one")), [first.id])
      assert.deepStrictEqual(yield* ids(Label.equals(key, "one"), Label.equals(key, "two")), [])
      assert.deepStrictEqual(yield* ids(Label.equals(key, "three")), [])
      assert.deepStrictEqual(yield* ids(Label.has(`${key}.none`)), [])
      const infos = yield* Container.list(Label.equals(key, "two"))
      assert.deepStrictEqual(infos.map(({ state }) => state.status).sort(), ["exited", "running"])
    })
  )

  test(
    "rename changes the name of a container and refuses a name in use",
    Effect.gen(function*() {
      const [before, after, taken] = yield* Effect.all([uniqueName, uniqueName, uniqueName])
      const container = yield* Container.start(Definition.name(idle, before))
      yield* Container.start(Definition.name(idle, taken))
      const backend = yield* Backend.Backend
      yield* container.rename(ContainerName.make(after))
      assert.strictEqual(yield* container.name, after)
      yield* failsWith(backend.attach(before), "ContainerNotFound")
      const error = yield* failsWith(container.rename(ContainerName.make(taken)), "NameInUse")
      assert.strictEqual(error.resource, taken)
      assert.strictEqual(yield* container.name, after)
      // Only Podman accepts a rename to the current name.
      const again = container.rename(ContainerName.make(after))
      yield* (backend.engine.name === "podman" ? Effect.either(again) : failsWith(again, "EngineFailed"))
      assert.strictEqual(yield* container.name, after)
    }),
    ["rename"]
  )
}

/** @internal */
export const themes = [
  { name: "attaching to containers", tests: attachingToContainers },
  { name: "inspecting and listing containers", tests: inspectingAndListingContainers }
] as const
