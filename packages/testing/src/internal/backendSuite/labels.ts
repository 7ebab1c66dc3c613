import { assert } from "@effect/vitest"
import { Backend, Container, Definition, Image, Label, Network, Volume } from "@ociman/containers"
import * as Effect from "effect/Effect"
import { uniqueImage } from "./images.js"
import { failsWith, type Suite } from "./support.js"

/** @internal */
export const name = "filters by label"

/** Values that engines' own filters confuse with others. */
const values = ["", "value", " value ", "a,b", "\"a\"\nb"]

/** @internal */
export const tests = (suite: Suite): void => {
  const { idle, label, test, uniqueName } = suite

  const key = Effect.map(uniqueName, (name) => `com.example.${name}`)

  const labelled = (key: string, value: string) => ({ [key]: value, [label.key]: label.value })

  /** For each value, the values of the things that a filter for it selects. */
  const selected = <E, R>(
    key: string,
    list: (filter: Label.Filter) => Effect.Effect<
      ReadonlyArray<{ readonly labels: Readonly<Record<string, string>> }>,
      E,
      R
    >
  ) =>
    Effect.forEach(
      values,
      (value) => Effect.map(list(Label.equals(key, value)), (infos) => infos.map(({ labels }) => labels[key])),
      { concurrency: 4 }
    )

  const each = values.map((value) => [value])

  test(
    "containers are selected by exactly the value asked for",
    Effect.gen(function*() {
      const unique = yield* key
      yield* Effect.forEach(values, (value) => Container.create(Definition.label(idle, labelled(unique, value))), {
        concurrency: 4
      })
      assert.deepStrictEqual(yield* selected(unique, Container.list), each)
      assert.lengthOf(yield* Container.list(Label.has(unique)), values.length)
    })
  )

  test(
    "networks are selected by exactly the value asked for",
    Effect.gen(function*() {
      const unique = yield* key
      const some = ["", "value", " value "]
      yield* Effect.forEach(
        some,
        (value) => Effect.flatMap(uniqueName, (name) => Network.make({ name, labels: labelled(unique, value) }))
      )
      const found = yield* selected(unique, Network.list)
      assert.deepStrictEqual(found, values.map((value) => some.includes(value) ? [value] : []))
    })
  )

  test(
    "volumes are selected by exactly the value asked for",
    Effect.gen(function*() {
      const unique = yield* key
      yield* Effect.forEach(
        values,
        (value) => Effect.flatMap(uniqueName, (name) => Volume.make({ name, labels: labelled(unique, value) })),
        { concurrency: 4 }
      )
      assert.deepStrictEqual(yield* selected(unique, Volume.list), each)
    })
  )

  test(
    "images are selected by exactly the value asked for, and none other is pruned",
    Effect.gen(function*() {
      const { engine } = yield* Backend.Backend
      const unique = yield* key
      const image = yield* uniqueImage(suite)
      const container = yield* Container.create(Definition.label(idle, unique, "value"))
      yield* container.commit(image)
      for (const value of ["", " value"]) {
        const filter = Label.equals(unique, value)
        assert.deepStrictEqual(yield* Image.list(filter), [])
        const prune = Image.prune([filter], { all: true })
        if (engine.name === "docker") {
          const error = yield* failsWith(prune, "EngineFailed")
          assert.strictEqual(error.reason, "Unsupported")
        } else {
          assert.deepStrictEqual(yield* prune, [])
        }
      }
      assert.lengthOf(yield* Image.list(Label.equals(unique, "value")), 1)
    })
  )
}
