import { Command, FileSystem } from "@effect/platform"
import type { NodeContext } from "@effect/platform-node"
import { assert, layer } from "@effect/vitest"
import { assertSome } from "@effect/vitest/utils"
import { Backend, Build, Container, Definition, EngineBackend, Image, Label, type Transfer } from "@ociman/containers"
import { NodeHasher } from "@ociman/node"
import { Platform, Reference } from "@ociman/oci"
import { Subprocess } from "@ociman/process"
import { Leftovers, LocalRegistry, TestImage } from "@ociman/testing"
import { Chunk, Config, Context, Effect, Layer, Redacted, Stream } from "effect"
import * as Http from "node:http"
import { hasBuildKit, hasContainerdStore } from "../../src/internal/engineClient.js"
import { clientOf } from "../../src/internal/engineClient.js"
import { platform } from "../support/platform.js"
import { allOnPath } from "../utils.js"

const alice = { username: "alice", password: Redacted.make("s3cret: \"ü\"") }

const mallory = { username: "alice", password: Redacted.make("another-secret") }

class Protected extends Context.Tag("Protected")<Protected, LocalRegistry.Service>() {}

/** A client that records its arguments and the mode of its credentials file. */
const recordingClient = (client: string, record: string) =>
  `#!/bin/sh
printf '%s\\n' "$*" >>'${record}'
for file in "$REGISTRY_AUTH_FILE" "$DOCKER_CONFIG/config.json"; do
  case $file in */ociman-auth-*) stat -c 'file %a' "$file" >>'${record}';; esac
done
exec '${client}' "$@"
`

/** A registry with the same answer to every request, except for pings by default. */
const answering = (status: number, code: string, ping = 200) =>
  Effect.acquireRelease(
    Effect.async<Http.Server>((resume) => {
      const server = Http.createServer((request, response) => {
        request.resume()
        const isPing = ping === 200 && request.url === "/v2/"
        // Without Retry-After, Podman retries for more than a minute.
        response.writeHead(isPing ? ping : status, { "content-type": "application/json", "retry-after": "0" })
        response.end(isPing ? "{}" : JSON.stringify({ errors: [{ code, message: "the registry's own words" }] }))
      })
      server.listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
    }),
    (server) => Effect.sync(() => server.close())
  ).pipe(Effect.map((server) => {
    const address = server.address()
    return `127.0.0.1:${typeof address === "object" ? address?.port : 0}`
  }))

const layersOf = (events: Chunk.Chunk<Transfer.Event>) =>
  Chunk.toReadonlyArray(events).filter((event) => event._tag === "Layer").map(({ status }) => status)

