import * as Command from "@effect/platform/Command"
import * as FileSystem from "@effect/platform/FileSystem"
import { assert } from "@effect/vitest"
import * as Backend from "@ociman/containers/Backend"
import * as Build from "@ociman/containers/Build"
import type * as BuildEvent from "@ociman/containers/BuildEvent"
import * as Container from "@ociman/containers/Container"
import * as Definition from "@ociman/containers/Definition"
import * as Engine from "@ociman/containers/Engine"
import * as ExtraHost from "@ociman/containers/ExtraHost"
import * as Image from "@ociman/containers/Image"
import * as DockerIgnore from "@ociman/oci/author/DockerIgnore"
import * as Hasher from "@ociman/oci/Hasher"
import * as Reference from "@ociman/oci/Reference"
import * as Subprocess from "@ociman/process/Subprocess"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import { clientOf } from "../engineClient.js"
import { eventsOf, onImage, stepsOf } from "./builds.js"
import { withHasher } from "./hasher.js"
import { uniqueImage } from "./images.js"
import { eventually, failsWith, type Suite } from "./support.js"

/** Makes a temporary directory with files, given by path and content. */
const directoryOf = (files: Readonly<Record<string, string>>) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const root = yield* fs.makeTempDirectoryScoped({ prefix: "ociman-test-build-" })
    for (const [path, content] of Object.entries(files)) {
      const location = `${root}/${path}`
      yield* fs.makeDirectory(location.slice(0, location.lastIndexOf("/")), { recursive: true })
      yield* fs.writeFileString(location, content)
    }
    return root
  })

const outputOf = (events: ReadonlyArray<BuildEvent.BuildEvent>, instruction: string) =>
  events.flatMap((event) =>
    event._tag === "OutputLine" && event.step?.instruction.startsWith(instruction) === true ? [event.text] : []
  )

const helpers = (suite: Suite) => {
  const target = uniqueImage(suite)

  const read = (image: Reference.Reference, path: string) =>
    Effect.map(Container.run(Definition.command(suite.of(image).idle, "cat", path)), ({ stdout }) => stdout)

  const labelled = Build.label(suite.label.key, suite.label.value)

  /** Builds an image and returns the content of one of its files. */
  const fileOf = (build: Build.Build<undefined>, path: string) =>
    Effect.gen(function*() {
      const image = yield* Build.build(Build.tagged(labelled(build), yield* target))
      return yield* read(image, path)
    })

  return { target, labelled, fileOf }
}

const buildOutput = (suite: Suite): void => {
  const { test } = suite
  const { target } = helpers(suite)

  test(
    "build events report the output of steps and which steps come from the cache",
    withHasher(Effect.gen(function*() {
      const image = yield* target
      const build = Build.tagged(
        onImage(suite, `ENV KEY=${yield* suite.uniqueName}`, "RUN echo one; echo two >&2; sleep 0.2; printf three"),
        image
      )
      const events = yield* eventsOf(build)
      assert.sameMembers(outputOf(events, "RUN"), ["one", "two", "three"])
      assert.includeMembers(stepsOf(events), ["StepStarted RUN", "StepDone RUN"])
      const again = yield* eventsOf(build)
      assert.includeMembers(stepsOf(again), ["StepStarted RUN", "StepCached RUN"])
      assert.notInclude(stepsOf(again), "StepDone RUN")
      assert.deepStrictEqual(outputOf(again, "RUN"), [])
      assert.deepStrictEqual(again.at(-1), events.at(-1))
      const anew = yield* eventsOf(Build.noCache(build))
      assert.includeMembers(stepsOf(anew), ["StepDone RUN"])
    }))
  )

  test(
    "a failed build reports the step, its exit code and its output",
    withHasher(Effect.gen(function*() {
      const image = yield* target
      const build = onImage(suite, "WORKDIR /somewhere", "RUN echo something is wrong; echo and more >&2; exit 7")
      const error = yield* failsWith(Build.build(Build.tagged(build, image)), "BuildFailed")
      assert.strictEqual(error.step?.number, 3)
      // Depending on the builder, the two labels of the suite and the library make two steps, one or none.
      assert.include([3, 3 + 1, 3 + 2], error.step?.total)
      assert.include(error.step?.instruction, "RUN echo something is wrong")
      assert.strictEqual(error.exitCode, 7)
      assert.include(error.output.split("\n"), "something is wrong")
      assert.include(error.output.split("\n"), "and more")
      assert.strictEqual(error.image, Reference.format(image))
      assert.isFalse(yield* Image.exists(image))
    }))
  )

  test(
    "secret build arguments appear neither in events nor in errors",
    withHasher(Effect.gen(function*() {
      const failing = onImage(suite, "ARG PASSWORD", "RUN echo \"it is $PASSWORD\"; exit 3").pipe(
        Build.argument("PASSWORD", Redacted.make("correct horse")),
        Build.tagged(yield* target)
      )
      const error = yield* failsWith(Build.build(failing), "BuildFailed")
      assert.notInclude(JSON.stringify(error) + error.message, "correct horse")
      assert.include(error.output.split("\n"), "it is <redacted>")
      const succeeding = onImage(suite, "ARG PASSWORD", "RUN echo \"it is $PASSWORD\"").pipe(
        Build.argument("PASSWORD", Redacted.make("battery staple")),
        Build.noCache,
        Build.tagged(yield* target)
      )
      const events = yield* eventsOf(succeeding)
      assert.notInclude(JSON.stringify(events), "battery staple")
      assert.deepStrictEqual(outputOf(events, "RUN"), ["it is <redacted>"])
    }))
  )
}

