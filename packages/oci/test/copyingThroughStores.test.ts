import { describe } from "@effect/vitest"
import { assertTrue, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import {
  Content,
  Copy,
  type Descriptor,
  DockerArchive,
  ImageStore,
  LocalStore,
  MediaType,
  OciArchive,
  OciDirectory
} from "@ociman/oci"
import { Effect, Stream } from "effect"
import { readFileSync, writeFileSync } from "node:fs"
import { gzipSync } from "node:zlib"
import { bytesOf, pushImage, read, temporary } from "./archives.js"
import { live } from "./live.js"

/** A document of another program, with unknown fields and in non-canonical form. */
const pushForeign = (store: ImageStore.Writable, mediaType: MediaType.MediaType, value: object) =>
  Effect.gen(function*() {
    const text = JSON.stringify({ "com.example.unknown": [1.50, { z: 1, a: "\u00E9" }], mediaType, ...value }, null, 3)
    const bytes = new TextEncoder().encode(`${text}\n`)
    const descriptor = yield* Content.describe(mediaType, bytes)
    yield* store.push(descriptor, Stream.make(bytes))
    return { descriptor, bytes }
  })

/** An index of two images. */
const pushIndex = (store: ImageStore.Store) =>
  Effect.gen(function*() {
    const images = yield* Effect.forEach(["amd64", "arm64"], (architecture) =>
      Effect.gen(function*() {
        const { config, layers } = yield* pushImage(store, [architecture, "shared"], architecture)
        const manifest = yield* pushForeign(store, MediaType.ImageManifest, { schemaVersion: 2, layers, config })
        return { architecture, layers, config, manifest }
      }))
    const manifests = images.map(({ architecture, manifest }) => ({
      platform: { os: "linux", architecture },
      ...manifest.descriptor
    }))
    return { images, index: yield* pushForeign(store, MediaType.ImageIndex, { manifests, schemaVersion: 2 }) }
  })

const name = "example.com/app:1"

const to = <S>(store: S) => ({ store, name })

describe("An image copied from store to store", () => {
  live(
    "has the same bytes at the end, through stores of every kind",
    Effect.gen(function*() {
      const root = yield* temporary
      const origin = yield* ImageStore.makeMemory
      const { images, index } = yield* pushIndex(origin)
      yield* origin.tag(index.descriptor, name)

      const layout = yield* OciDirectory.create(`${root}/layout`)
      yield* Copy.image(to(origin), to(layout))
      yield* OciArchive.edit(`${root}/a.tar`, (archive) => Copy.image(to(layout), to(archive)))
      writeFileSync(`${root}/a.tar.gz`, gzipSync(readFileSync(`${root}/a.tar`)))
      const archive = yield* OciArchive.open(`${root}/a.tar.gz`)
      const local = yield* LocalStore.make(`${root}/local`)
      yield* Copy.image(to(archive), to(local))
      writeFileSync(`${root}/b.tar`, yield* bytesOf(OciArchive.stream(local, [name])))
      const streamed = yield* OciArchive.open(`${root}/b.tar`)
      const end = yield* ImageStore.makeMemory
      deepStrictEqual(yield* Copy.image(to(streamed), to(end)), index.descriptor)

      const same = (descriptor: Descriptor.Descriptor) =>
        Effect.gen(function*() {
          assertTrue(yield* end.exists(descriptor))
          deepStrictEqual(yield* read(end, descriptor), yield* read(origin, descriptor))
        })
      deepStrictEqual(yield* read(end, index.descriptor), index.bytes)
      for (const { config, layers, manifest } of images) {
        deepStrictEqual(yield* read(end, manifest.descriptor), manifest.bytes)
        yield* Effect.forEach([config, ...layers], same)
      }

      // A Docker archive has no manifest. The configuration, whose digest is Docker's image id, and the layers stay the
      // same.
      const docker = yield* DockerArchive.open(`${root}/b.tar`)
      const [first] = images
      assertTrue(first !== undefined)
      for (const descriptor of [first.config, ...first.layers]) {
        deepStrictEqual(yield* read(docker, descriptor), yield* read(origin, descriptor))
      }
      const again = yield* ImageStore.makeMemory
      const there = yield* Copy.image(to(docker), to(again))
      strictEqual((yield* Copy.image(to(again), to(layout))).digest, there.digest)
    })
  )
})
