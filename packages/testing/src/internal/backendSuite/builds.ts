import { assert } from "@effect/vitest"
import { Build, type BuildEvent, Image, Label, Session } from "@ociman/containers"
import { Reference } from "@ociman/oci"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { withHasher } from "./hasher.js"
import { uniqueImage } from "./images.js"
import { failsWith, type Suite } from "./support.js"

/** @internal */
export const name = "builds"

const bare = (id: string) => id.replace(/^sha256:/, "")

/**
 * A build of instructions, on top of the suite's image and with its label.
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

/** @internal */
export const tests = (suite: Suite): void => {
  const { test } = suite
  const target = uniqueImage(suite)

  test(
    "an image is built with its labels under its name",
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
    "an image has the labels of the one it is built from",
    withHasher(Effect.gen(function*() {
      const image = yield* target
      yield* Build.build(Build.tagged(onImage(suite, "LABEL com.example.step=\"of the build\""), image))
      const { labels } = yield* Image.inspect(image)
      assert.deepInclude(labels, { "com.example.step": "of the build", [suite.label.key]: suite.label.value })
    }))
  )

  test(
    "an image says which library has built it, and nothing that differs from build to build",
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
    "a build tells its steps, and at last the image",
    withHasher(Effect.gen(function*() {
      const image = yield* target
      const key = yield* suite.uniqueName
      // BuildKit has no step for an instruction that changes no file.
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
    "an image is built if it is absent, and only then",
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
    "an image that several want at once is built once",
    withHasher(Effect.gen(function*() {
      const build = Build.tagged(onImage(suite, `ENV KEY=${yield* suite.uniqueName}`), yield* target)
      const outcomes = yield* Effect.replicateEffect(Build.ensure(build), 4, { concurrency: "unbounded" })
      assert.deepStrictEqual(outcomes.map(({ built }) => built).sort(), [false, false, false, true])
    }))
  )

  test(
    "a build that is nonsense fails",
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
    "a stage that is not there cannot be built",
    withHasher(Effect.gen(function*() {
      const build = Build.tagged(Build.target(onImage(suite), "nowhere"), yield* target)
      const error = yield* failsWith(Build.build(build), "BuildFailed")
      assert.include(error.output, "nowhere")
    }))
  )
}
