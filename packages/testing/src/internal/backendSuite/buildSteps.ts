import * as Command from "@effect/platform/Command"
import * as FileSystem from "@effect/platform/FileSystem"
import { assert } from "@effect/vitest"
import { Backend, Build, type BuildEvent, Container, Definition, Engine, ExtraHost, Image } from "@ociman/containers"
import { Hasher, Reference } from "@ociman/oci"
import * as DockerIgnore from "@ociman/oci/author/DockerIgnore"
import { Subprocess } from "@ociman/process"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import { eventsOf, onImage, stepsOf } from "./builds.js"
import { withHasher } from "./hasher.js"
import { uniqueImage } from "./images.js"
import { eventually, failsWith, type Suite } from "./support.js"

/** @internal */
export const name = "steps of builds"

/** A directory with files, given by path and content. */
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

/** @internal */
export const tests = (suite: Suite): void => {
  const { test } = suite
  const target = uniqueImage(suite)
  const from = `FROM ${Reference.format(suite.image)}`

  const read = (image: Reference.Reference, path: string) =>
    Effect.map(Container.run(Definition.command(suite.of(image).idle, "cat", path)), ({ stdout }) => stdout)

  const labelled = Build.label(suite.label.key, suite.label.value)

  /** What a file of the image has in it once it is built. */
  const fileOf = (build: Build.Build<undefined>, path: string) =>
    Effect.gen(function*() {
      const image = yield* Build.build(Build.tagged(labelled(build), yield* target))
      return yield* read(image, path)
    })

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
    "a build tells what its steps write, and which need not be run again",
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
    "a failed build says at which step, with which exit code, and what was printed",
    withHasher(Effect.gen(function*() {
      const image = yield* target
      const build = onImage(suite, "WORKDIR /somewhere", "RUN echo something is wrong; echo and more >&2; exit 7")
      const error = yield* failsWith(Build.build(Build.tagged(build, image)), "BuildFailed")
      assert.strictEqual(error.step?.number, 3)
      // Builders make a step of each label, the suite's and the library's, or one of both, or none.
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
    "a file that is not there fails the step that copies it",
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
    "a directory is built by its Dockerfile, by another one in it, and by one elsewhere",
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
    "what is ignored is not in the image, and the rest is",
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

  test(
    "a build that is interrupted ends its step at once",
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
            Command.make(engine.executable, "ps", "--all", "--external", "--format", "{{.Image}} {{.Command}}")
          ),
          ({ stdout }) => stdout.text
        )
        yield* eventually(containers, (text) => !text.includes(`${Reference.format(suite.image)} buildah`))
      }
    }))
  )

  test(
    "a build ends with the stage that is wanted",
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
    "steps have the hosts and the network that were asked for",
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

  // printf 'hunter2\nsecond line' | md5sum
  const value = "hunter2\nsecond line"
  const sum = "b39fe0e47e707ae8917df4f77e2856a7"

  test(
    "steps read secrets, or it is said what is missing for that",
    withHasher(Effect.gen(function*() {
      const { engine } = yield* Backend.Backend
      const directory = yield* directoryOf({ token: value })
      const builds = [
        Build.secret(readsSecret(), "token", Redacted.make(value)),
        Build.secretFile(readsSecret(), "token", `${directory}/token`)
      ]
      for (const build of builds) {
        const hasBuildKit = engine.client === "podman" || !Engine.isAtLeast(engine.clientApiVersion, 1, 42)
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

  test(
    "what is secret is shown neither in events nor in errors",
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
