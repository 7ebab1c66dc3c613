import { FileSystem } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import { Build, BuildEvent, EngineBackend, Image } from "@ociman/containers"
import { NodeHasher } from "@ociman/node"
import { Reference } from "@ociman/oci"
import { TestImage } from "@ociman/testing"
import { Chunk, Config, Effect, Layer, Stream } from "effect"
import { randomUUID } from "node:crypto"
import { platform } from "../support/platform.js"
import { allOnPath } from "../utils.js"

/** The oldest client of Docker, which uses the BuildKit of its engine; newer ones need a plugin for that. */
const buildKit = Layer.unwrapScoped(Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const directory = yield* fs.makeTempDirectoryScoped({ prefix: "ociman-test-client-" })
  const executable = `${directory}/docker`
  yield* fs.writeFileString(executable, `#!/bin/sh\nDOCKER_BUILDKIT=1 exec '${allOnPath("docker").at(-1)}' "$@"\n`, {
    mode: 0o755
  })
  return EngineBackend.layerConfig({ engine: Config.succeed("docker"), executable: Config.succeed(executable) })
}))

const services = TestImage.layer().pipe(
  Layer.provideMerge(Layer.merge(buildKit, NodeHasher.layer)),
  Layer.provideMerge(platform)
)

const buildOf = (...instructions: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const { reference } = yield* TestImage.TestImage
    const image = Reference.make(`localhost/ociman/test-buildkit:${randomUUID()}`)
    yield* Effect.addFinalizer(() => Effect.ignoreLogged(Image.removeIfPresent(image, { force: true })))
    return Build.tagged(Build.fromInstructions([`FROM ${reference}`, ...instructions, ""].join("\n")), image)
  })

const eventsOf = (build: Build.Build) => Effect.map(Stream.runCollect(Build.stream(build)), Chunk.toReadonlyArray)

/** Events of a step, without internal steps of BuildKit. */
const eventsOfStep = (events: ReadonlyArray<BuildEvent.BuildEvent>, instruction: string) =>
  events.flatMap((event) =>
    "step" in event && event.step?.instruction.startsWith(instruction) === true
      ? [event._tag === "OutputLine" ? event.text : event._tag]
      : []
  )

describe("a build with BuildKit", () => {
  it.live("reports its steps, their output and the cached ones", () =>
    Effect.gen(function*() {
      const key = randomUUID()
      const build = yield* buildOf("ENV A=1", `RUN echo one ${key}; echo two >&2`, "RUN echo three")
      const events = yield* eventsOf(build)
      const first = `RUN echo one ${key}`
      assert.sameMembers(eventsOfStep(events, first), ["StepStarted", `one ${key}`, "two", "StepDone"])
      assert.deepStrictEqual(eventsOfStep(events, "RUN echo three"), ["StepStarted", "three", "StepDone"])
      const steps = events.flatMap((event) => "step" in event && event.step !== undefined ? [event.step] : [])
      assert.deepStrictEqual(
        [...new Set(steps.filter(({ instruction }) => instruction.startsWith("RUN")).map(String))],
        // A classic builder would also count the label.
        [`[2/3] ${first}; echo two >&2`, "[3/3] RUN echo three"]
      )
      const { id } = yield* Image.inspect(yield* Build.reference(build))
      assert.deepStrictEqual(events.at(-1), BuildEvent.Built({ id }))
      const again = yield* eventsOf(build)
      assert.deepStrictEqual(eventsOfStep(again, first), ["StepStarted", "StepCached"])
      assert.deepStrictEqual(eventsOfStep(again, "RUN echo three"), ["StepStarted", "StepCached"])
      assert.deepStrictEqual(again.at(-1), events.at(-1))
    }).pipe(Effect.scoped, Effect.provide(services)))

  it.live("fails with the step, its exit code and its output", () =>
    Effect.gen(function*() {
      const build = yield* buildOf("RUN true", `RUN echo ${randomUUID()}; echo something is wrong; exit 7`)
      const error = yield* Effect.flip(Build.build(build))
      assert.strictEqual(error._tag, "BuildFailed")
      if (error._tag !== "BuildFailed") return
      assert.strictEqual(error.step?.number, 3)
      assert.strictEqual(error.step?.total, 3)
      assert.match(error.step?.instruction ?? "", /^RUN echo .*something is wrong; exit 7$/)
      assert.strictEqual(error.exitCode, 7)
      assert.include(error.output.split("\n"), "something is wrong")
      assert.isFalse(yield* Image.exists(yield* Build.reference(build)))
    }).pipe(Effect.scoped, Effect.provide(services)))

  it.live(
    "fails with the step that copies a missing file, without an exit code",
    () =>
      Effect.gen(function*() {
        const error = yield* Effect.flip(Build.build(yield* buildOf("COPY nowhere.txt /")))
        assert.strictEqual(error._tag, "BuildFailed")
        if (error._tag !== "BuildFailed") return
        assert.include(error.step?.instruction, "COPY nowhere.txt")
        assert.isUndefined(error.exitCode)
        assert.include(error.output, "nowhere.txt")
      }).pipe(Effect.scoped, Effect.provide(services))
  )
})
