import { assert } from "@effect/vitest"
import * as Container from "@ociman/containers/Container"
import * as Definition from "@ociman/containers/Definition"
import * as Image from "@ociman/containers/Image"
import * as Label from "@ociman/containers/Label"
import * as Reference from "@ociman/oci/Reference"
import * as Effect from "effect/Effect"
import { failsWith, type Suite } from "./support.js"

/** @internal */
export const uniqueImage = ({ namePrefix, uniqueName }: Pick<Suite, "namePrefix" | "uniqueName">) =>
  Effect.map(uniqueName, (name) => Reference.make(`localhost/ociman/snapshot:${name.slice(namePrefix.length)}`)).pipe(
    Effect.tap((image) => Effect.addFinalizer(() => Effect.ignoreLogged(Image.removeIfPresent(image, { force: true }))))
  )

const images = (suite: Suite): void => {
  const { idle, image, label, test } = suite

  test(
    "inspect returns the properties of an image and fails for a missing one",
    Effect.gen(function*() {
      const info = yield* Image.inspect(image)
      assert.include(info.tags, Reference.format(image))
      assert.strictEqual(info.labels[label.key], label.value)
      assert.strictEqual(info.os, "linux")
      const missing = Reference.make("localhost/ociman/no-such-image:1")
      const error = yield* failsWith(Image.inspect(missing), "ImageNotFound")
      assert.strictEqual(error.image, "localhost/ociman/no-such-image:1")
      yield* failsWith(Image.remove(missing), "ImageNotFound")
      yield* Image.removeIfPresent(missing)
      assert.isFalse(yield* Image.exists(missing))
      assert.isTrue(yield* Image.exists(image))
    })
  )

  const snapshot = uniqueImage(suite)

  test(
    "commit makes an image with the labels of the container, from which containers start",
    Effect.gen(function*() {
      const target = yield* snapshot
      const key = "com.example.committed"
      const container = yield* Container.start(Definition.label(idle, key, "yes, it is"))
      const id = yield* container.commit(target)
      const info = yield* Image.inspect(target)
      assert.strictEqual(id, info.id)
      assert.strictEqual(info.labels[key], "yes, it is")
      const labels = yield* Container.withContainer(
        suite.of(target).idle,
        (container) => container.labels
      )
      assert.strictEqual(labels[key], "yes, it is")
      assert.strictEqual((yield* container.state).status, "running")
    }),
    ["commit"]
  )

  test(
    "list selects images by label and omits removed ones",
    Effect.gen(function*() {
      const target = yield* snapshot
      const key = `com.example.${yield* suite.uniqueName}`
      const container = yield* Container.start(Definition.label(idle, key, "1"))
      yield* container.commit(target)
      const ids = (...filters: ReadonlyArray<Label.Filter>) =>
        Effect.map(Image.list(...filters), (infos) => infos.map(({ id }) => id))
      const { id } = yield* Image.inspect(target)
      assert.deepStrictEqual(yield* ids(Label.has(key)), [id])
      assert.deepStrictEqual(yield* ids(Label.equals(key, "1")), [id])
      assert.deepStrictEqual(yield* ids(Label.equals(key, "2")), [])
      yield* Image.remove(target)
      assert.deepStrictEqual(yield* ids(Label.has(key)), [])
      assert.isFalse(yield* Image.exists(target))
    }),
    ["commit"]
  )

  test(
    "commit of a removed container fails with ContainerNotFound",
    Effect.gen(function*() {
      const target = yield* snapshot
      const container = yield* Container.start(idle)
      yield* container.remove({ force: true })
      yield* failsWith(container.commit(target), "ContainerNotFound")
      assert.isFalse(yield* Image.exists(target))
    }),
    ["commit"]
  )

  test(
    "removing an image in use fails with Conflict",
    Effect.gen(function*() {
      const target = yield* snapshot
      const { commit } = yield* Container.start(idle)
      yield* commit(target)
      yield* Container.start(suite.of(target).idle)
      const error = yield* failsWith(Image.remove(target), "EngineFailed")
      assert.strictEqual(error.reason, "Conflict")
      assert.isTrue(yield* Image.exists(target))
    }),
    ["commit"]
  )
}

/** @internal */
export const themes = [
  { name: "images", tests: images }
] as const
