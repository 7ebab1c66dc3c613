import { describe } from "@effect/vitest"
import { assertFalse, assertInclude, assertTrue, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import {
  Annotations,
  Artifact,
  Content,
  Descriptor,
  Hasher,
  ImageLayer,
  ImageManifest,
  ImageStore,
  MediaType,
  OciArchive,
  OciDirectory,
  Tar
} from "@ociman/oci"
import { ConfigProvider, Effect, Either, Sink, Stream } from "effect"
import { chmodSync, mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from "node:fs"
import { bytesOf, failure, pushImage, read } from "./archives.js"
import { live } from "./live.js"
import { describeTree, temporaryDirectory } from "./trees.js"

const tree = (root: string) => {
  mkdirSync(`${root}/include/deep`, { recursive: true })
  writeFileSync(`${root}/lib.a`, "library")
  writeFileSync(`${root}/include/deep/a.h`, "header")
  writeFileSync(`${root}/run`, "#!/bin/sh\n")
  chmodSync(`${root}/run`, 0o750)
  return root
}

const plain = (root: string) => Artifact.addLayer(Artifact.make(), ImageLayer.fromDirectory(root))

describe("An artifact", () => {
  live(
    "has the same digest for the same directory on every machine, whatever its umask, owner and times",
    Effect.gen(function*() {
      const [a, b] = [tree(`${yield* temporaryDirectory}/a`), tree(`${yield* temporaryDirectory}/b`)]
      utimesSync(`${b}/lib.a`, 1, 2)
      chmodSync(`${b}/include`, 0o700)
      const store = yield* ImageStore.makeMemory
      const one = yield* Artifact.push(plain(a), store)
      const two = yield* Artifact.push(plain(b), store)
      strictEqual(two.descriptor.digest, one.descriptor.digest)
      strictEqual(
        one.descriptor.digest,
        "sha256:d5183d65a7963ce2e9b707b47b99c9946759054478e3c703c88a05b9cb800519"
      )
      const later = yield* Artifact.push(plain(a), store).pipe(
        Effect.withConfigProvider(ConfigProvider.fromMap(new Map([["SOURCE_DATE_EPOCH", "1700000000"]])))
      )
      assertTrue(later.descriptor.digest !== one.descriptor.digest)
      // Compressing twice on one machine gives the same bytes, too.
      const compressed = yield* Artifact.push(Artifact.fromDirectory(a), store)
      strictEqual(
        (yield* Artifact.push(Artifact.fromDirectory(b), store)).descriptor.digest,
        compressed.descriptor.digest
      )
    })
  )

  live(
    "lists its files by their paths, and by the digests of their layers",
    Effect.gen(function*() {
      const root = tree(`${yield* temporaryDirectory}/a`)
      const store = yield* ImageStore.makeMemory
      const { value } = yield* Artifact.push(Artifact.fromDirectory(root), store, "v1")
      deepStrictEqual(
        (yield* Artifact.files(store, "v1")).map(({ files }) => files),
        [["include/deep/a.h", "lib.a", "run"]]
      )
      strictEqual(value.artifactType, "application/vnd.ocipkg.v1.artifact")
      strictEqual(value.config.mediaType, "application/vnd.ocipkg.v1.config+json")
      strictEqual(value.layers[0].mediaType, "application/vnd.ocipkg.v1.layer.tar+gzip")
      strictEqual(value.mediaType, MediaType.ImageManifest)
      const config = yield* ImageStore.fetchDocument(store, Artifact.codec, value.config)
      const diffId = config.value.diff_ids?.[value.layers[0].digest]
      const archive = yield* bytesOf(
        ImageLayer.decompress({ mediaType: value.layers[0].mediaType, bytes: store.fetch(value.layers[0]) })
      )
      strictEqual(diffId, yield* Hasher.bytes(archive))
    })
  )

  for (const compression of ["none", "gzip", "zstd"] as const) {
    live(
      `round-trips files with ${compression}, or fails if the platform does not support it`,
      Effect.gen(function*() {
        const root = tree(`${yield* temporaryDirectory}/a`)
        const store = yield* OciDirectory.openOrCreate(`${root}-layout`)
        const artifact = Artifact.addLayer(
          Artifact.make(),
          ImageLayer.compress(ImageLayer.fromDirectory(root, { permissions: "kept" }), compression)
        )
        const pushed = yield* Effect.either(Artifact.push(artifact, store, "v1"))
        const [major = 0, minor = 0] = process.versions.node.split(".").map(Number)
        if (compression === "zstd" && (major < 22 || (major === 22 && minor < 15))) {
          assertInclude(String(Either.getOrThrow(Either.flip(pushed)).message), "zstd is not available")
          deepStrictEqual(readdirSync(`${root}-layout/blobs/sha256`), [])
          return
        }
        assertTrue(Either.isRight(pushed))
        yield* Artifact.unpack(store, "v1", `${root}-out`)
        deepStrictEqual(describeTree(`${root}-out`), describeTree(root))
      })
    )
  }

  live(
    "contains files under their base names, and refuses two files with the same base name",
    Effect.gen(function*() {
      const root = tree(`${yield* temporaryDirectory}/a`)
      const store = yield* ImageStore.makeMemory
      const artifact = yield* Artifact.fromFiles([`${root}/lib.a`, `${root}/include/deep/a.h`])
      yield* Artifact.push(artifact, store, "v1")
      deepStrictEqual((yield* Artifact.files(store, "v1"))[0]?.files, ["a.h", "lib.a"])
      const error = yield* Effect.flip(Artifact.fromFiles([`${root}/lib.a`, `${root}/other/lib.a`]))
      strictEqual(error.reason, "SameName")
      assertInclude(error.message, "other/lib.a")
      const missing = yield* Artifact.fromFiles([`${root}/missing`])
      strictEqual(yield* failure(Artifact.push(missing, store)), "FileTreeError Unreadable")
    })
  )

  live(
    "contains a stream with any media type and a title",
    Effect.gen(function*() {
      const store = yield* ImageStore.makeMemory
      const type = MediaType.MediaType.make("application/vnd.example")
      const bytes = new TextEncoder().encode("abc")
      const artifact = Artifact.fromStream(type, Stream.make(bytes, bytes), { title: "abc.txt" }).pipe(
        Artifact.annotate({ [Annotations.version]: "1.2.3" })
      )
      const { value } = yield* Artifact.push(artifact, store, "v1")
      strictEqual(value.artifactType, type)
      deepStrictEqual(value.config, { ...Descriptor.empty })
      const [layer] = value.layers
      strictEqual(layer.annotations?.[Annotations.title], "abc.txt")
      strictEqual(Buffer.from(yield* read(store, layer)).toString(), "abcabc")
      // The key of the specification, not the `versions` of ocipkg.
      deepStrictEqual(value.annotations, { "org.opencontainers.image.version": "1.2.3" })
      deepStrictEqual((yield* Artifact.files(store, "v1"))[0]?.files, [])
    })
  )

  live(
    "with a subject needs no files and is found as a referrer of the subject",
    Effect.gen(function*() {
      const store = yield* ImageStore.makeMemory
      const { manifest } = yield* pushImage(store, ["one"])
      const type = MediaType.MediaType.make("application/vnd.example.signature")
      const signature = yield* Artifact.push(Artifact.subject(Artifact.make(type), manifest), store)
      deepStrictEqual(signature.value.layers, [Descriptor.empty])
      const [found] = yield* Stream.runCollect(store.referrers(manifest))
      strictEqual(found?.digest, signature.descriptor.digest)
      strictEqual(found?.artifactType, type)
    })
  )

  live(
    "stores only blobs that its manifest refers to",
    Effect.gen(function*() {
      const root = tree(`${yield* temporaryDirectory}/a`)
      const store = yield* OciDirectory.openOrCreate(`${root}-layout`)
      const { descriptor, value } = yield* Artifact.push(Artifact.fromDirectory(root), store)
      yield* Artifact.push(Artifact.fromDirectory(root), store)
      deepStrictEqual(
        readdirSync(`${root}-layout/blobs/sha256`).sort(),
        [descriptor, value.config, ...value.layers].map(({ digest }) => digest.slice(7)).sort()
      )
      assertFalse(readFileSync(`${root}-layout/index.json`, "utf8").includes("ref.name"))
    })
  )

  live(
    "written by older versions of ocipkg is listed by reading its layers, and unpacked",
    Effect.gen(function*() {
      const destination = `${yield* temporaryDirectory}/out`
      const store = yield* ImageStore.makeMemory
      const layer = ImageLayer.compress(ImageLayer.fromEntries([Tar.file("lib/a", "1"), Tar.file("b", "2")]), "gzip")
      const [description, bytes] = yield* ImageLayer.run(layer, Sink.collectAll<Uint8Array>())
      yield* store.push(description.descriptor, Stream.fromChunk(bytes))
      yield* store.push(Descriptor.empty, Stream.make(new TextEncoder().encode("{}")))
      const manifest = yield* Content.make(
        ImageManifest.codec,
        ImageManifest.make({
          artifactType: MediaType.MediaType.make("application/vnd.ocipkg.v1.artifact"),
          config: Descriptor.empty,
          layers: [description.descriptor]
        })
      )
      yield* ImageStore.pushDocument(store, manifest)
      yield* store.tag(manifest.descriptor, "v0")
      deepStrictEqual((yield* Artifact.files(store, "v0"))[0]?.files, ["b", "lib/a"])
      yield* Artifact.unpack(store, "v0", destination)
      deepStrictEqual(describeTree(destination), ["b 644 2", "lib/", "lib/a 644 1"])
    })
  )

  live(
    "is pushed to an archive like to any other store, and unpacked from it",
    Effect.gen(function*() {
      const root = tree(`${yield* temporaryDirectory}/a`)
      yield* OciArchive.edit(`${root}.tar`, (archive) => Artifact.push(Artifact.fromDirectory(root), archive, "v1"))
      const archive = yield* OciArchive.open(`${root}.tar`)
      yield* Artifact.unpack(archive, "v1", `${root}-out`)
      deepStrictEqual(describeTree(`${root}-out`), describeTree(root).map((line) => line.replace("run 750", "run 755")))
      strictEqual(yield* failure(Artifact.unpack(archive, "v2", `${root}-out2`)), "ContentNotFound")
    })
  )

  live(
    "whose layer does not have the digest in its configuration is not unpacked",
    Effect.gen(function*() {
      const root = tree(`${yield* temporaryDirectory}/a`)
      const store = yield* ImageStore.makeMemory
      const { value } = yield* Artifact.push(Artifact.fromDirectory(root), store)
      const config = yield* ImageStore.fetchDocument(store, Artifact.codec, value.config)
      const wrong = yield* Content.make(Artifact.codec, {
        ...config.value,
        diff_ids: { [value.layers[0].digest]: value.config.digest }
      })
      yield* ImageStore.pushDocument(store, wrong)
      const manifest = yield* Content.make(ImageManifest.codec, { ...value, config: wrong.descriptor })
      yield* ImageStore.pushDocument(store, manifest)
      yield* store.tag(manifest.descriptor, "wrong")
      strictEqual(yield* failure(Artifact.unpack(store, "wrong", `${root}-out`)), "UnpackError DiffIdMismatch")
      deepStrictEqual(readdirSync(root.slice(0, -2)), ["a"])
    })
  )
})
