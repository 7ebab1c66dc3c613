/** Layouts of other tools are read, and written layouts are read by other tools. */
import { describe } from "@effect/vitest"
import { assertInclude, assertTrue, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import {
  Content,
  Copy,
  Hasher,
  ImageConfig,
  ImageIndex,
  ImageManifest,
  ImageStore,
  OciDirectory,
  Platform
} from "@ociman/oci"
import { Effect } from "effect"
import { pushBlob, pushImageOf, temporary } from "../archives.js"
import { type Environment, live } from "../live.js"
import { output, skopeo } from "./tools.js"

/** The end mark of an archive, which is an empty archive. */
const emptyTar = new Uint8Array(1024)

const pushImage = (store: ImageStore.Writable, architecture: string) =>
  Effect.gen(function*() {
    const layer = yield* pushBlob(store, emptyTar)
    const platform = Platform.make(`linux/${architecture}`)
    const { manifest } = yield* pushImageOf(store, [layer], platform, {
      created: "2020-01-01T00:00:00Z",
      config: { Env: ["A=b"], Cmd: ["/bin/sh"] },
      history: [{ created: "2020-01-01T00:00:00Z", created_by: "a test" }]
    })
    return { ...manifest, platform }
  })

/** All content of a layout, verified. */
const verifyAll = (store: OciDirectory.OciDirectory) =>
  Effect.gen(function*() {
    const memory = yield* ImageStore.makeMemory
    for (const entry of (yield* store.index).manifests) yield* Copy.graph(store, entry, memory)
    return memory
  })

export const suite = (
  engine: string,
  save: (directory: string) => Effect.Effect<
    void,
    unknown,
    Environment
  >
): void => {
  describe(`layouts and ${engine}`, () => {
    live(
      "are read unchanged by skopeo and umoci",
      Effect.gen(function*() {
        const root = yield* temporary
        const store = yield* OciDirectory.openOrCreate(`${root}/layout`)
        const one = yield* pushImage(store, "amd64")
        yield* store.tag(one, "one")
        const index = yield* Content.make(ImageIndex.codec, ImageIndex.make([one, yield* pushImage(store, "arm64")]))
        yield* ImageStore.pushDocument(store, index)
        yield* store.tag(index.descriptor, "all")

        const inspected = JSON.parse(yield* skopeo("inspect", `oci:${store.path}:one`))
        strictEqual(inspected.Digest, one.digest)
        strictEqual(inspected.Architecture, "amd64")
        assertInclude(yield* output("umoci", "stat", "--image", `${store.path}:one`), "a test")
        yield* skopeo("copy", "--all", "--preserve-digests", `oci:${store.path}:all`, `oci:${root}/copy:all`)
        const copy = yield* OciDirectory.open(`${root}/copy`)
        strictEqual((yield* copy.resolve("all")).digest, index.descriptor.digest)
        yield* verifyAll(copy)
      })
    )

    live(
      "of umoci are read and changed, and stay readable for umoci",
      Effect.gen(function*() {
        const root = `${yield* temporary}/layout`
        yield* output("umoci", "init", "--layout", root)
        yield* output("umoci", "new", "--image", `${root}:theirs`)
        const store = yield* OciDirectory.open(root)
        const theirs = yield* store.resolve("theirs")
        // An image without layers is invalid, but can be copied.
        const memory = yield* ImageStore.makeMemory
        deepStrictEqual(
          (yield* Copy.image({ store, name: "theirs" }, { store: memory, name: "a" })).digest,
          theirs.digest
        )
        yield* store.tag(yield* pushImage(store, "amd64"), "ours")
        const listed = yield* output("umoci", "ls", "--layout", root)
        deepStrictEqual(listed.trim().split("\n").sort(), ["ours", "theirs"])
        yield* store.collectGarbage({ grace: 0 })
        yield* output("umoci", "stat", "--image", `${root}:theirs`)
      })
    )

    live(
      `of ${engine} are read with the same digests as by skopeo`,
      Effect.gen(function*() {
        const root = yield* temporary
        yield* save(`${root}/saved`)
        const store = yield* OciDirectory.open(`${root}/saved`)
        const image = yield* store.resolve("v1")
        const raw = yield* skopeo("inspect", "--raw", `oci:${store.path}:v1`)
        strictEqual(yield* Hasher.bytes(new TextEncoder().encode(raw)), image.digest)
        const there = yield* OciDirectory.openOrCreate(`${root}/there`)
        yield* Copy.image({ store, name: "v1" }, { store: there, name: "v2" })
        const inspected = JSON.parse(yield* skopeo("inspect", `oci:${there.path}:v2`))
        strictEqual(inspected.Digest, image.digest)
        const config = yield* ImageStore.fetchDocument(there, ImageManifest.codec, image)
        const { value } = yield* ImageStore.fetchDocument(there, ImageConfig.codec, config.value.config)
        assertTrue(value.rootfs.diff_ids.length > 0)
        yield* verifyAll(there)
      })
    )
  })
}
