/** Reused buffers show wrong content if a reader keeps them. */
import { describe } from "@effect/vitest"
import { assertTrue, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import {
  Artifact,
  Content,
  Copy,
  ImageLayer,
  ImageStore,
  MediaType,
  OciArchive,
  OciDirectory,
  Platform,
  RunnableImage,
  Unpack
} from "@ociman/oci"
import * as FastPath from "@ociman/oci/author/FastPath"
import { Effect, Sink, Stream } from "effect"
import { randomFillSync } from "node:crypto"
import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { bytesOf, failure, read, temporary } from "./archives.js"
import { live } from "./live.js"

/** Larger than a few buffers, and not a multiple of their size. */
const content = randomFillSync(Buffer.alloc(3 * 1024 ** 2 + 12_345))

const files = Effect.map(temporary, (root) => {
  mkdirSync(`${root}/files`)
  writeFileSync(`${root}/files/large`, content)
  writeFileSync(`${root}/files/other`, content.subarray(1))
  // Files that together are larger than the gathering buffer, each with different content.
  for (let i = 0; i < 200; i++) writeFileSync(`${root}/files/${i}`, content.subarray(i, i + 20_000 + i))
  return root
})

const isWhole = (bytes: Uint8Array, expected: Uint8Array = content) => assertTrue(Buffer.from(bytes).equals(expected))

describe("Content larger than a buffer", () => {
  live(
    "is copied unchanged between stores of every kind",
    Effect.gen(function*() {
      const root = yield* temporary
      const one = yield* OciDirectory.openOrCreate(`${root}/one`)
      const descriptor = yield* Content.describe(MediaType.ImageLayer, content)
      yield* one.push(descriptor, Stream.make(content))
      const two = yield* OciDirectory.openOrCreate(`${root}/two`)
      yield* Copy.graph(one, descriptor, two)
      isWhole(yield* read(two, descriptor))
      yield* OciArchive.edit(`${root}/a.tar`, (archive) => Copy.graph(two, descriptor, archive))
      const archive = yield* OciArchive.open(`${root}/a.tar`)
      isWhole(yield* read(archive, descriptor))
      const memory = yield* ImageStore.makeMemory
      yield* Copy.graph(two, descriptor, memory)
      isWhole(yield* read(memory, descriptor))
      // A consumer that collects reused buffers gets overwritten content.
      assertTrue(
        !Buffer.from(yield* bytesOf(FastPath.ofFetch(two).reused?.(descriptor) ?? Stream.empty)).equals(content)
      )
    })
  )

  live(
    "is packed and unpacked unchanged, compressed or not",
    Effect.gen(function*() {
      const root = yield* files
      for (const compression of ["none", "gzip"] as const) {
        const store = yield* OciDirectory.openOrCreate(`${root}/${compression}`)
        const layer = ImageLayer.compress(ImageLayer.fromDirectory(`${root}/files`), compression)
        yield* RunnableImage.scratch(Platform.make("linux/amd64")).pipe(
          RunnableImage.addLayer(layer),
          RunnableImage.push(store, "image")
        )
        yield* Artifact.push(Artifact.addLayer(Artifact.make(), layer), store, "artifact")
        yield* Unpack.image({ store, name: "image" }, `${root}/${compression}-image`)
        yield* Artifact.unpack(store, "artifact", `${root}/${compression}-artifact`)
        for (const kind of ["image", "artifact"]) {
          isWhole(readFileSync(`${root}/${compression}-${kind}/large`))
          isWhole(readFileSync(`${root}/${compression}-${kind}/other`), content.subarray(1))
        }
      }
    })
  )

  live(
    "is equal by every way of reading it, also if the pieces are collected",
    Effect.gen(function*() {
      const root = yield* files
      const layer = ImageLayer.fromDirectory(`${root}/files`)
      const described = yield* ImageLayer.describe(layer)
      const [ran, pieces] = yield* ImageLayer.run(layer, Sink.collectAll<Uint8Array>())
      deepStrictEqual(ran, described)
      const collected = Buffer.concat([...pieces])
      strictEqual((yield* Content.describe(MediaType.ImageLayer, collected)).digest, described.descriptor.digest)
      assertTrue(Buffer.from(yield* bytesOf(ImageLayer.stream(layer))).equals(collected))
      const store = yield* ImageStore.makeMemory
      const { value } = yield* Artifact.push(Artifact.addLayer(Artifact.make(), layer), store)
      const [packed] = value.layers
      strictEqual(packed.digest, described.diffId)
      assertTrue(Buffer.from(yield* read(store, packed)).equals(collected))
    })
  )

  live(
    "is not copied if it is damaged",
    Effect.gen(function*() {
      const root = yield* temporary
      const one = yield* OciDirectory.openOrCreate(`${root}/one`)
      const descriptor = yield* Content.describe(MediaType.ImageLayer, content)
      yield* one.push(descriptor, Stream.make(content))
      writeFileSync(`${root}/one/blobs/${descriptor.digest.replace(":", "/")}`, content.map((byte) => byte ^ 1))
      const two = yield* OciDirectory.openOrCreate(`${root}/two`)
      strictEqual(yield* failure(Copy.graph(one, descriptor, two)), "DigestMismatch")
      assertTrue(!(yield* two.exists(descriptor)))
    })
  )
})
