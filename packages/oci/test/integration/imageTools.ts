/** Images built without an engine are run by engines, and unpacked by umoci. */
import { Command } from "@effect/platform"
import { describe } from "@effect/vitest"
import { assertTrue, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import {
  Artifact,
  DockerArchive,
  ImageLayer,
  ImageStore,
  OciArchive,
  OciDirectory,
  Platform,
  RunnableImage,
  Tar,
  Unpack
} from "@ociman/oci"
import { Subprocess } from "@ociman/process"
import { Config, Effect, Schema, Stream } from "effect"
import { mkdirSync, rmSync, writeFileSync } from "node:fs"
import { temporary } from "../archives.js"
import { elf } from "../elf.js"
import { type Environment, live } from "../live.js"
import { describeTree } from "../trees.js"
import { newName, output } from "./tools.js"

const named = (engine: string) =>
  Effect.acquireRelease(Effect.sync(newName), (name) => Effect.ignore(output(engine, "rmi", "-f", name)))

const busybox = Config.withDefault(Config.string("BUSYBOX"), "/bin/busybox")

const Inspected = Schema.parseJson(Schema.Array(Schema.Struct({
  Config: Schema.Struct({
    User: Schema.String,
    Labels: Schema.Record({ key: Schema.String, value: Schema.String }),
    ExposedPorts: Schema.Record({ key: Schema.String, value: Schema.Unknown })
  }),
  RootFS: Schema.Struct({ Layers: Schema.Array(Schema.String) }),
  Os: Schema.String,
  Architecture: Schema.String
})))

/** The value in Docker's form, else in Podman's. */
const healthTest = (engine: string, name: string) =>
  Effect.map(
    output(
      engine,
      "image",
      "inspect",
      "--format",
      engine === "docker" ? "{{json .Config.Healthcheck}}" : "{{json .HealthCheck}}",
      name
    ),
    (text): unknown => JSON.parse(text)
  )

export const suite = (engine: "docker" | "podman"): void => {
  const load = (store: ImageStore.Readable, ...names: ReadonlyArray<string>) =>
    Effect.gen(function*() {
      const environment = yield* Effect.context<Environment>()
      yield* Subprocess.run(Command.make(engine, "load"), {
        stdin: OciArchive.stream(store, names).pipe(Stream.orDie, Stream.provideContext(environment))
      })
    })

  const image = Effect.map(busybox, (path) =>
    RunnableImage.fromExecutable(path, { at: "/bin/busybox" }).pipe(
      RunnableImage.addLayer(ImageLayer.compress(
        ImageLayer.fromEntries([
          Tar.symlink("bin/sh", "busybox"),
          Tar.file("etc/motd", "from a layer\n"),
          Tar.directory("tmp", { mode: 0o1777 })
        ]),
        "gzip"
      )),
      RunnableImage.entrypoint("/bin/sh", "-c"),
      RunnableImage.command("echo $GREETING; /bin/busybox id -u; pwd; /bin/busybox cat /etc/motd"),
      RunnableImage.env({ GREETING: "hello" }),
      RunnableImage.user("1234:5678"),
      RunnableImage.workingDirectory("/tmp"),
      RunnableImage.expose(8080),
      RunnableImage.labels({ "com.example": "label" }),
      RunnableImage.healthCheck(["/bin/busybox", "true"], { interval: "1 second" })
    ))

  describe(`images made without an engine, and ${engine}`, () => {
    for (const format of ["oci", "docker"] as const) {
      live(
        `run with their parameters in the format ${format}`,
        Effect.gen(function*() {
          const name = yield* named(engine)
          const store = yield* ImageStore.makeMemory
          const { value } = yield* RunnableImage.push(yield* image, store, name, { format })
          yield* load(store, name)
          strictEqual(yield* output(engine, "run", "--rm", name), "hello\n1234\n/tmp\nfrom a layer\n")
          const [inspected] = yield* Schema.decode(Inspected)(yield* output(engine, "image", "inspect", name))
          assertTrue(inspected !== undefined)
          strictEqual(inspected.Config.User, "1234:5678")
          strictEqual(inspected.Config.Labels["com.example"], "label")
          deepStrictEqual(Object.keys(inspected.Config.ExposedPorts), ["8080/tcp"])
          strictEqual(inspected.RootFS.Layers.length, value.layers.length)
          // Podman reads health checks of images in Docker's format only.
          const health = yield* healthTest(engine, name)
          strictEqual(
            JSON.stringify(health ?? null).includes("busybox"),
            engine === "docker" || format === "docker",
            JSON.stringify(health)
          )
        })
      )
    }

    live(
      "run on top of a base that the engine saved",
      Effect.gen(function*() {
        const root = yield* temporary
        const [base, name] = [yield* named(engine), yield* named(engine)]
        const memory = yield* ImageStore.makeMemory
        yield* RunnableImage.push(yield* image, memory, base)
        yield* load(memory, base)
        yield* output(engine, "save", "-o", `${root}/base.tar`, base)
        const saved = yield* DockerArchive.open(`${root}/base.tar`)
        const store = yield* OciDirectory.openOrCreate(`${root}/layout`)
        yield* RunnableImage.fromImage({ store: saved, name: base }, Platform.make("linux/amd64")).pipe(
          RunnableImage.addLayer(
            ImageLayer.fromEntries([Tar.file("etc/motd", "on top\n"), Tar.file("etc/.wh.nothing", "")])
          ),
          RunnableImage.push(store, name)
        )
        yield* load(store, name)
        strictEqual(yield* output(engine, "run", "--rm", name), "hello\n1234\n/tmp\non top\n")
      })
    )

    live(
      "load for several platforms, and run for the local one",
      Effect.gen(function*() {
        const root = yield* temporary
        const name = yield* named(engine)
        writeFileSync(`${root}/other`, elf({ machine: 183 }))
        const store = yield* ImageStore.makeMemory
        yield* RunnableImage.pushIndex([yield* image, RunnableImage.fromExecutable(`${root}/other`)], store, name)
        yield* load(store, name)
        strictEqual((yield* output(engine, "run", "--rm", name)).split("\n")[0], "hello")
      })
    )

    live(
      "and their differences are unpacked by umoci to the same files",
      Effect.gen(function*() {
        const root = yield* temporary
        for (const name of ["lower", "upper"]) mkdirSync(`${root}/${name}/kept`, { recursive: true })
        mkdirSync(`${root}/lower/gone`)
        writeFileSync(`${root}/lower/gone/a`, "1")
        writeFileSync(`${root}/lower/kept/removed`, "1")
        writeFileSync(`${root}/lower/kept/same`, "1")
        writeFileSync(`${root}/upper/kept/same`, "1")
        writeFileSync(`${root}/upper/kept/new`, "2")
        const store = yield* OciDirectory.openOrCreate(`${root}/layout`)
        yield* RunnableImage.scratch(Platform.make("linux/amd64")).pipe(
          RunnableImage.addLayer(ImageLayer.compress(ImageLayer.fromDirectory(`${root}/lower`), "gzip")),
          RunnableImage.addLayer(ImageLayer.compress(ImageLayer.diff(`${root}/lower`, `${root}/upper`), "gzip")),
          RunnableImage.push(store, "v1")
        )
        yield* output("umoci", "unpack", "--rootless", "--image", `${root}/layout:v1`, `${root}/bundle`)
        yield* Unpack.image({ store, name: "v1" }, `${root}/ours`)
        deepStrictEqual(describeTree(`${root}/ours`), describeTree(`${root}/upper`))
        deepStrictEqual(describeTree(`${root}/bundle/rootfs`), describeTree(`${root}/ours`))
        rmSync(`${root}/bundle`, { recursive: true, force: true })
      })
    )

    live(
      "are copied by skopeo without loss, as are artifacts",
      Effect.gen(function*() {
        const root = yield* temporary
        mkdirSync(`${root}/files`)
        writeFileSync(`${root}/files/a`, "1")
        const store = yield* OciDirectory.openOrCreate(`${root}/layout`)
        const { descriptor } = yield* Artifact.push(Artifact.fromDirectory(`${root}/files`), store, "v1")
        const copy = ["copy", "--preserve-digests", `oci:${root}/layout:v1`, `oci:${root}/copy:v1`]
        yield* output("skopeo", "--insecure-policy", ...copy)
        const copied = yield* OciDirectory.open(`${root}/copy`)
        strictEqual((yield* copied.resolve("v1")).digest, descriptor.digest)
        yield* Artifact.unpack(copied, "v1", `${root}/out`)
        deepStrictEqual(describeTree(`${root}/out`), describeTree(`${root}/files`))
      })
    )
  })
}
