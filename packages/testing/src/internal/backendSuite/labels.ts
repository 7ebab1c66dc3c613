import { assert } from "@effect/vitest"
import * as Backend from "@ociman/containers/Backend"
import * as Container from "@ociman/containers/Container"
import * as Definition from "@ociman/containers/Definition"
import * as Image from "@ociman/containers/Image"
import * as Label from "@ociman/containers/Label"
import * as Network from "@ociman/containers/Network"
import * as Volume from "@ociman/containers/Volume"
import * as Effect from "effect/Effect"
import { uniqueImage } from "./images.js"
import { failsWith, type Suite } from "./support.js"

/** Label values that the filters of engines confuse with others. */
const values = ["", "value", " value ", "a,b", "\"a\"\nb"]

const labelFilters = (suite: Suite): void => {
  const { idle, label, test, uniqueName } = suite
  const key = Effect.map(uniqueName, (name) => `com.example.${name}`)

  const labelled = (key: string, value: string) => ({ [key]: value, [label.key]: label.value })

  /** For each value, lists the label values of the resources that a filter for it selects. */
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
    "list selects containers by the exact label value",
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
    "list selects networks by the exact label value",
    Effect.gen(function*() {
      const unique = yield* key
      const some = ["", "value", " value "]
      yield* Effect.forEach(
        some,
        (value) => Effect.flatMap(uniqueName, (name) => Network.make({ name, labels: labelled(unique, value) }))
      )
      const found = yield* selected(unique, Network.list)
      assert.deepStrictEqual(found, values.map((value) => some.includes(value) ? [value] : []))
    }),
    ["networks"]
  )

  test(
    "list selects volumes by the exact label value",
    Effect.gen(function*() {
      const unique = yield* key
      yield* Effect.forEach(
        values,
        (value) => Effect.flatMap(uniqueName, (name) => Volume.make({ name, labels: labelled(unique, value) })),
        { concurrency: 4 }
      )
      assert.deepStrictEqual(yield* selected(unique, Volume.list), each)
    }),
    ["volumes"]
  )

  test(
    "list and prune select images by the exact label value",
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
    }),
    ["commit"]
  )
}

/** @internal */
export const themes = [
  { name: "label filters", tests: labelFilters }
] as const
