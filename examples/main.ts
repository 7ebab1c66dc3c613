/**
 * Builds an image from a directory, runs it, talks to it, takes a snapshot,
 * runs that, and leaves nothing behind. `scripts/demo.sh` runs this program on
 * Docker, on Podman or on both.
 */
import { Command, FileSystem, HttpClient, Path } from "@effect/platform"
import { NodeHttpClient, NodeRuntime } from "@effect/platform-node"
import { Backend, Build, Container, ContainerId, Definition, Exec, Image, Label, Port } from "@ociman/containers"
import { NodeOciman } from "@ociman/node"
import { Reference } from "@ociman/oci"
import { Clock, Config, Console, Effect, Layer, Schedule } from "effect"

const example = Label.equals("com.example.ociman", "demo")

/** Runs one step and prints what it found, on one line with its time. */
const step = <A, E, R>(name: string, effect: Effect.Effect<A, E, R>, describe: (a: A) => string) =>
  Effect.gen(function*() {
    const start = yield* Clock.currentTimeMillis
    const result = yield* effect
    const end = yield* Clock.currentTimeMillis
    yield* Console.log(`${name.padEnd(10)} ${String(end - start).padStart(6)} ms  ${describe(result).trim()}`)
    return result
  })

/** The build context: this directory's `web`, and a static executable to serve it. */
const context = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const busybox = yield* Config.string("BUSYBOX").pipe(Config.withDefault("/bin/busybox"))
  const directory = yield* fs.makeTempDirectoryScoped({ prefix: "ociman-demo-" })
  yield* fs.copy(yield* path.fromFileUrl(new URL("./web", import.meta.url)), directory, { overwrite: true })
  yield* fs.copyFile(busybox, path.join(directory, "busybox"))
  return directory
})

const page = (container: Container.Container) =>
  Effect.gen(function*() {
    const { host, port } = yield* container.address(8080)
    const response = yield* HttpClient.get(`http://${host}:${port}/`).pipe(
      Effect.retry({ schedule: Schedule.spaced("20 millis"), times: 100 })
    )
    return { text: (yield* response.text).trim(), url: `http://${host}:${port}/` }
  })

const web = (image: Reference.Reference) =>
  Definition.make(image).pipe(
    Definition.publish(Port.tcp(8080)), // 127.0.0.1, a free host port
    Definition.env("GREETING", "hello"),
    Definition.label(example.key, "demo"),
    Definition.init
  )

const program = Effect.gen(function*() {
  const { engine } = yield* Backend.Backend
  yield* Console.log(`\n${engine.name} ${engine.version}${engine.rootless ? ", rootless" : ""}`)

  const build = Build.fromDirectory(yield* context).pipe(
    Build.label(example.key, "demo"),
    Build.contentAddressed("localhost/ociman/demo") // the tag is a hash of all that goes in
  )
  const image = yield* Build.reference(build)
  yield* Effect.addFinalizer(() => Effect.ignoreLogged(Image.removeIfPresent(image)))
  yield* step("build", Build.ensure(build), ({ built }) => `${built ? "built" : "found"} ${image}`)
  yield* step("build", Build.ensure(build), ({ built }) => built ? "built again" : "skipped: nothing changed")

  const container = yield* step("start", Container.start(web(image)), ({ id }) => ContainerId.short(id))
  yield* step("fetch", page(container), ({ text, url }) => `${url} ${text}`)
  yield* step("exec", container.exec(Exec.make("/bin/busybox", "sh", "-c", "echo $GREETING")), ({ stdout }) => stdout)
  // The platform's own Command, inside the container
  const uname = Command.make("/bin/busybox", "uname", "-sm").pipe(Command.string, Effect.provide(container.executor))
  yield* step("command", uname, (output) => output)

  const snapshot = Reference.make("localhost/ociman/demo:snapshot")
  yield* Effect.addFinalizer(() => Effect.ignoreLogged(Image.removeIfPresent(snapshot)))
  yield* container.exec(Exec.make("/bin/busybox", "sh", "-c", "echo Hello from a snapshot. > /www/index.html"))
  yield* step("commit", container.commit(snapshot), () => `${snapshot}`)
  yield* step("snapshot", Container.withContainer(web(snapshot), page), ({ text }) => text)

  yield* step("stop", container.stop({ grace: "1 second" }), () => "stopped")
  yield* step("remove", container.remove(), () => "removed")
})

const left = Effect.gen(function*() {
  const containers = yield* Container.list(example)
  const images = yield* Image.list(example)
  const names = [...containers.map(({ name }) => name), ...images.map(({ id }) => id)]
  yield* Console.log(`left on the engine: ${names.length === 0 ? "nothing" : names.join(", ")}`)
})

/** On the engines that are named, else on the one that is found. */
const layers = process.argv.slice(2).map((engine) =>
  engine === "podman" ? NodeOciman.layerPodman : NodeOciman.layerDocker
)

Effect.forEach(layers.length === 0 ? [NodeOciman.layer] : layers, (layer) =>
  Effect.scoped(program).pipe(
    Effect.zipRight(left),
    Effect.provide(Layer.merge(layer, NodeHttpClient.layer))
  )).pipe(NodeRuntime.runMain)