const buildContext = (suite: Suite): void => {
  const { test } = suite
  const { target, labelled, fileOf } = helpers(suite)
  const from = `FROM ${Reference.format(suite.image)}`

  test(
    "a build fails at the step that copies a missing file",
    withHasher(Effect.gen(function*() {
      const directory = yield* directoryOf({ Dockerfile: `${from}\nCOPY nowhere.txt /\n` })
      const build = Build.tagged(labelled(Build.fromDirectory(directory)), yield* target)
      const error = yield* failsWith(Build.build(build), "BuildFailed")
      assert.include(error.step?.instruction, "COPY nowhere.txt")
      assert.include(error.output, "nowhere.txt")
      assert.isUndefined(error.exitCode)
    }))
  )

  test(
    "a directory is built with its Dockerfile, another one inside it or one outside",
    withHasher(Effect.gen(function*() {
      const elsewhere = yield* directoryOf({ "My.Dockerfile": `${from}\nCOPY a.txt /elsewhere\n` })
      const directory = yield* directoryOf({
        "a.txt": "A",
        Dockerfile: `${from}\nCOPY a.txt /usual\n`,
        "docker/other": `${from}\nCOPY a.txt /other\n`
      })
      const build = Build.fromDirectory(directory)
      assert.strictEqual(yield* fileOf(build, "/usual"), "A")
      assert.strictEqual(yield* fileOf(Build.dockerfile(build, "docker/other"), "/other"), "A")
      assert.strictEqual(yield* fileOf(Build.dockerfile(build, `${directory}/docker/other`), "/other"), "A")
      assert.strictEqual(yield* fileOf(Build.dockerfile(build, `${elsewhere}/My.Dockerfile`), "/elsewhere"), "A")
    }))
  )

  test(
    "a build context leaves out exactly the files that .dockerignore excludes",
    withHasher(Effect.gen(function*() {
      const text = "# comment\n**/*.log\n!keep/k.log\nnode_modules\n/top\ntemp?\n  [ab].txt\n!**/b.txt\nempty/**\n"
      const directory = yield* directoryOf({
        Dockerfile: `${from}\nCOPY . /context\nRUN cd /context && find . -type f | sort >/files\n`,
        ".dockerignore": text,
        "a.log": "",
        "x/y.log": "",
        "keep/k.log": "",
        "keep/l.log": "",
        "node_modules/p/index.js": "",
        "x/node_modules/index.js": "",
        top: "",
        "x/top": "",
        temp1: "",
        temporary: "",
        "a.txt": "",
        "b.txt": "",
        "x/a.txt": "",
        "empty/e": ""
      })
      const { tree } = yield* Hasher.Hasher
      const ignore = yield* DockerIgnore.fromText(text)
      const walked = yield* Stream.runCollect(tree(directory, { include: DockerIgnore.include(ignore) }))
      const files = yield* fileOf(Build.fromDirectory(directory), "/files")
      assert.deepStrictEqual(
        files.trim().split("\n").sort(),
        Array.from(walked, ({ path }) => `./${path}`).sort()
      )
    }))
  )
}

