import { assert } from "@effect/vitest"
import * as Backend from "@ociman/containers/Backend"
import * as Container from "@ociman/containers/Container"
import * as Image from "@ociman/containers/Image"
import * as Label from "@ociman/containers/Label"
import * as Reference from "@ociman/oci/Reference"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { hasBuildKit, hasContainerdStore } from "../engineClient.js"
import { uniqueImage } from "./images.js"
import { failsWith, type Suite } from "./support.js"

const helpers = (suite: Suite) => {
  const { image, label } = suite
  const snapshot = uniqueImage(suite)

  /** Builds a uniquely named image with the given labels. */
  const labelled = (...keys: ReadonlyArray<string>) =>
    Effect.gen(function*() {
      const target = yield* snapshot
      yield* relabel(target, ...keys)
      return target
    })

  const relabel = (target: Reference.Reference, ...keys: ReadonlyArray<string>) =>
    Effect.flatMap(Backend.Backend, (backend) =>
      Stream.runDrain(backend.builds.build({
        image: target,
        source: { _tag: "Instructions", text: `FROM ${Reference.format(image)}\n` },
        arguments: {},
        labels: Label.fromRecord({
          [label.key]: label.value,
          ...Object.fromEntries(keys.map((key) => [key, "1"]))
        })
      })))

  return { labelled, relabel }
}

const removingImages = (suite: Suite): void => {
  const { test, uniqueName } = suite
  const { labelled } = helpers(suite)

  for (const state of ["running", "stopped"] as const) {
    test(
      `removing an image of a ${state} container needs force and takes only its name`,
      Effect.gen(function*() {
        const target = yield* labelled(yield* uniqueName)
        const { id } = yield* Image.inspect(target)
        yield* Effect.addFinalizer(() => Effect.ignoreLogged(Image.removeIfPresent(id)))
        const container = yield* Container.start(suite.of(target).idle)
        if (state === "stopped") yield* container.stop()
        const error = yield* failsWith(Image.remove(target), "EngineFailed")
        assert.strictEqual(error.reason, "Conflict")
        assert.isTrue(yield* Image.exists(target))
        yield* Image.remove(target, { force: true })
        assert.isFalse(yield* Image.exists(target))
        const info = yield* container.inspect
        assert.strictEqual(info.state.running, state === "running")
        assert.strictEqual(info.imageId, id)
      })
    )
  }

  test(
    "removing an image by id removes its single name and refuses several without force",
    Effect.gen(function*() {
      const key = yield* uniqueName
      const target = yield* labelled(key)
      const { id } = yield* Image.inspect(target)
      const other = Reference.make(`localhost/ociman/other:${key}`)
      yield* Image.tag(target, other)
      yield* Effect.addFinalizer(() => Effect.ignoreLogged(Image.removeIfPresent(other)))
      const error = yield* failsWith(Image.remove(id), "EngineFailed")
      assert.strictEqual(error.reason, "Conflict")
      yield* Image.remove(other)
      yield* Image.remove(id)
      assert.isFalse(yield* Image.exists(target))
      yield* failsWith(Image.remove(id), "ImageNotFound")
    }),
    ["tag"]
  )

  test(
    "removing an image by id with force removes all its names",
    Effect.gen(function*() {
      const key = yield* uniqueName
      const target = yield* labelled(key)
      const { id } = yield* Image.inspect(target)
      const other = Reference.make(`localhost/ociman/other:${key}`)
      yield* Image.tag(target, other)
      yield* Image.remove(id, { force: true })
      for (const gone of [target, other, id]) assert.isFalse(yield* Image.exists(gone))
    }),
    ["tag"]
  )

  test(
    "removing a missing image fails also with force",
    Effect.gen(function*() {
      const missing = Reference.make(`localhost/ociman/nowhere:${yield* uniqueName}`)
      yield* failsWith(Image.remove(missing), "ImageNotFound")
      yield* failsWith(Image.remove(missing, { force: true }), "ImageNotFound")
      yield* Image.removeIfPresent(missing, { force: true })
    })
  )
}

const pruningImages = (suite: Suite): void => {
  const { test, uniqueName } = suite
  const { labelled, relabel } = helpers(suite)

  test(
    "list and prune select only images with all labels",
    Effect.gen(function*() {
      const [a, b] = [`${yield* uniqueName}-a`, `${yield* uniqueName}-b`]
      const one = yield* labelled(a)
      const both = yield* labelled(a, b)
      const { id } = yield* Image.inspect(both)
      const listed = yield* Image.list(Label.has(a), Label.equals(b, "1"))
      assert.deepStrictEqual(listed.map(({ id }) => id), [id])
      assert.deepStrictEqual(yield* Image.prune([Label.has(a), Label.equals(b, "2")], { all: true }), [])
      assert.include(yield* Image.prune([Label.has(a), Label.has(b)], { all: true }), id)
      assert.isFalse(yield* Image.exists(both))
      // Podman's builder may have kept an intermediate image with this label.
      yield* Image.prune([Label.has(b)], { all: true })
      assert.isTrue(yield* Image.exists(one))
    })
  )

  test(
    "prune removes images without a name, or all, and never one in use",
    Effect.gen(function*() {
      const key = yield* uniqueName
      const target = yield* labelled(key)
      const named = yield* Image.inspect(target)
      yield* relabel(target, key, "com.example.again")
      const renamed = yield* Image.inspect(target)
      const { engine } = yield* Backend.Backend
      // In a containerd store, BuildKit moves the name and so removes the previous image.
      if ((yield* hasBuildKit(engine)) && (yield* hasContainerdStore(engine))) {
        assert.isFalse(yield* Image.exists(named.id))
      } else {
        assert.isFalse((yield* Image.inspect(named.id)).tags.includes(Reference.format(target)))
        assert.include(yield* Image.prune([Label.has(key)]), named.id)
        assert.isFalse(yield* Image.exists(named.id))
      }
      assert.isTrue(yield* Image.exists(target))
      yield* Effect.scoped(Effect.gen(function*() {
        yield* Container.start(suite.of(target).idle)
        assert.deepStrictEqual(yield* Image.prune([Label.has(key)], { all: true }), [])
      }))
      assert.include(yield* Image.prune([Label.has(key)], { all: true }), renamed.id)
      assert.isFalse(yield* Image.exists(target))
    })
  )

  test(
    "concurrent prunes all succeed",
    Effect.gen(function*() {
      const key = yield* uniqueName
      const { id } = yield* Image.inspect(yield* labelled(key))
      const pruned = yield* Effect.all(Array.from({ length: 4 }, () => Image.prune([Label.has(key)], { all: true })), {
        concurrency: "unbounded"
      })
      assert.include(pruned.flat(), id)
      assert.isFalse(yield* Image.exists(id))
    })
  )
}

/** @internal */
export const themes = [
  { name: "removing images", tests: removingImages },
  { name: "pruning images", tests: pruningImages }
] as const
