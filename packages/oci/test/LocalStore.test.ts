import { describe, it } from "@effect/vitest"
import { assertFalse, assertTrue, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { Artifact, Copy, ImageLayer, LocalStore, OciDirectory, Platform, RunnableImage, Tar } from "@ociman/oci"
import { ConfigProvider, Effect, Stream } from "effect"
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { failure, read } from "./archives.js"
import { live } from "./live.js"
import { describeTree, temporaryDirectory } from "./trees.js"

const artifact = (content: string, ...more: ReadonlyArray<Tar.Entry>) =>
  Artifact.addLayer(Artifact.make(), ImageLayer.fromEntries([Tar.file("lib.a", content), ...more]))

/** A package as stored by the crate ocipkg: its files, and the layout beside them. */
const legacy = (root: string, path: string, name: string | undefined, content: string) =>
  Effect.gen(function*() {
    mkdirSync(`${root}/${path}/__tests__/deep`, { recursive: true })
    writeFileSync(`${root}/${path}/lib.a`, content)
    const layout = yield* OciDirectory.create(`${root}/${path}/.oci-dir`)
    return yield* Artifact.push(artifact(content), layout, name)
  })

describe("LocalStore", () => {
  live(
    "keeps all names distinct on every file system",
    Effect.gen(function*() {
      const root = yield* temporaryDirectory
      const store = yield* LocalStore.make(root)
      const names = [
        "example.com/a:v1",
        "example.com/a:V1",
        "example.com/a:v__1",
        "example.com/a__b:1",
        "example.com/a/b:1",
        "example.com:80/a:1",
        "../../escape",
        "CON"
      ]
      for (const name of names) yield* Artifact.push(artifact(name), store, name)
      deepStrictEqual([...(yield* Stream.runCollect(store.names))].sort(), [...names].sort())
      for (const name of names) {
        strictEqual(readFileSync(`${yield* store.files(name)}/lib.a`, "utf8"), name)
      }
      // No path contains an upper-case letter or any part of a name.
      const paths = readdirSync(root, { recursive: true, encoding: "utf8" }).filter((path) => !path.endsWith("lib.a"))
      assertTrue(
        paths.every((path) => /^(layout|files)(\/(blobs|sha256|[0-9a-f]{64}|oci-layout|index\.json))*$/.test(path)),
        paths.join("\n")
      )
      deepStrictEqual(readdirSync(root.slice(0, root.lastIndexOf("/"))).includes("escape"), false)
    })
  )

  live(
    "keeps unpacked files apart from its metadata, whatever their names",
    Effect.gen(function*() {
      const store = yield* LocalStore.make(yield* temporaryDirectory)
      const names = ["__tests__/a", "__pycache__/b", ".oci-dir/index.json", "layout/index.json", "oci-layout"]
      yield* Artifact.push(artifact("1", ...names.map((name) => Tar.file(name, "mine"))), store, "a")
      const directory = yield* store.files("a")
      for (const name of names) strictEqual(readFileSync(`${directory}/${name}`, "utf8"), "mine")
      deepStrictEqual([...(yield* Stream.runCollect(store.names))], ["a"])
      strictEqual((yield* store.layout.index).manifests.length, 1)
    })
  )

  live(
    "unpacks once for concurrent callers, and leaves nothing behind after a failure",
    Effect.gen(function*() {
      const root = yield* temporaryDirectory
      const store = yield* LocalStore.make(root)
      const other = yield* LocalStore.make(root)
      const { descriptor, value } = yield* Artifact.push(artifact("1"), store, "a")
      const directories = yield* Effect.forEach(
        [store, other, store, other, store, other],
        (_) => _.files("a"),
        { concurrency: "unbounded" }
      )
      deepStrictEqual(new Set(directories), new Set([store.directory(descriptor.digest)]))
      deepStrictEqual(describeTree(`${root}/files/sha256`).filter((line) => line.includes("partial")), [])

      rmSync(store.directory(descriptor.digest), { recursive: true })
      const [layer] = value.layers
      const blob = `${root}/layout/blobs/${layer.digest.replace(":", "/")}`
      const bytes = readFileSync(blob)
      writeFileSync(blob, bytes.map((byte, i) => i === 600 ? byte ^ 1 : byte))
      strictEqual((yield* failure(store.files("a"))).split(" ")[0], "DigestMismatch")
      assertFalse(existsSync(store.directory(descriptor.digest)))
      deepStrictEqual(readdirSync(`${root}/files/sha256`), [])
    })
  )

  live(
    "returns the files of the current content of a moved name",
    Effect.gen(function*() {
      const store = yield* LocalStore.make(yield* temporaryDirectory)
      yield* Artifact.push(artifact("old"), store, "a")
      const before = yield* store.files("a")
      yield* Artifact.push(artifact("new"), store, "a")
      strictEqual(readFileSync(`${yield* store.files("a")}/lib.a`, "utf8"), "new")
      strictEqual(readFileSync(`${before}/lib.a`, "utf8"), "old")
      yield* store.collectGarbage({ grace: 0, unnamed: true })
      assertFalse(existsSync(before))
      strictEqual(readFileSync(`${yield* store.files("a")}/lib.a`, "utf8"), "new")
      mkdirSync(`${before}.partial-abc`)
      yield* store.collectGarbage()
      assertTrue(existsSync(`${before}.partial-abc`))
      yield* Effect.sleep("10 millis")
      yield* store.collectGarbage({ grace: 0 })
      assertFalse(existsSync(`${before}.partial-abc`))
    })
  )

  live(
    "unpacks images for the selected platform",
    Effect.gen(function*() {
      const store = yield* LocalStore.make(yield* temporaryDirectory)
      const of = (architecture: string) =>
        RunnableImage.addLayer(
          RunnableImage.scratch(Platform.make(`linux/${architecture}`)),
          ImageLayer.fromEntries([Tar.file("name", architecture)])
        )
      yield* RunnableImage.pushIndex([of("amd64"), of("arm64")], store, "all")
      for (const architecture of ["amd64", "arm64"]) {
        const directory = yield* store.files("all", { platform: Platform.make(`linux/${architecture}`) })
        strictEqual(readFileSync(`${directory}/name`, "utf8"), architecture)
      }
      strictEqual(yield* failure(store.files("all")), "ArtifactError NotAnArtifact")
      strictEqual(yield* failure(store.files("nothing")), "ContentNotFound")
    })
  )

  for (
    const [settings, expected] of [
      [{ OCIMAN_DATA_DIR: "/a", XDG_DATA_HOME: "/b", HOME: "/c" }, "/a"],
      [{ XDG_DATA_HOME: "/b", HOME: "/c" }, "/b/ociman"],
      [{ HOME: "/c" }, "/c/.local/share/ociman"]
    ] as const
  ) {
    it.effect(`is in ${expected} with the settings ${Object.keys(settings).join(", ")}`, () =>
      Effect.map(
        Effect.withConfigProvider(LocalStore.dataDirectory, ConfigProvider.fromMap(new Map(Object.entries(settings)))),
        (directory) => strictEqual(directory, expected)
      ))
  }

  live(
    "reads every complete image of a store of the crate ocipkg",
    Effect.gen(function*() {
      const root = yield* temporaryDirectory
      const { descriptor, value } = yield* legacy(root, "ghcr.io/a/b/__v1", "ghcr.io/a/b:v1", "one")
      // The path alone does not distinguish the tag from a separator.
      yield* legacy(root, "localhost__5000/a/__v__1", "localhost:5000/a:v__1", "two")
      const digest = `sha256:${"a".repeat(64)}`
      yield* legacy(root, `ghcr.io/a/__${digest.replace(":", "__")}`, undefined, "three")
      mkdirSync(`${root}/ghcr.io/half/__v1/.oci-dir`, { recursive: true })
      symlinkSync(root, `${root}/ghcr.io/loop`)
      writeFileSync(`${root}/ghcr.io/file`, "")

      const store = yield* LocalStore.ocipkg(root)
      deepStrictEqual([...(yield* Stream.runCollect(store.names))].sort(), [
        "ghcr.io/a/b:v1",
        `ghcr.io/a@${digest}`,
        "localhost:5000/a:v__1"
      ])
      strictEqual((yield* store.resolve("ghcr.io/a/b:v1")).digest, descriptor.digest)
      strictEqual((yield* read(store, value.layers[0])).length, value.layers[0].size)
      strictEqual(yield* failure(store.resolve("ghcr.io/half:v1")), "ContentNotFound")
      const mine = yield* LocalStore.make(`${root}-mine`)
      for (const name of yield* Stream.runCollect(store.names)) {
        yield* Copy.image({ store, name }, { store: mine, name })
      }
      strictEqual(readFileSync(`${yield* mine.files("localhost:5000/a:v__1")}/lib.a`, "utf8"), "two")
      rmSync(`${root}-mine`, { recursive: true })
      deepStrictEqual([...(yield* Stream.runCollect((yield* LocalStore.ocipkg(`${root}/nothing`)).names))], [])
    })
  )
})