const buildOptions = (suite: Suite): void => {
  const { test } = suite
  const { target, fileOf } = helpers(suite)

  // printf 'hunter2\nsecond line' | md5sum
  const value = "hunter2\nsecond line"

  test(
    "build arguments reach the steps of a build",
    withHasher(Effect.gen(function*() {
      const value = "1.0 = \"one\" $HOME"
      const build = onImage(suite, "ARG VERSION", "RUN printf %s \"$VERSION\" >/version")
      assert.strictEqual(yield* fileOf(Build.argument(build, "VERSION", value), "/version"), value)
      const secret = Build.argument(build, "VERSION", Redacted.make("hunter2"))
      assert.strictEqual(yield* fileOf(secret, "/version"), "hunter2")
    }))
  )

  test(
    "a build stops at the target stage",
    withHasher(Effect.gen(function*() {
      const build = onImage(
        { ...suite },
        "RUN echo base >/stage",
        `FROM ${Reference.format(suite.image)} AS middle`,
        "RUN echo middle >/stage",
        `FROM ${Reference.format(suite.image)}`,
        "RUN echo last >/stage"
      )
      assert.strictEqual(yield* fileOf(build, "/stage"), "last\n")
      assert.strictEqual(yield* fileOf(Build.target(build, "middle"), "/stage"), "middle\n")
    }))
  )

  test(
    "build steps use the extra hosts and the network of the build",
    withHasher(Effect.gen(function*() {
      const hosts = onImage(suite, "RUN cp /etc/hosts /hosts").pipe(
        Build.extraHost(ExtraHost.make("db.example", "10.1.2.3")),
        Build.noCache
      )
      assert.match(yield* fileOf(hosts, "/hosts"), /^10\.1\.2\.3\s+db\.example$/m)
      const network = onImage(suite, `RUN sed -n 's/^ *\\([^ :]*\\):.*/\\1/p' /proc/net/dev >/network`).pipe(
        Build.network("none"),
        Build.noCache
      )
      assert.strictEqual(yield* fileOf(network, "/network"), "lo\n")
    }))
  )

  const readsSecret = (...more: ReadonlyArray<string>) =>
    onImage(suite, ...more, "RUN --mount=type=secret,id=token,required=true md5sum </run/secrets/token >/sum")

  const sum = "b39fe0e47e707ae8917df4f77e2856a7"

  test(
    "build steps read secrets, or the build fails and names the missing builder",
    withHasher(Effect.gen(function*() {
      const { engine } = yield* Backend.Backend
      const directory = yield* directoryOf({ token: value })
      const builds = [
        Build.secret(readsSecret(), "token", Redacted.make(value)),
        Build.secretFile(readsSecret(), "token", `${directory}/token`)
      ]
      for (const build of builds) {
        const hasBuildKit = clientOf(engine).client === "podman" ||
          !Engine.isAtLeast(clientOf(engine).apiVersion, 1, 42)
        if (hasBuildKit) {
          assert.match(yield* fileOf(Build.noCache(build), "/sum"), new RegExp(`^${sum}`))
        } else {
          const error = yield* failsWith(Build.build(Build.tagged(build, yield* target)), "EngineFailed")
          assert.strictEqual(error.reason, "InvalidDefinition")
          assert.include(error.message, "buildx")
        }
      }
    }))
  )
}

const interruptingBuilds = (suite: Suite): void => {
  const { test } = suite
  const { target } = helpers(suite)

  test(
    "interrupting a build ends its running step",
    withHasher(Effect.gen(function*() {
      const image = yield* target
      const { engine } = yield* Backend.Backend
      const seconds = 100_000 + (yield* Random.nextIntBetween(0, 99_999))
      const build = Build.tagged(onImage(suite, `RUN echo begun; exec sleep ${seconds}`), image)
      yield* Build.stream(build).pipe(
        Stream.takeUntil((event) => event._tag === "OutputLine" && event.text === "begun"),
        Stream.runDrain
      )
      const processes = Effect.map(
        Subprocess.run(Command.make("ps", "-eo", "args")),
        ({ stdout }) => stdout.text.split("\n").filter((line) => line.startsWith(`sleep ${seconds}`))
      )
      yield* eventually(processes, (found) => found.length === 0)
      assert.isFalse(yield* Image.exists(image))
      if (engine.name === "podman") {
        const containers = Effect.map(
          Subprocess.run(
            Command.make(
              clientOf(engine).executable,
              "ps",
              "--all",
              "--external",
              "--format",
              "{{.Image}} {{.Command}}"
            )
          ),
          ({ stdout }) => stdout.text
        )
        yield* eventually(containers, (text) => !text.includes(`${Reference.format(suite.image)} buildah`))
      }
    }))
  )
}

/** @internal */
export const themes = [
  { name: "build output", tests: buildOutput },
  { name: "build context", tests: buildContext },
  { name: "build options", tests: buildOptions },
  { name: "interrupting builds", tests: interruptingBuilds }
] as const