/** Pulls and pushes between an engine and real registries. */
export const registriesSuite = <E>(
  name: string,
  backend: Layer.Layer<Backend.Backend, E, NodeContext.NodeContext>
): void => {
  const id = Math.random().toString(16).slice(2, 10)
  const label = Label.equals("com.example.registries", id)
  const services = TestImage.layer({ labels: { [label.key]: label.value } }).pipe(
    Layer.provideMerge(LocalRegistry.layer()),
    Layer.provideMerge(Layer.scoped(Protected, LocalRegistry.make({ credentials: alice })))
  )
  const outer = Leftovers.layer({ labels: [label], namePrefix: `ociman-registries-${id}-` }).pipe(
    Layer.provideMerge(backend),
    Layer.provideMerge(platform)
  )

  layer(outer, { excludeTestServices: true, timeout: "2 minutes" })(`registries on ${name}`, (it) => {
    it.layer(services, { timeout: "2 minutes" })("with and without a password", (it) => {
      let number = 0

      /** Tags the test image with a unique name in a registry. */
      const tagged = ({ reference }: LocalRegistry.Service) =>
        Effect.gen(function*() {
          const image = reference(`ociman/app-${number++}:1.0`)
          const test = yield* TestImage.TestImage
          yield* Image.tag(test.reference, image)
          yield* Effect.addFinalizer(() => Effect.ignoreLogged(Image.removeIfPresent(image, { force: true })))
          return image
        })

      const fails = <A, E extends { readonly _tag: string }, R>(effect: Effect.Effect<A, E, R>) =>
        Effect.map(
          Effect.flip(effect),
          (error) => "reason" in error ? `${error._tag} ${String(error.reason)}` : error._tag
        )

      it.scoped("an image is pushed and pulled by its tag and by its digest", () =>
        Effect.gen(function*() {
          const image = yield* tagged(yield* LocalRegistry.LocalRegistry)
          const pushing = yield* Stream.runCollect(Image.pushStream(image))
          assert.isAbove(layersOf(pushing).length, 0)
          const digest = yield* Image.push(image)
          assert.strictEqual(digest._tag, "Some")
          const { id } = yield* Image.inspect(image)
          yield* Image.remove(image)
          assert.isFalse(yield* Image.exists(image))
          yield* Stream.runDrain(Image.pullStream(image))
          assert.strictEqual((yield* Image.inspect(image)).id, id)
          if (digest._tag === "None") return
          const byDigest = Reference.withDigest(Reference.withoutTag(image), digest.value)
          assert.isTrue(yield* Image.exists(byDigest))
          yield* Image.remove(image)
          for (const name of [byDigest, Reference.withDigest(image, digest.value)]) {
            yield* Image.pull(name)
            assert.isTrue(yield* Image.exists(byDigest))
            assert.isTrue(yield* Image.exists(Reference.withDigest(image, digest.value)))
            const info = yield* Image.inspect(byDigest)
            assert.include(info.digests, String(byDigest))
            assert.strictEqual(
              yield* Container.withContainer(
                Definition.make(name).pipe(Definition.pullPolicy("never"), Definition.command("sleep", "1000")),
                (container) => Effect.map(container.inspect, ({ imageId }) => imageId)
              ),
              info.id
            )
          }
          yield* Effect.ignore(Image.remove(byDigest))
        }))

      it.scoped("pullIfAbsent pulls an absent image and keeps a present one", () =>
        Effect.gen(function*() {
          const image = yield* tagged(yield* LocalRegistry.LocalRegistry)
          yield* Image.push(image)
          yield* Image.remove(image)
          yield* Image.pullIfAbsent(image)
          assert.isTrue(yield* Image.exists(image))
          const unreachable = Reference.make("127.0.0.1:1/ociman/app:1")
          const test = yield* TestImage.TestImage
          yield* Image.tag(test.reference, unreachable)
          yield* Effect.addFinalizer(() => Effect.ignoreLogged(Image.removeIfPresent(unreachable)))
          yield* Image.pullIfAbsent(unreachable)
        }))

      it.scoped("run pulls a missing image", () =>
        Effect.gen(function*() {
          const image = yield* tagged(yield* LocalRegistry.LocalRegistry)
          yield* Image.push(image)
          yield* Image.remove(image)
          const { stdout } = yield* Container.run(Definition.make(image).pipe(Definition.command("echo", "pulled")))
          assert.strictEqual(stdout, "pulled\n")
        }))

      it.scoped("pull and push of a missing image fail with ImageNotFound", () =>
        Effect.gen(function*() {
          const registry = yield* LocalRegistry.LocalRegistry
          const image = yield* tagged(registry)
          yield* Image.push(image)
          for (const path of [`${image.path}:2.0`, "ociman/nothing:1", `${image.path}@sha256:${"0".repeat(64)}`]) {
            assert.strictEqual(yield* fails(Image.pull(registry.reference(path))), "ImageNotFound", path)
          }
          assert.strictEqual(yield* fails(Image.push(registry.reference("ociman/nothing:1"))), "ImageNotFound")
          assert.strictEqual(yield* fails(Image.push(registry.reference(`${image.path}:2.0`))), "ImageNotFound")
          const digested = Reference.withDigest(image, (yield* Image.inspect(image)).id)
          assert.strictEqual(yield* fails(Image.push(digested)), "EngineFailed InvalidDefinition")
        }))

      /** Configures the registry as insecure for the builder of Podman. Docker accepts loopback registries by itself. */
      const trusting = ({ host }: LocalRegistry.Service) =>
        Effect.gen(function*() {
          const fs = yield* FileSystem.FileSystem
          const { engine } = yield* Backend.Backend
          const directory = yield* fs.makeTempDirectoryScoped({ prefix: "ociman-test-client-" })
          const settings = `${directory}/registries.conf`
          const executable = `${directory}/client`
          yield* fs.writeFileString(settings, `[[registry]]\nlocation = "${host}"\ninsecure = true\n`)
          yield* fs.writeFileString(
            executable,
            `#!/bin/sh\nCONTAINERS_REGISTRIES_CONF='${settings}' exec '${clientOf(engine).executable}' "$@"\n`,
            { mode: 0o755 }
          )
          return EngineBackend.layerConfig({
            engine: Config.succeed(clientOf(engine).client),
            executable: Config.succeed(executable)
          })
        })

      const buildOf = (base: Reference.Reference, ...instructions: ReadonlyArray<string>) =>
        Build.fromInstructions([`FROM ${Reference.format(base)}`, ...instructions, ""].join("\n")).pipe(
          Build.label(label.key, label.value)
        )

      const built = (build: Build.Build<undefined>, image: Reference.Reference) =>
        build.pipe(
          Build.tagged(image),
          Build.build,
          Effect.tap(() => Effect.addFinalizer(() => Effect.ignoreLogged(Image.removeIfPresent(image)))),
          Effect.zipRight(Image.inspect(image)),
          Effect.provide(NodeHasher.layer)
        )

      it.scoped("a build uses the local base image, or with pullBase the current one of the registry", () =>
        Effect.gen(function*() {
          const registry = yield* LocalRegistry.LocalRegistry
          const base = yield* tagged(registry)
          const backend = yield* trusting(registry)
          const older = registry.reference(`${base.path}:older`)
          const app = registry.reference(`${base.path}:app`)
          yield* Image.tag(base, older)
          yield* Effect.addFinalizer(() => Effect.ignoreLogged(Image.removeIfPresent(older)))
          const newer = yield* built(buildOf(older, "LABEL com.example.base=newer"), base)
          yield* Image.push(base)
          yield* Image.tag(older, base)
          const build = buildOf(base)
          const { engine } = yield* Backend.Backend
          const { labels } = yield* built(build, app)
          // BuildKit with a containerd store resolves the base at the registry each time.
          if ((yield* hasBuildKit(engine)) && (yield* hasContainerdStore(engine))) {
            assert.propertyVal(labels, "com.example.base", "newer")
          } else {
            assert.notProperty(labels, "com.example.base")
          }
          assert.propertyVal(
            (yield* Effect.provide(built(Build.pullBase(build), app), backend)).labels,
            "com.example.base",
            "newer"
          )
          // BuildKit does not tag a pulled base image on the engine.
          const kept = (yield* hasBuildKit(engine)) ? (yield* Image.inspect(older)).id : newer.id
          assert.strictEqual((yield* Image.inspect(base)).id, kept)
        }))

      it.scoped("a build uses the cache of an earlier build from a registry", () =>
        Effect.gen(function*() {
          const registry = yield* LocalRegistry.LocalRegistry
          const { engine } = yield* Backend.Backend
          const backend = yield* trusting(registry)
          const { reference } = yield* TestImage.TestImage
          const app = registry.reference(`ociman/app-${number++}:cached`)
          const build = buildOf(reference, `RUN echo ${id} ${app.path}`)
          const stepsOf = (build: Build.Build<undefined>) =>
            Stream.runCollect(Build.stream(Build.tagged(build, app))).pipe(
              Effect.map(Chunk.toReadonlyArray),
              Effect.map((events) =>
                events.flatMap((event) =>
                  "step" in event && event.step?.instruction.startsWith("RUN") === true &&
                    event._tag !== "OutputLine" && event._tag !== "StepStarted"
                    ? [event._tag]
                    : []
                )
              ),
              Effect.provide([backend, NodeHasher.layer])
            )
          // The builder of Podman tags each cached layer that it pulls.
          yield* Effect.addFinalizer(() =>
            Image.references(Reference.nameOnly(app)).pipe(
              Effect.flatMap(Effect.forEach((image) => Image.removeIfPresent(image))),
              Effect.ignoreLogged
            )
          )
          assert.deepStrictEqual(yield* stepsOf(build), ["StepDone"])
          yield* Image.push(app)
          if (clientOf(engine).client === "podman") {
            // The builder of Podman finds only layers that were pushed with --cache-to.
            yield* Subprocess.run(
              Command.make(
                clientOf(engine).executable,
                ...["build", "--tls-verify=false", "--layers", "--cache-to", `${registry.host}/${app.path}`],
                ...["--label", Label.format(label), "--tag", String(app), "-"]
              ),
              { stdin: build.source._tag === "Instructions" ? build.source.text : "" }
            )
          }
          yield* Image.remove(app)
          yield* Image.prune([label])
          // The cache of BuildKit is not removed with the images.
          const isKept = yield* hasBuildKit(engine)
          assert.deepStrictEqual(yield* stepsOf(build), [isKept ? "StepCached" : "StepDone"])
          yield* Image.remove(app)
          yield* Image.prune([label])
          if (clientOf(engine).client === "docker") yield* Image.pull(app)
          // The classic builder cannot use cached steps from a containerd store and runs them again.
          const isLost = !isKept && (yield* hasContainerdStore(engine))
          assert.deepStrictEqual(yield* stepsOf(Build.cacheFrom(build, app)), [isLost ? "StepDone" : "StepCached"])
        }))

      it.scoped("a build sets the platform of its image and fails without a base image for it", () =>
        Effect.gen(function*() {
          const registry = yield* LocalRegistry.LocalRegistry
          const { reference } = yield* TestImage.TestImage
          const app = registry.reference(`ociman/app-${number++}:platform`)
          const { architecture } = yield* Image.inspect(reference)
          const own = Build.platform(buildOf(reference, "RUN true"), Platform.make(`linux/${architecture}`))
          assert.strictEqual((yield* built(own, app)).architecture, architecture)
          const foreign = Platform.make(architecture === "s390x" ? "linux/amd64" : "linux/s390x")
          const scratch = Build.fromInstructions("FROM scratch\nENV A=1\n").pipe(
            Build.label(label.key, label.value),
            Build.platform(foreign)
          )
          const { engine } = yield* Backend.Backend
          if (clientOf(engine).client === "podman" || (yield* hasBuildKit(engine))) {
            assert.strictEqual((yield* built(scratch, app)).architecture, foreign.architecture)
          } else {
            const error = yield* Effect.flip(built(scratch, app))
            assert.include(error.message, `for linux/${architecture} instead of ${Platform.format(foreign)}`)
            yield* Image.remove(app)
          }
          const missing = Build.platform(buildOf(registry.reference("ociman/nothing:1")), foreign)
          assert.strictEqual(yield* fails(built(missing, app)), "BuildFailed")
        }))

      it.scoped("a registry with a password accepts only its credentials", () =>
        Effect.gen(function*() {
          const registry = yield* Protected
          const image = yield* tagged(registry)
          assert.strictEqual(yield* fails(Image.push(image)), "TransferFailed Unauthorized")
          const error = yield* Effect.flip(Image.push(image, { credentials: mallory }))
          assert.strictEqual(error._tag === "TransferFailed" && error.reason, "Unauthorized")
          assert.notInclude(JSON.stringify(error), Redacted.value(mallory.password))
          const digest = yield* Image.push(image, { credentials: alice })
          assertSome(digest, digest._tag === "Some" ? digest.value : assert.fail("no digest"))
          yield* Image.remove(image)
          assert.strictEqual(yield* fails(Image.pull(image)), "TransferFailed Unauthorized")
          assert.strictEqual(yield* fails(Image.pull(image, { credentials: mallory })), "TransferFailed Unauthorized")
          assert.strictEqual(
            yield* fails(Effect.scoped(Container.start(Definition.make(image)))),
            "TransferFailed Unauthorized"
          )
          yield* Image.pull(image, { credentials: alice })
          assert.isTrue(yield* Image.exists(image))
          const missing = registry.reference("ociman/nothing:1")
          assert.strictEqual(yield* fails(Image.pull(missing, { credentials: alice })), "ImageNotFound")
        }))

      it.scoped("failures of a registry have distinct errors: unreachable, refused and missing image", () =>
        Effect.gen(function*() {
          const pull = (host: string) => fails(Image.pull(Reference.make(`${host}/ociman/app:1`)))
          const reasons = yield* Effect.all({
            port: pull("127.0.0.1:1"),
            name: pull("no-such-host.invalid"),
            denied: Effect.flatMap(answering(403, "DENIED"), pull),
            unauthorized: Effect.flatMap(answering(401, "UNAUTHORIZED"), pull),
            name404: Effect.flatMap(answering(404, "NAME_UNKNOWN"), pull),
            busy: Effect.flatMap(answering(429, "TOOMANYREQUESTS"), pull),
            busyAtOnce: Effect.flatMap(answering(429, "TOOMANYREQUESTS", 429), pull),
            broken: Effect.flatMap(answering(400, "UNSUPPORTED"), pull)
          }, { concurrency: "unbounded" })
          assert.deepStrictEqual(reasons, {
            port: "TransferFailed Unreachable",
            name: "TransferFailed Unreachable",
            denied: "TransferFailed Denied",
            unauthorized: "TransferFailed Unauthorized",
            name404: "ImageNotFound",
            busy: "TransferFailed TooManyRequests",
            busyAtOnce: "TransferFailed TooManyRequests",
            broken: "EngineFailed Refused"
          })
        }))

      it.scoped("an interrupted push removes the file of its credentials", () =>
        Effect.gen(function*() {
          const fs = yield* FileSystem.FileSystem
          const image = yield* tagged(yield* Protected)
          const temporary = process.env.TMPDIR ?? "/tmp"
          const files = Effect.map(
            fs.readDirectory(temporary),
            (all) => all.filter((name) => name.startsWith("ociman-auth-"))
          )
          const before = yield* files
          yield* Effect.raceFirst(
            Stream.runForEach(Image.pushStream(image, { credentials: alice }), () => Effect.never),
            Effect.repeat(files, { until: (now) => now.length > before.length })
          )
          assert.deepStrictEqual(yield* files, before)
        }))
    })

    it.scoped("credentials do not appear in the arguments of a client", () =>
      Effect.gen(function*() {
        const fs = yield* FileSystem.FileSystem
        const { engine } = yield* Backend.Backend
        const directory = yield* fs.makeTempDirectoryScoped({ prefix: "ociman-test-client-" })
        const record = `${directory}/record`
        const executable = `${directory}/client`
        const client = allOnPath(clientOf(engine).executable)[0] ?? clientOf(engine).executable
        yield* fs.writeFileString(executable, recordingClient(client, record), { mode: 0o755 })
        const recorded = EngineBackend.layerConfig({
          engine: Config.succeed(clientOf(engine).client),
          executable: Config.succeed(executable)
        })
        yield* Effect.gen(function*() {
          const registry = yield* LocalRegistry.make({ credentials: alice })
          const { reference } = yield* TestImage.make()
          const image = registry.reference("ociman/app:1.0")
          yield* Image.tag(reference, image)
          yield* Effect.addFinalizer(() => Effect.ignoreLogged(Image.removeIfPresent(image, { force: true })))
          yield* Image.push(image, { credentials: alice })
          yield* Image.remove(image)
          yield* Image.pull(image, { credentials: alice })
        }).pipe(Effect.scoped, Effect.provide(recorded))
        const lines = (yield* fs.readFileString(record)).split("\n")
        for (const words of ["image push", "image pull"]) {
          assert.isTrue(lines.some((line) => line.includes(words)), words)
        }
        const { password, username } = alice
        const encoded = Buffer.from(`${username}:${Redacted.value(password)}`).toString("base64")
        for (const secret of [Redacted.value(password), JSON.stringify(Redacted.value(password)), encoded]) {
          assert.deepStrictEqual(lines.filter((line) => line.includes(secret)), [])
        }
        assert.deepStrictEqual(lines.filter((line) => line.startsWith("file ") && line !== "file 600"), [])
        assert.include(lines, "file 600")
      }))

    // Builders keep unnamed images of repeated builds.
    it.effect("the registry tests leave no resources behind", () =>
      Effect.zipRight(Image.prune([label]), Leftovers.assertNone))
  })
}
