/** Memory that is used again shows what it should not, unless who reads is done with it. */
import { describe } from "@effect/vitest"
import { assertTrue, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import {
  Artifact,
  Content,
  Copy,
  ImageStore,
  Layer,
  MediaType,
  OciArchive,
  OciDirectory,
  Platform,
  RunnableImage,
  Unpack
} from "@ociman/oci"
import { Effect, Sink, Stream } from "effect"
import { randomFillSync } from "node:crypto"
import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { bytesOf, failure, read, temporary } from "./archives.js"
import { live } from "./live.js"

/** More than a few pieces, and no whole number of them. */
const content = randomFillSync(Buffer.alloc(3 * 1024 ** 2 + 12_345))

const files = Effect.map(temporary, (root) => {
  mkdirSync(`${root}/files`)
  writeFileSync(`${root}/files/large`, content)
  writeFileSync(`${root}/files/other`, content.subarray(1))
  // Together more than what is gathered, too, and each unlike the others.
  for (let i = 0; i < 200; i++) writeFileSync(`${root}/files/${i}`, content.subarray(i, i + 20_000 + i))
  return root
})

const isWhole = (bytes: Uint8Array, expected: Uint8Array = content) => assertTrue(Buffer.from(bytes).equals(expected))

describe("What is too large for a piece of memory", () => {
  live(
    "is copied whole between stores of every kind",
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
      // Whoever collects the pieces has what was read into them last.
      assertTrue(!Buffer.from(yield* bytesOf(two.fetchReused?.(descriptor) ?? Stream.empty)).equals(content))
    })
  )

  live(
    "is packed and unpacked whole, compressed or not",
    Effect.gen(function*() {
      const root = yield* files
      for (const compression of ["none", "gzip"] as const) {
        const store = yield* OciDirectory.openOrCreate(`${root}/${compression}`)
        const layer = Layer.compress(Layer.fromDirectory(`${root}/files`), compression)
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
    "is the same however it is asked for, also when the pieces are collected",
    Effect.gen(function*() {
      const root = yield* files
      const layer = Layer.fromDirectory(`${root}/files`)
      const described = yield* Layer.describe(layer)
      const [ran, pieces] = yield* Layer.run(layer, Sink.collectAll<Uint8Array>())
      deepStrictEqual(ran, described)
      const collected = Buffer.concat([...pieces])
      strictEqual((yield* Content.describe(MediaType.ImageLayer, collected)).digest, described.descriptor.digest)
      assertTrue(Buffer.from(yield* bytesOf(Layer.stream(layer))).equals(collected))
      const store = yield* ImageStore.makeMemory
      const { value } = yield* Artifact.push(Artifact.addLayer(Artifact.make(), layer), store)
      const [packed] = value.layers
      strictEqual(packed.digest, described.diffId)
      assertTrue(Buffer.from(yield* read(store, packed)).equals(collected))
    })
  )

  live(
    "and is damaged is not copied",
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
