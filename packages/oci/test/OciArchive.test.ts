import { FileSystem } from "@effect/platform"
import { describe } from "@effect/vitest"
import { assertFalse, assertInclude, assertTrue, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import {
  Content,
  Copy,
  type Descriptor,
  DockerArchive,
  ImageIndex,
  ImageManifest,
  ImageStore,
  MediaType,
  OciArchive,
  OciDirectory,
  Tar
} from "@ociman/oci"
import * as ImageLayout from "@ociman/oci/author/ImageLayout"
import { Effect, Exit, Fiber, Stream } from "effect"
import { execFileSync } from "node:child_process"
import {
  appendFileSync,
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync
} from "node:fs"
import { gzipSync } from "node:zlib"
import { archiveOf, bytesOf, failure, pushImage, read, temporary } from "./archives.js"
import { live } from "./live.js"
import { ended, program, ready } from "./programs.js"
import { zstdCompressSync } from "./zstd.js"

const entriesOf = (bytes: Uint8Array) =>
  Effect.map(
    Stream.runCollect(Stream.mapEffect(Tar.read(Stream.make(bytes)), (entry) =>
      Effect.map(bytesOf(entry.content), (content) => ({ path: entry.path, content, modified: entry.modified })))),
    (entries) => [...entries]
  )

/** An archive with one image of two layers, named `example.com/app:1`. */
const saved = (path: string) =>
  OciArchive.edit(
    path,
    (archive) =>
      Effect.tap(pushImage(archive, ["one", "two"]), ({ manifest }) => archive.tag(manifest, "example.com/app:1"))
  )

/** The same archive, written by another program. */
const rewritten = (path: string, f: (entry: Tar.Entry) => ReadonlyArray<Tar.Entry>) =>
  Effect.gen(function*() {
    const entries = yield* entriesOf(readFileSync(path))
    writeFileSync(
      path,
      yield* archiveOf(
        entries.flatMap(({ content, path }) =>
          content.length === 0 ? f(Tar.directory(path)) : f(Tar.file(path, content))
        )
      )
    )
  })

describe("An OciArchive", () => {
  live(
    "reads back all content after it is saved, and is also a Docker archive",
    Effect.gen(function*() {
      const path = `${yield* temporary}/a.tar`
      const { layers, manifest } = yield* saved(path)
      const archive = yield* OciArchive.open(path)
      strictEqual((yield* archive.resolve("example.com/app:1")).digest, manifest.digest)
      for (const layer of layers) strictEqual((yield* read(archive, layer)).length, layer.size)
      const docker = yield* DockerArchive.open(path)
      const [image] = docker.images
      assertTrue(image !== undefined)
      deepStrictEqual([...(yield* Stream.runCollect(docker.names))], ["example.com/app:1"])
      const { value } = yield* ImageStore.fetchDocument(docker, ImageManifest.codec, image)
      deepStrictEqual(value.layers.map(({ digest }) => digest), layers.map(({ digest }) => digest))
    })
  )

  live(
    "has the same bytes for the same content, in any order of pushes",
    Effect.gen(function*() {
      const root = yield* temporary
      const make = (path: string, names: ReadonlyArray<string>) =>
        OciArchive.edit(path, (archive) =>
          Effect.gen(function*() {
            const images = yield* Effect.forEach(names, (name) => pushImage(archive, [name]))
            const sorted = images.map(({ manifest }) => manifest).sort((a, b) => a.digest < b.digest ? -1 : 1)
            for (const manifest of sorted) yield* archive.tag(manifest, manifest.digest.slice(7, 12))
          }))
      yield* make(`${root}/a`, ["one", "two", "three"])
      yield* make(`${root}/b`, ["three", "one", "two"])
      assertTrue(readFileSync(`${root}/a`).equals(readFileSync(`${root}/b`)))
    })
  )

  live(
    "begins with the files that skopeo and GNU tar expect",
    Effect.gen(function*() {
      const path = `${yield* temporary}/a.tar`
      const { config, layers, manifest } = yield* saved(path)
      const listed = execFileSync("tar", ["-tf", path], { encoding: "utf8" }).trim().split("\n")
      const blobs = [...layers, config, manifest].map(({ digest }) => ImageLayout.blobPath(digest)).sort()
      deepStrictEqual(listed, ["blobs/", "blobs/sha256/", ...blobs, "index.json", "manifest.json", "oci-layout"])
    })
  )

  live(
    "of many gigabytes is opened by reading its headers only",
    Effect.gen(function*() {
      const root = yield* temporary
      const path = `${root}/large.tar`
      const small = yield* saved(path)
      // A sparse file of 20 GiB in the middle.
      const header = (yield* archiveOf([Tar.file("other", "")])).slice(0, 512)
      const size = 20 * 1024 ** 3
      header.set(new TextEncoder().encode(size.toString(8).padStart(11, "0")), 124)
      header.fill(0x20, 148, 156)
      header.set(
        new TextEncoder().encode(header.reduce((sum, byte) => sum + byte, 0).toString(8).padStart(6, "0")),
        148
      )
      header[154] = 0
      const rest = readFileSync(path)
      writeFileSync(path, header)
      truncateSync(path, 512 + size)
      appendFileSync(path, rest)

      let bytes = 0
      const fs = yield* FileSystem.FileSystem
      const counting: FileSystem.FileSystem = {
        ...fs,
        open: (path, options) =>
          Effect.map(fs.open(path, options), (file) =>
            new Proxy(file, {
              get: (target, key) =>
                key === "readAlloc"
                  ? (length: number) => {
                    bytes += length
                    return target.readAlloc(length)
                  }
                  : Reflect.get(target, key, target) instanceof Function
                  ? Reflect.get(target, key, target).bind(target)
                  : Reflect.get(target, key, target)
            }))
      }
      yield* Effect.gen(function*() {
        const archive = yield* OciArchive.open(path)
        assertTrue(bytes < 64 * 1024, `${bytes} bytes were read`)
        const [layer] = small.layers
        assertTrue(layer !== undefined)
        strictEqual((yield* read(archive, layer)).length, layer.size)
        assertTrue(bytes < 128 * 1024, `${bytes} bytes were read`)
      }).pipe(Effect.provideService(FileSystem.FileSystem, counting))
    })
  )

  live(
    "with names that begin with ./, or packed by other tools in any format, is read",
    Effect.gen(function*() {
      const root = yield* temporary
      const { manifest } = yield* saved(`${root}/a.tar`)
      yield* Effect.scoped(Effect.flatMap(OciArchive.open(`${root}/a.tar`), (archive) =>
        Effect.gen(function*() {
          const directory = yield* OciDirectory.create(`${root}/directory`)
          yield* Copy.image({ store: archive, name: "example.com/app:1" }, { store: directory, name: "a" })
        })))
      for (const format of ["gnu", "pax", "ustar", "v7"]) {
        const path = `${root}/${format}.tar`
        execFileSync("tar", ["-C", `${root}/directory`, `--format=${format}`, "-cf", path, "."])
        const archive = yield* OciArchive.open(path)
        strictEqual((yield* archive.resolve("a")).digest, manifest.digest)
        yield* Copy.image({ store: archive, name: "a" }, { store: yield* ImageStore.makeMemory, name: "a" })
      }
    })
  )

  live(
    "with digests too long for a plain header is read in POSIX and GNU format",
    Effect.gen(function*() {
      const root = yield* temporary
      const directory = yield* OciDirectory.create(`${root}/directory`)
      const bytes = new TextEncoder().encode("long")
      const long = yield* Content.describe(MediaType.OctetStream, bytes, "sha512")
      yield* directory.push(long, Stream.make(bytes))
      for (const format of ["gnu", "pax"]) {
        execFileSync("tar", ["-C", `${root}/directory`, `--format=${format}`, "-cf", `${root}/${format}`, "."])
        const archive = yield* OciArchive.open(`${root}/${format}`)
        deepStrictEqual([...(yield* read(archive, long))], [...bytes])
      }
      yield* OciArchive.edit(`${root}/ours`, (archive) => archive.push(long, Stream.make(bytes)))
      deepStrictEqual([...(yield* read(yield* OciArchive.open(`${root}/ours`), long))], [...bytes])
    })
  )

  live(
    "that is compressed is read, and its decompressed copy is removed",
    Effect.gen(function*() {
      const path = `${yield* temporary}/a.tar`
      const { manifest } = yield* saved(path)
      writeFileSync(path, gzipSync(readFileSync(path)))
      yield* Effect.scoped(Effect.gen(function*() {
        const archive = yield* OciArchive.open(path)
        strictEqual((yield* archive.resolve("example.com/app:1")).digest, manifest.digest)
        yield* Copy.image({ store: archive, name: "example.com/app:1" }, {
          store: yield* ImageStore.makeMemory,
          name: ""
        })
      }))
      writeFileSync(path, readFileSync(path).subarray(0, 200))
      strictEqual(yield* failure(OciArchive.open(path)), "LayoutError Unreadable")
    })
  )

  live(
    "keeps its compression on save; a new archive is compressed by its file name",
    Effect.gen(function*() {
      const root = yield* temporary
      const magic = (path: string) => readFileSync(path).readUInt16BE()
      for (const name of ["a.tar.gz", "b.tgz", "c.TAR.GZ"]) {
        const { manifest } = yield* saved(`${root}/${name}`)
        strictEqual(magic(`${root}/${name}`), 0x1F8B)
        strictEqual(
          (yield* (yield* OciArchive.open(`${root}/${name}`)).resolve("example.com/app:1")).digest,
          manifest.digest
        )
        assertTrue(readFileSync(`${root}/${name}`).equals(readFileSync(`${root}/a.tar.gz`)))
      }
      yield* saved(`${root}/plain.tar`)
      writeFileSync(`${root}/other.tar`, gzipSync(readFileSync(`${root}/plain.tar`)))
      writeFileSync(`${root}/plain.tar.gz`, readFileSync(`${root}/plain.tar`))
      for (const name of ["other.tar", "plain.tar.gz"]) {
        const before = magic(`${root}/${name}`)
        yield* OciArchive.edit(`${root}/${name}`, (archive) => pushImage(archive, ["three"]))
        strictEqual(magic(`${root}/${name}`), before)
        const archive = yield* OciArchive.open(`${root}/${name}`)
        strictEqual((yield* archive.index).manifests.length, 2)
      }
      if (zstdCompressSync === undefined) {
        const error = yield* Effect.flip(saved(`${root}/a.tar.zst`))
        assertInclude(error.message, "zstd is not available")
        return assertFalse(existsSync(`${root}/a.tar.zst`))
      }
      yield* saved(`${root}/a.tar.zst`)
      strictEqual(magic(`${root}/a.tar.zst`), 0x28B5)
      yield* OciArchive.open(`${root}/a.tar.zst`)
    })
  )

  live(
    "that is a decompression bomb is refused",
    Effect.gen(function*() {
      const path = `${yield* temporary}/a.tar.gz`
      writeFileSync(path, gzipSync(Buffer.alloc(80 * 1024 ** 2)))
      strictEqual(yield* failure(OciArchive.open(path)), "LayoutError Damaged")
    })
  )

  live(
    "without the file oci-layout, as written by the crate ocipkg, is read; another layout version is refused",
    Effect.gen(function*() {
      const path = `${yield* temporary}/a.tar`
      const { manifest } = yield* saved(path)
      yield* rewritten(path, (entry) => entry.path === "oci-layout" ? [] : [entry])
      strictEqual((yield* (yield* OciArchive.open(path)).resolve("example.com/app:1")).digest, manifest.digest)
      yield* rewritten(
        path,
        (entry) =>
          entry.path === "index.json" ? [entry, Tar.file("oci-layout", "{\"imageLayoutVersion\":\"2.0.0\"}")] : [entry]
      )
      strictEqual(yield* failure(OciArchive.open(path)), "LayoutError WrongVersion")
    })
  )

  live(
    "that is not an archive is refused with the reason",
    Effect.gen(function*() {
      const path = `${yield* temporary}/a.tar`
      const refused = failure(OciArchive.open(path))
      strictEqual(yield* refused, "LayoutError Unreadable")
      writeFileSync(path, "")
      strictEqual(yield* refused, "LayoutError NotALayout")
      writeFileSync(path, Buffer.alloc(2000, "no archive "))
      strictEqual(yield* refused, "LayoutError NotALayout")
      writeFileSync(path, yield* archiveOf([Tar.file("manifest.json", "[]")]))
      strictEqual(yield* refused, "LayoutError MissingIndex")
      assertInclude((yield* Effect.flip(OciArchive.open(path))).message, "DockerArchive")
      yield* saved(`${path}2`)
      const whole = readFileSync(`${path}2`)
      // Two empty blocks are the end mark, and more are padding.
      for (let length = 512; length < whole.length - 2048; length += 512) {
        writeFileSync(path, whole.subarray(0, length))
        assertTrue((yield* refused).startsWith("LayoutError"), `cut to ${length}`)
      }
      strictEqual(yield* failure(OciArchive.open(yield* temporary)), "LayoutError NotALayout")
    })
  )

  live(
    "does not follow its links to the outside or in circles",
    Effect.gen(function*() {
      const path = `${yield* temporary}/a.tar`
      const { layers: [layer] } = yield* saved(path)
      assertTrue(layer !== undefined)
      for (const target of ["/etc/passwd", "../../../etc/passwd", layer.digest.slice(7)]) {
        yield* rewritten(path, (entry) =>
          entry.path === ImageLayout.blobPath(layer.digest) || entry.type === "Symlink"
            ? [Tar.symlink(ImageLayout.blobPath(layer.digest), target)]
            : [entry])
        const archive = yield* OciArchive.open(path)
        assertFalse(yield* archive.exists(layer))
        strictEqual(yield* failure(read(archive, layer)), "ContentNotFound")
        yield* saved(path)
      }
    })
  )

  live(
    "with damaged content is neither read nor saved elsewhere",
    Effect.gen(function*() {
      const path = `${yield* temporary}/a.tar`
      const { layers: [layer] } = yield* saved(path)
      assertTrue(layer !== undefined)
      yield* rewritten(path, (entry) =>
        entry.path === ImageLayout.blobPath(layer.digest)
          ? [Tar.file(entry.path, new Uint8Array(layer.size))]
          : [entry])
      const archive = yield* OciArchive.open(path)
      strictEqual(yield* failure(read(archive, layer)), "DigestMismatch")
      const before = readFileSync(path)
      strictEqual(yield* failure(archive.save), "DigestMismatch")
      assertTrue(readFileSync(path).equals(before))
    })
  )

  live(
    "is unchanged until it is saved, and leaves no files beside it",
    Effect.gen(function*() {
      const root = yield* temporary
      const path = `${root}/a.tar`
      yield* Effect.scoped(Effect.gen(function*() {
        const archive = yield* OciArchive.create(path)
        yield* pushImage(archive, ["one"])
        assertFalse(existsSync(path))
      }))
      deepStrictEqual(readdirSync(root), [])
      yield* saved(path)
      deepStrictEqual(readdirSync(root), ["a.tar"])
      strictEqual(yield* failure(OciArchive.create(path)), "LayoutError AlreadyExists")
      const before = readFileSync(path)
      const exit = yield* Effect.exit(
        OciArchive.edit(path, (archive) => Effect.zipRight(pushImage(archive, ["two"]), Effect.fail("no")))
      )
      assertTrue(Exit.isFailure(exit))
      assertTrue(readFileSync(path).equals(before))
      deepStrictEqual(readdirSync(root), ["a.tar"])
    })
  )

  live(
    "can be saved repeatedly, and earlier handles stay readable",
    Effect.gen(function*() {
      const path = `${yield* temporary}/a.tar`
      const { layers: [layer], manifest } = yield* saved(path)
      assertTrue(layer !== undefined)
      const reader = yield* OciArchive.open(path)
      const archive = yield* OciArchive.open(path)
      const more = yield* pushImage(archive, ["three"])
      yield* archive.save
      yield* archive.tag(more.manifest, "example.com/three")
      yield* archive.delete(manifest)
      const { digests } = yield* archive.collectGarbage()
      strictEqual(digests.length, 3)
      yield* archive.save
      strictEqual((yield* read(reader, layer)).length, layer.size)
      const after = yield* OciArchive.open(path)
      assertFalse(yield* after.exists(layer))
      strictEqual((yield* after.resolve("example.com/three")).digest, more.manifest.digest)
      deepStrictEqual((yield* after.index).manifests.length, 1)
    })
  )

  live(
    "does not overwrite changes saved by another process",
    Effect.gen(function*() {
      const path = `${yield* temporary}/a.tar`
      yield* saved(path)
      const [one, two] = yield* Effect.all([OciArchive.open(path), OciArchive.open(path)])
      yield* pushImage(one, ["three"])
      yield* pushImage(two, ["four"])
      yield* one.save
      strictEqual(yield* failure(two.save), "LayoutError Changed")
      const created = yield* OciArchive.create(`${path}2`)
      yield* saved(`${path}2`)
      strictEqual(yield* failure(created.save), "LayoutError Changed")
    })
  )

  live(
    "streams the named content of any store under the image names of engines",
    Effect.gen(function*() {
      const store = yield* ImageStore.makeMemory
      const { config, layers, manifest } = yield* pushImage(store, ["one"])
      const layerPath = ({ digest }: Descriptor.Descriptor) => ImageLayout.blobPath(digest)
      const other = yield* pushImage(store, ["two"])
      yield* store.tag(manifest, "alpine:1")
      yield* store.tag(other.manifest, "v2")
      const entries = new Map(
        (yield* entriesOf(yield* bytesOf(OciArchive.stream(store, ["alpine:1", "v2"])))).map((_) => [_.path, _])
      )
      const json = (path: string): unknown => JSON.parse(Buffer.from(entries.get(path)?.content ?? []).toString())
      deepStrictEqual(json("manifest.json"), [
        {
          Config: ImageLayout.blobPath(config.digest),
          Layers: layers.map(layerPath),
          RepoTags: ["docker.io/library/alpine:1"]
        },
        { Config: ImageLayout.blobPath(other.config.digest), Layers: other.layers.map(layerPath), RepoTags: [] }
      ])
      assertInclude(JSON.stringify(json("index.json")), "\"io.containerd.image.name\":\"docker.io/library/alpine:1\"")
      assertFalse(JSON.stringify(json("index.json")).includes("\"io.containerd.image.name\":\"v2\""))
      const plain = yield* entriesOf(yield* bytesOf(OciArchive.stream(store, ["v2"], { docker: false })))
      assertFalse(plain.some(({ path }) => path === "manifest.json"))
      assertTrue(plain.every(({ modified }) => modified.getTime() === 0))
      strictEqual(yield* failure(bytesOf(OciArchive.stream(store, ["v3"]))), "ContentNotFound")
    })
  )

  live(
    "streams all parts of an image whose manifest an artifact lists as a blob",
    Effect.gen(function*() {
      const store = yield* ImageStore.makeMemory
      const image = yield* pushImage(store, ["one"])
      const layer = { ...image.manifest, mediaType: MediaType.OctetStream }
      const artifact = yield* Content.make(
        ImageManifest.codec,
        ImageManifest.make({ config: image.config, layers: [layer] })
      )
      yield* ImageStore.pushDocument(store, artifact)
      for (const manifests of [[image.manifest, artifact.descriptor], [artifact.descriptor, image.manifest]]) {
        const index = yield* Content.make(ImageIndex.codec, ImageIndex.make(manifests))
        yield* ImageStore.pushDocument(store, index)
        yield* store.tag(index.descriptor, "v1")
        const entries = yield* entriesOf(yield* bytesOf(OciArchive.stream(store, ["v1"])))
        for (const { digest } of [...image.layers, image.config, image.manifest]) {
          assertTrue(entries.some(({ path }) => path === ImageLayout.blobPath(digest)))
        }
      }
    })
  )

  live(
    "keeps the permissions of a replaced file, and a link to it",
    Effect.gen(function*() {
      const directory = yield* temporary
      mkdirSync(`${directory}/real`)
      yield* saved(`${directory}/real/a.tar`)
      chmodSync(`${directory}/real/a.tar`, 0o640)
      symlinkSync("real/a.tar", `${directory}/link.tar`)
      const { manifest } = yield* OciArchive.edit(
        `${directory}/link.tar`,
        (archive) => Effect.tap(pushImage(archive, ["three"]), (_) => archive.tag(_.manifest, "v3"))
      )
      strictEqual(readlinkSync(`${directory}/link.tar`), "real/a.tar")
      strictEqual(statSync(`${directory}/real/a.tar`).mode & 0o7777, 0o640)
      deepStrictEqual(readdirSync(`${directory}/real`), ["a.tar"])
      strictEqual((yield* (yield* OciArchive.open(`${directory}/real/a.tar`)).resolve("v3")).digest, manifest.digest)
    })
  )

  live(
    "keeps the owner of a file that root replaces",
    Effect.gen(function*() {
      if (process.getuid?.() !== 0) return
      const path = `${yield* temporary}/a.tar`
      yield* saved(path)
      chownSync(path, 1234, 4321)
      yield* OciArchive.edit(
        path,
        (archive) => Effect.flatMap(archive.resolve("example.com/app:1"), (found) => archive.tag(found, "v2"))
      )
      deepStrictEqual([statSync(path).uid, statSync(path).gid], [1234, 4321])
    })
  )

  live(
    "refuses a pipe without waiting for its writer",
    Effect.gen(function*() {
      const path = `${yield* temporary}/a.tar`
      execFileSync("mkfifo", [path])
      strictEqual(yield* failure(OciArchive.open(path)), "LayoutError NotALayout")
    })
  )

  live(
    "removes the staged files of a killed process on the next change, and keeps those of a running one",
    Effect.gen(function*() {
      const directory = yield* temporary
      const path = `${directory}/a.tar`
      const [killed, running] = [yield* program("endless", "archive", path), yield* program("endless", "archive", path)]
      yield* Effect.all([ready(killed), ready(running)], { concurrency: "unbounded" })
      strictEqual(readdirSync(directory).length, 2)
      const exit = yield* Effect.fork(ended(killed))
      killed.kill("SIGKILL")
      yield* Fiber.join(exit)
      yield* saved(path)
      strictEqual(readdirSync(directory).length, 2)
      assertTrue(readdirSync(directory).includes("a.tar"))
    })
  )

  live(
    "unlinks the file to which a compressed archive is decompressed",
    Effect.gen(function*() {
      const directory = yield* temporary
      const path = `${directory}/a.tar.gz`
      yield* saved(path)
      const fs = yield* FileSystem.FileSystem
      const own = {
        ...fs,
        makeTempDirectory: (options?: FileSystem.MakeTempDirectoryOptions) =>
          fs.makeTempDirectory({ ...options, directory })
      }
      const archive = yield* Effect.provideService(OciArchive.open(path), FileSystem.FileSystem, own)
      deepStrictEqual(readdirSync(directory), ["a.tar.gz"])
      assertTrue((yield* read(archive, yield* archive.resolve("example.com/app:1"))).length > 0)
    })
  )
})
