/** Archives of other tools are read, and written archives are loaded by engines and read by skopeo. */
import { Command } from "@effect/platform"
import { describe } from "@effect/vitest"
import { assertInclude, assertTrue, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import {
  Content,
  Copy,
  DockerArchive,
  Hasher,
  ImageIndex,
  ImageManifest,
  ImageStore,
  OciArchive,
  OciDirectory,
  Platform
} from "@ociman/oci"
import { Subprocess } from "@ociman/process"
import { Effect, Stream } from "effect"
import { pushImage, temporary } from "../archives.js"
import { live } from "../live.js"
import { newName, output, skopeo } from "./tools.js"

/** Removes the images of the given names when the test ends. */
const image = (engine: string, name: string) =>
  Effect.acquireRelease(Effect.succeed(name), () => Effect.ignore(output(engine, "rmi", "-f", name)))

const configOf = (store: ImageStore.Readable, name: string) =>
  Effect.gen(function*() {
    const { value } = yield* ImageStore.fetchDocument(store, ImageManifest.codec, yield* store.resolve(name))
    return value.config.digest
  })

/**
 * Reports whether the engine has a containerd image store, whose image ids are digests of manifests instead of configs.
 */
const isContainerd = (engine: string) =>
  engine === "docker"
    ? Effect.map(
      output(engine, "info", "--format", "{{json .DriverStatus}}"),
      (status) => status.includes("io.containerd.snapshotter")
    )
    : Effect.succeed(false)

export const suite = (engine: "docker" | "podman"): void => {
  const idOf = (name: string) =>
    Effect.map(
      output(engine, "image", "inspect", "--format", "{{.Id}}", name),
      (id) => `sha256:${id.trim().replace("sha256:", "")}`
    )

  const expectedId = (store: ImageStore.Readable, name: string) =>
    Effect.flatMap(
      isContainerd(engine),
      (manifest) => manifest ? Effect.map(store.resolve(name), ({ digest }) => digest) : configOf(store, name)
    )

  describe(`archives and ${engine}`, () => {
    live(
      "load several images at once with their names",
      Effect.gen(function*() {
        const store = yield* ImageStore.makeMemory
        const names = yield* Effect.forEach(["one", "two"], () => image(engine, newName()))
        for (const name of names) yield* store.tag((yield* pushImage(store, [name, "shared"])).manifest, name)
        const hasher = yield* Hasher.Hasher
        yield* Subprocess.run(Command.make(engine, "load"), {
          stdin: Stream.orDie(Stream.provideService(OciArchive.stream(store, names), Hasher.Hasher, hasher))
        })
        for (const name of names) strictEqual(yield* idOf(name), yield* expectedId(store, name))
      })
    )

    live(
      "load from a file with one image or an index",
      Effect.gen(function*() {
        const root = yield* temporary
        const [one, all] = [yield* image(engine, newName()), yield* image(engine, newName())]
        yield* OciArchive.edit(
          `${root}/one.tar`,
          (archive) => Effect.flatMap(pushImage(archive, ["one"]), ({ manifest }) => archive.tag(manifest, one))
        )
        yield* output(engine, "load", "-i", `${root}/one.tar`)
        const archive = yield* OciArchive.open(`${root}/one.tar`)
        strictEqual(yield* idOf(one), yield* expectedId(archive, one))

        yield* OciArchive.edit(`${root}/all.tar`, (archive) =>
          Effect.gen(function*() {
            const images = yield* Effect.forEach(["amd64", "arm64"], (architecture) =>
              Effect.map(pushImage(archive, [architecture], architecture), ({ manifest }) => ({
                ...manifest,
                platform: Platform.make(`linux/${architecture}`)
              })))
            const index = yield* Content.make(ImageIndex.codec, ImageIndex.make(images))
            yield* ImageStore.pushDocument(archive, index)
            yield* archive.tag(index.descriptor, all)
          }))
        yield* skopeo(
          "copy",
          "--all",
          "--preserve-digests",
          `oci-archive:${root}/all.tar`,
          `oci-archive:${root}/theirs.tar:v1`
        )
        const [ours, theirs] = yield* Effect.all([
          OciArchive.open(`${root}/all.tar`),
          OciArchive.open(`${root}/theirs.tar`)
        ])
        const memory = yield* ImageStore.makeMemory
        const copied = yield* Copy.image({ store: theirs, name: "v1" }, { store: memory, name: "v1" })
        strictEqual(copied.digest, (yield* ours.resolve(all)).digest)
        yield* output(engine, "load", "-i", `${root}/all.tar`)
        strictEqual((yield* output(engine, "image", "inspect", "--format", "{{.Architecture}}", all)).trim(), "amd64")
      })
    )

    live(
      "saved by the engine are read with the same digests",
      Effect.gen(function*() {
        const root = yield* temporary
        const store = yield* ImageStore.makeMemory
        const name = yield* image(engine, newName())
        yield* store.tag((yield* pushImage(store, ["one", "two"])).manifest, name)
        yield* OciArchive.edit(`${root}/a.tar`, (to) => Copy.image({ store, name }, { store: to, name }))
        yield* output(engine, "load", "-i", `${root}/a.tar`)
        yield* output(engine, "save", "-o", `${root}/saved.tar`, name)
        const saved = yield* DockerArchive.open(`${root}/saved.tar`)
        const [found] = yield* Stream.runCollect(saved.names)
        strictEqual(found, name)
        strictEqual(yield* configOf(saved, name), yield* configOf(store, name))
        yield* Copy.image({ store: saved, name }, { store: yield* ImageStore.makeMemory, name })
        if (engine === "docker") return
        yield* output(engine, "save", "--format", "oci-archive", "-o", `${root}/oci.tar`, name)
        const oci = yield* OciArchive.open(`${root}/oci.tar`)
        strictEqual(yield* configOf(oci, name), yield* configOf(store, name))
        yield* Copy.image({ store: oci, name }, { store: yield* ImageStore.makeMemory, name })
      })
    )

    live(
      "are read by skopeo, and those of skopeo are read",
      Effect.gen(function*() {
        const root = yield* temporary
        const name = newName()
        yield* OciArchive.edit(
          `${root}/a.tar`,
          (archive) => Effect.flatMap(pushImage(archive, ["one", "two"]), ({ manifest }) => archive.tag(manifest, name))
        )
        const ours = yield* OciArchive.open(`${root}/a.tar`)
        const { digest } = yield* ours.resolve(name)
        strictEqual(JSON.parse(yield* skopeo("inspect", `oci-archive:${root}/a.tar`)).Digest, digest)
        const ids = JSON.parse(yield* skopeo("inspect", "--config", `docker-archive:${root}/a.tar`))
        strictEqual(ids.rootfs.diff_ids.length, 2)

        yield* skopeo("copy", "--preserve-digests", `oci-archive:${root}/a.tar`, `oci-archive:${root}/b.tar:${name}`)
        const theirs = yield* OciArchive.open(`${root}/b.tar`)
        strictEqual((yield* theirs.resolve(name)).digest, digest)
        yield* skopeo("copy", `oci-archive:${root}/a.tar`, `docker-archive:${root}/c.tar:${name}`)
        const docker = yield* DockerArchive.open(`${root}/c.tar`)
        strictEqual(yield* configOf(docker, name), yield* configOf(ours, name))
        yield* Copy.image({ store: docker, name }, { store: yield* ImageStore.makeMemory, name })

        // Layers compressed during the copy have other digests; the manifest must match them.
        const compressed = ["copy", "--dest-compress", "--dest-compress-format"]
        yield* skopeo(...compressed, "zstd", `oci-archive:${root}/a.tar`, `oci:${root}/zstd:${name}`)
        yield* skopeo(...compressed, "gzip", `oci-archive:${root}/a.tar`, `oci:${root}/gzip:${name}`)
        for (const format of ["zstd", "gzip"]) {
          const layout = yield* OciDirectory.open(`${root}/${format}`)
          const { value } = yield* ImageStore.fetchDocument(
            layout,
            ImageManifest.codec,
            yield* layout.resolve(name)
          )
          assertTrue(value.layers.every(({ mediaType }) => mediaType.endsWith(`+${format}`)))
          yield* Copy.image({ store: layout, name }, { store: yield* ImageStore.makeMemory, name })
        }
        assertInclude(yield* skopeo("inspect", `oci:${root}/gzip:${name}`), "sha256")
        deepStrictEqual((yield* docker.resolve(name)).mediaType.includes("docker"), true)
      })
    )
  })
}
