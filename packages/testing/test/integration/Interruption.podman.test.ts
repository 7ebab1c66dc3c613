import { Command, FileSystem, Path } from "@effect/platform"
import { assert, it } from "@effect/vitest"
import { Build, EngineBackend, Image } from "@ociman/containers"
import { NodeHasher } from "@ociman/node"
import { Subprocess } from "@ociman/process"
import { TestImage } from "@ociman/testing"
import { Config, Effect, Random, Stream } from "effect"
import { platform } from "../support/platform.js"
import { allOnPath } from "../utils.js"

/** A runtime that keeps running for a second after it has started a step. */
const slowRuntime = (runtime: string) =>
  `'${runtime}' "$@"; code=$?\ncase " $* " in *" start "*) sleep 1;; esac\nexit $code`

const writeScript = (path: string, lines: string) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    yield* fs.writeFileString(path, `#!/bin/sh\n${lines}\n`)
    yield* fs.chmod(path, 0o755)
  })

/** A client whose builder uses the slow runtime. */
const slowClient = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const directory = yield* fs.makeTempDirectoryScoped({ prefix: "ociman-test-runtime-" })
  const [runtime] = [...allOnPath("runc"), ...allOnPath("crun")]
  assert.isDefined(runtime)
  yield* writeScript(path.join(directory, "runtime"), slowRuntime(runtime))
  const client = path.join(directory, "podman")
  yield* writeScript(client, `exec '${allOnPath("podman")[0]}' --runtime '${directory}/runtime' "$@"`)
  return client
})

const stepsOf = (seconds: number) =>
  Effect.map(
    Subprocess.run(Command.make("ps", "-eo", "args")),
    ({ stdout }) => stdout.text.split("\n").filter((line) => line.startsWith(`sleep ${seconds}`))
  )

const workingContainers = Effect.map(
  Subprocess.run(Command.make("podman", "ps", "--all", "--external", "--format", "{{.Image}} {{.Command}}")),
  ({ stdout }) => stdout.text
)

it.scopedLive(
  "interrupting a build on Podman while a step starts ends the step and cleans up",
  () =>
    Effect.gen(function*() {
      const executable = yield* slowClient
      yield* Effect.gen(function*() {
        const { reference } = yield* TestImage.make()
        const seconds = 100_000 + (yield* Random.nextIntBetween(0, 99_999))
        const build = Build.fromInstructions(`FROM ${reference}\nRUN echo begun; exec sleep ${seconds}\n`).pipe(
          Build.tagged(`localhost/ociman/test-interruption:${seconds}`)
        )
        yield* Build.stream(build).pipe(
          Stream.takeUntil((event) => event._tag === "OutputLine" && event.text === "begun"),
          Stream.runDrain
        )
        assert.deepStrictEqual(yield* stepsOf(seconds), [])
        assert.notInclude(yield* workingContainers, `${reference} buildah`)
        assert.isFalse(yield* Image.exists(yield* Build.reference(build)))
      }).pipe(
        Effect.scoped,
        Effect.provide([
          EngineBackend.layerConfig({ engine: Config.succeed("podman"), executable: Config.succeed(executable) }),
          NodeHasher.layer
        ])
      )
    }).pipe(Effect.provide(platform))
)
