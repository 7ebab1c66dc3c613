import { assert } from "@effect/vitest"
import * as Build from "@ociman/containers/Build"
import type * as BuildEvent from "@ociman/containers/BuildEvent"
import * as Image from "@ociman/containers/Image"
import * as Label from "@ociman/containers/Label"
import * as Session from "@ociman/containers/Session"
import * as Reference from "@ociman/oci/Reference"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { withHasher } from "./hasher.js"
import { uniqueImage } from "./images.js"
import { failsWith, type Suite } from "./support.js"

const bare = (id: string) => id.replace(/^sha256:/, "")

/**
 * A build of instructions on top of the image of the suite, with its label.
 *
 * @internal
 */
export const onImage = ({ image, label }: Pick<Suite, "image" | "label">, ...instructions: ReadonlyArray<string>) =>
  Build.fromInstructions([`FROM ${Reference.format(image)}`, ...instructions, ""].join("\n")).pipe(
    Build.label(label.key, label.value)
  )

/** @internal */
export const eventsOf = (build: Build.Build) =>
  Effect.map(Stream.runCollect(Build.stream(build)), Chunk.toReadonlyArray)

/** @internal */
export const stepsOf = (events: ReadonlyArray<BuildEvent.BuildEvent>) =>
  events.flatMap((event) =>
    "step" in event && event.step !== undefined && event._tag !== "OutputLine"
      ? [`${event._tag} ${event.step.instruction.split(" ")[0]}`]
      : []
  )

const helpers = (suite: Suite) => {
  const target = uniqueImage(suite)

  return { target }
}

const buildingImages = (suite: Suite): void => {
  const { test } = suite
  const { target } = helpers(suite)

  test(
    "a build makes an image with its name and labels",
    withHasher(Effect.gen(function*() {
      const image = yield* target
      const build = Build.tagged(Build.label(onImage(suite), "com.example.a", "1 = one, \"uno\""), image)
      assert.strictEqual(yield* Build.reference(build), image)
      assert.isFalse(yield* Image.exists(image))
      assert.strictEqual(yield* Build.build(build), image)
      const { labels } = yield* Image.inspect(image)
      assert.strictEqual(labels["com.example.a"], "1 = one, \"uno\"")
      assert.strictEqual(labels[suite.label.key], suite.label.value)
    }))
  )

  test(
    "a built image inherits the labels of its base image",
    withHasher(Effect.gen(function*() {
      const image = yield* target
      yield* Build.build(Build.tagged(onImage(suite, "LABEL com.example.step=\"of the build\""), image))
      const { labels } = yield* Image.inspect(image)
      assert.deepInclude(labels, { "com.example.step": "of the build", [suite.label.key]: suite.label.value })
    }))
  )

  test(
    "a built image carries the library version as its only mark of ociman",
    withHasher(Effect.gen(function*() {
      const build = Build.contentAddressed(onImage(suite, `ENV KEY=${yield* suite.uniqueName}`), yield* target)
      const image = yield* Build.reference(build)
      yield* Effect.addFinalizer(() => Effect.ignoreLogged(Image.removeIfPresent(image)))
      for (const run of [Build.build, Build.ensure]) {
        yield* Image.removeIfPresent(image)
        yield* run(build)
        const { labels, tags } = yield* Image.inspect(image)
        const marks = Object.entries(labels).filter(([key]) => key.startsWith("ociman.") && key !== suite.label.key)
        assert.match(
          marks.map((mark) => mark.join("=")).join(),
          /^ociman\.library=ociman\/\d+\.\d+\.\d+(?:[-+][^,]*)?$/
        )
        const shown = yield* Image.labels(image)
        assert.strictEqual(shown[suite.label.key], suite.label.value)
        assert.notProperty(shown, Session.libraryKey)
        const marked = yield* Image.list(Label.has(Session.libraryKey), suite.label)
        assert.includeMembers(marked.flatMap(({ tags }) => tags), [...tags])
      }
    }))
  )

  test(
    "build events report each step and end with the image id",
    withHasher(Effect.gen(function*() {
      const image = yield* target
      const key = yield* suite.uniqueName
      // BuildKit reports no step for an instruction that changes no file, hence WORKDIR.
      const events = yield* eventsOf(Build.tagged(onImage(suite, `WORKDIR /${key}`), image))
      const steps = stepsOf(events)
      assert.includeMembers(steps, ["StepStarted FROM", "StepStarted WORKDIR"])
      assert.includeMembers(steps.map((step) => step.replace("StepCached", "StepDone")), [
        "StepDone FROM",
        "StepDone WORKDIR"
      ])
      const last = events.at(-1)
      const { id } = yield* Image.inspect(image)
      assert.strictEqual(last?._tag === "Built" ? bare(last.id) : last, bare(id))
    }))
  )

  test(
    "a build with an unknown instruction fails with BuildFailed",
    withHasher(Effect.gen(function*() {
      const image = yield* target
      const error = yield* failsWith(Build.build(Build.tagged(onImage(suite, "NONSENSE x"), image)), "BuildFailed")
      assert.match(error.output, /NONSENSE/i)
      assert.strictEqual(error.image, Reference.format(image))
      assert.isUndefined(error.exitCode)
      assert.isFalse(yield* Image.exists(image))
    }))
  )

  test(
    "a build of an unknown target stage fails with BuildFailed",
    withHasher(Effect.gen(function*() {
      const build = Build.tagged(Build.target(onImage(suite), "nowhere"), yield* target)
      const error = yield* failsWith(Build.build(build), "BuildFailed")
      assert.include(error.output, "nowhere")
    }))
  )
}

const buildingAbsentImages = (suite: Suite): void => {
  const { test } = suite
  const { target } = helpers(suite)

  test(
    "ensure builds an image only if it is absent",
    withHasher(Effect.gen(function*() {
      const image = yield* target
      const build = Build.tagged(onImage(suite), image)
      assert.deepStrictEqual(yield* Build.ensure(build), { reference: image, built: true })
      const { id } = yield* Image.inspect(image)
      assert.deepStrictEqual(yield* Build.ensure(build), { reference: image, built: false })
      assert.strictEqual((yield* Image.inspect(image)).id, id)
    }))
  )

  test(
    "concurrent calls of ensure build an image once",
    withHasher(Effect.gen(function*() {
      const build = Build.tagged(onImage(suite, `ENV KEY=${yield* suite.uniqueName}`), yield* target)
      const outcomes = yield* Effect.replicateEffect(Build.ensure(build), 4, { concurrency: "unbounded" })
      assert.deepStrictEqual(outcomes.map(({ built }) => built).sort(), [false, false, false, true])
    }))
  )
}

/** @internal */
export const themes = [
  { name: "building images", tests: buildingImages },
  { name: "building absent images", tests: buildingAbsentImages }
] as const
