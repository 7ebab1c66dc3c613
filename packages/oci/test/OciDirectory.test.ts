import { Error as PlatformError, FileSystem } from "@effect/platform"
import { describe } from "@effect/vitest"
import { assertTrue, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import {
  Annotations,
  Content,
  type Descriptor,
  Digest,
  ImageIndex,
  ImageManifest,
  ImageStore,
  MediaType,
  OciDirectory,
  Platform
} from "@ociman/oci"
import * as FastPath from "@ociman/oci/author/FastPath"
import { Effect, Stream } from "effect"
import { execFileSync } from "node:child_process"
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync
} from "node:fs"
import * as archives from "./archives.js"
import { failure, temporary } from "./archives.js"
import { schemaOf } from "./imageSpec.js"
import { live } from "./live.js"
import { ended, program, ready } from "./programs.js"

const layout = Effect.flatMap(temporary, OciDirectory.openOrCreate)

const pushBlob = (store: ImageStore.Writable, text: string, mediaType = MediaType.ImageLayer) =>
  archives.pushBlob(store, new TextEncoder().encode(text), mediaType)

const pushImage = (store: ImageStore.Writable, text: string) =>
  Effect.gen(function*() {
    const layer = yield* pushBlob(store, text)
    return { layer, ...(yield* archives.pushImageOf(store, [layer], Platform.make("linux/amd64"))) }
  })

const blobPath = (root: string, { digest }: Descriptor.Descriptor) => `${root}/blobs/${digest.replace(":", "/")}`

const json = (path: string): unknown => JSON.parse(readFileSync(path, "utf8"))

const sorted = (texts: ReadonlyArray<string>): ReadonlyArray<string> => [...texts].sort()

const long = new Date(0)

describe("An OciDirectory", () => {
  live(
    "contains the files of the specification and nothing else",
    Effect.gen(function*() {
      const store = yield* layout
      const { manifest } = yield* pushImage(store, "one")
      yield* store.tag(manifest, "v1")
      deepStrictEqual(readdirSync(store.path).sort(), ["blobs", "index.json", "oci-layout"])
      deepStrictEqual(readdirSync(`${store.path}/blobs`), ["sha256"])
      strictEqual(readFileSync(`${store.path}/oci-layout`, "utf8"), "{\"imageLayoutVersion\":\"1.0.0\"}")
      deepStrictEqual(json(`${store.path}/index.json`), {
        schemaVersion: 2,
        mediaType: MediaType.ImageIndex,
        manifests: [{ ...manifest, annotations: { [Annotations.refName]: "v1" } }]
      })
      for (const [kind, file] of [["layout", "oci-layout"], ["index", "index.json"]] as const) {
        const validate = schemaOf(kind)
        assertTrue(validate?.(json(`${store.path}/${file}`)) ?? true)
      }
      const written = readFileSync(blobPath(store.path, manifest))
      assertTrue(schemaOf("manifest")?.(JSON.parse(written.toString())) ?? true)
    })
  )

  live(
    "has the same bytes when it is created again",
    Effect.gen(function*() {
      const make = Effect.gen(function*() {
        const store = yield* layout
        for (const name of ["v1", "v2"]) yield* store.tag((yield* pushImage(store, name)).manifest, name)
        return readFileSync(`${store.path}/index.json`, "utf8")
      })
      strictEqual(yield* make, yield* make)
    })
  )

  live(
    "is distinguished from other directories",
    Effect.gen(function*() {
      const root = yield* temporary
      const write = (name: string, text: string) => writeFileSync(`${root}/${name}`, text)
      strictEqual(yield* failure(OciDirectory.open(`${root}/absent`)), "LayoutError NotALayout")
      strictEqual(yield* failure(OciDirectory.open(root)), "LayoutError NotALayout")
      write("oci-layout", "{}")
      strictEqual(yield* failure(OciDirectory.open(root)), "InvalidDocument InvalidField")
      write("oci-layout", "{\"imageLayoutVersion\":\"2.0.0\"}")
      strictEqual(yield* failure(OciDirectory.open(root)), "LayoutError WrongVersion")
      strictEqual(yield* failure(OciDirectory.openOrCreate(root)), "LayoutError WrongVersion")
      write("oci-layout", "{\"imageLayoutVersion\":\"1.0.0\"}")
      strictEqual(yield* failure(OciDirectory.open(root)), "LayoutError MissingIndex")
      write("index.json", "{}")
      strictEqual(yield* failure(OciDirectory.open(root)), "InvalidDocument InvalidField")
      write("index.json", "{\"schemaVersion\":2,\"manifests\":[]}")
      strictEqual(yield* failure(OciDirectory.open(root)), "no failure")
      strictEqual(yield* failure(OciDirectory.create(root)), "LayoutError AlreadyExists")
    })
  )

  live(
    "may contain unknown files and lack referenced content",
    Effect.gen(function*() {
      const root = yield* temporary
      const digest = `sha256:${"a".repeat(64)}`
      const foreign = { mediaType: "application/vnd.example", digest: "md5:abc", size: 1, "com.example": true }
      const absent = {
        mediaType: MediaType.ImageManifest,
        digest,
        size: 7,
        annotations: { [Annotations.refName]: "gone" }
      }
      writeFileSync(`${root}/oci-layout`, "{\"imageLayoutVersion\":\"1.0.0\",\"more\":1}")
      writeFileSync(
        `${root}/index.json`,
        JSON.stringify({ schemaVersion: 2, manifests: [foreign, absent], "com.example": [1] })
      )
      writeFileSync(`${root}/something`, "else")
      mkdirSync(`${root}/blobs/other`, { recursive: true })
      const store = yield* OciDirectory.open(root)
      strictEqual((yield* store.resolve("gone")).digest, digest)
      const { manifest } = yield* pushImage(store, "one")
      yield* store.tag(manifest, "v1")
      deepStrictEqual(json(`${root}/index.json`), {
        schemaVersion: 2,
        manifests: [foreign, absent, { ...manifest, annotations: { [Annotations.refName]: "v1" } }],
        "com.example": [1]
      })
      yield* store.collectGarbage({ grace: 0 })
      assertTrue(readdirSync(root).includes("something"))
    })
  )

  live(
    "has one index entry for each name of a manifest",
    Effect.gen(function*() {
      const store = yield* layout
      const { manifest } = yield* pushImage(store, "one")
      for (const name of ["a", "b", "a"]) yield* store.tag(manifest, name)
      const { manifests } = yield* store.index
      deepStrictEqual(manifests.map(({ annotations }) => annotations), [
        { [Annotations.refName]: "b" },
        { [Annotations.refName]: "a" }
      ])
    })
  )

  live(
    "is not followed through links",
    Effect.gen(function*() {
      const store = yield* layout
      const elsewhere = yield* temporary
      const bytes = new TextEncoder().encode("secret")
      const descriptor = yield* Content.describe(MediaType.ImageLayer, bytes)
      writeFileSync(`${elsewhere}/secret`, bytes)
      symlinkSync(`${elsewhere}/secret`, blobPath(store.path, descriptor))
      strictEqual(yield* failure(Stream.runDrain(store.fetch(descriptor))), "LayoutError Symlink")
      strictEqual(yield* failure(store.exists(descriptor)), "LayoutError Symlink")
      const of512 = yield* Content.describe(MediaType.ImageLayer, bytes, "sha512")
      // A directory that does not exist yet must be checked again later.
      strictEqual(yield* store.exists(of512), false)
      symlinkSync(elsewhere, `${store.path}/blobs/sha512`)
      strictEqual(yield* failure(store.push(of512, Stream.make(bytes))), "LayoutError Symlink")
      deepStrictEqual(readdirSync(elsewhere), ["secret"])
    })
  )

  live(
    "repairs content of the wrong size when it is pushed again",
    Effect.gen(function*() {
      const store = yield* layout
      const blob = yield* pushBlob(store, "whole")
      writeFileSync(blobPath(store.path, blob), "wh")
      strictEqual(yield* store.push(blob, Stream.make(new TextEncoder().encode("whole"))), "Pushed")
      strictEqual(readFileSync(blobPath(store.path, blob), "utf8"), "whole")
    })
  )

  live(
    "detects damaged content",
    Effect.gen(function*() {
      const store = yield* layout
      const blob = yield* pushBlob(store, "whole")
      writeFileSync(blobPath(store.path, blob), "whale")
      strictEqual(yield* failure(Stream.runDrain(store.fetch(blob))), "DigestMismatch")
    })
  )
})

describe("An untrusted layout", () => {
  const attempts = {
    index: (root: string) => Effect.flatMap(OciDirectory.open(root), (store) => store.index),
    marker: OciDirectory.open,
    lock: (root: string) => Effect.flatMap(OciDirectory.open(root), (store) => store.untag("v1"))
  }

  const files = { index: "index.json", marker: "oci-layout", lock: ".ociman-lock" } as const

  const prepared = Effect.gen(function*() {
    const store = yield* layout
    const { manifest } = yield* pushImage(store, "one")
    yield* store.tag(manifest, "v1")
    return store.path
  })

  for (const kind of ["index", "marker", "lock"] as const) {
    live(
      `is refused if its ${files[kind]} is a pipe`,
      Effect.gen(function*() {
        const root = yield* prepared
        rmSync(`${root}/${files[kind]}`, { force: true })
        execFileSync("mkfifo", [`${root}/${files[kind]}`])
        const error = yield* Effect.flip(attempts[kind](root))
        assertTrue(error.message.includes(`${files[kind]}" is not a regular file`))
      })
    )

    live(
      `is refused if its ${files[kind]} is a symbolic link, whose target is not read`,
      Effect.gen(function*() {
        const root = yield* prepared
        const secret = `${yield* temporary}/secret`
        writeFileSync(secret, "root:x:0:0")
        rmSync(`${root}/${files[kind]}`, { force: true })
        symlinkSync(secret, `${root}/${files[kind]}`)
        const error = yield* Effect.flip(attempts[kind](root))
        assertTrue(error.message.includes(`${files[kind]}" is a symbolic link`))
        assertTrue(!error.message.includes("root:x"))
      })
    )

    live(
      `is refused if its ${files[kind]} is too large, without reading it`,
      Effect.gen(function*() {
        const root = yield* prepared
        rmSync(`${root}/${files[kind]}`, { force: true })
        writeFileSync(`${root}/${files[kind]}`, "")
        truncateSync(`${root}/${files[kind]}`, 2 ** 40)
        const error = yield* Effect.flip(attempts[kind](root))
        assertTrue(error.message.includes(`${files[kind]}" has 1099511627776 bytes, and at most `))
      })
    )
  }

  live(
    "is read without blocking if a blob is a pipe",
    Effect.gen(function*() {
      const root = yield* prepared
      const store = yield* OciDirectory.open(root)
      const manifest = yield* store.resolve("v1")
      rmSync(blobPath(root, manifest))
      execFileSync("mkfifo", [blobPath(root, manifest)])
      strictEqual(yield* failure(archives.read(store, manifest)), "LayoutError Damaged")
    })
  )
})

describe("A full disk", () => {
  /** A file system that can create files, but only overwrite existing content. */
  const full = (fs: FileSystem.FileSystem): FileSystem.FileSystem => {
    const noSpace = new PlatformError.SystemError({
      reason: "Unknown",
      module: "FileSystem",
      method: "write",
      description: "ENOSPC: no space left on device, write"
    })
    return {
      ...fs,
      open: (path, options) =>
        Effect.map(
          fs.open(path, options),
          (file) =>
            options?.flag === "r+"
              ? file
              : Object.assign(Object.create(file), { write: () => noSpace, writeAll: () => noSpace })
        )
    }
  }

  const onFullDisk = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
    Effect.updateService(effect, FileSystem.FileSystem, full)

  live(
    "does not prevent garbage collection, and leaves no lock behind",
    Effect.gen(function*() {
      const { path } = yield* layout
      const garbage = yield* pushBlob(yield* OciDirectory.open(path), "garbage")
      const store = yield* onFullDisk(OciDirectory.open(path))
      deepStrictEqual(sorted((yield* store.collectGarbage({ grace: 0 })).digests), [garbage.digest])
      deepStrictEqual(readdirSync(path).sort(), ["blobs", "index.json", "oci-layout"])
    })
  )

  live(
    "does not prevent the removal of a name, and adding one fails",
    Effect.gen(function*() {
      const { path } = yield* layout
      const before = yield* OciDirectory.open(path)
      const { manifest } = yield* pushImage(before, "app")
      for (const name of ["v1", "v2"]) yield* before.tag(manifest, name)
      const store = yield* onFullDisk(OciDirectory.open(path))
      yield* store.untag("v1")
      deepStrictEqual([...(yield* Stream.runCollect(store.names))], ["v2"])
      const written = readFileSync(`${path}/index.json`, "utf8")
      strictEqual(written, written.trim())
      const error = yield* Effect.flip(store.tag(manifest, "v3"))
      assertTrue(error.message.includes("ENOSPC"))
      deepStrictEqual(readdirSync(path).sort(), ["blobs", "index.json", "oci-layout"])
    })
  )

  live(
    "leaves nothing of a download that does not fit",
    Effect.gen(function*() {
      const { path } = yield* layout
      const store = yield* onFullDisk(OciDirectory.open(path))
      const bytes = new Uint8Array(3_000_000)
      const descriptor = yield* Content.describe(MediaType.ImageLayer, bytes)
      const resumed = Effect.suspend(() =>
        FastPath.ofPush(store).resume?.(descriptor, () => Stream.make(bytes)) ?? Effect.void
      )
      const error = yield* Effect.flip(resumed)
      assertTrue(error.message.includes("ENOSPC"))
      deepStrictEqual(readdirSync(path).sort(), ["blobs", "index.json", "oci-layout"])
    })
  )
})

describe("Garbage collection", () => {
  const age = (root: string) => {
    for (const name of readdirSync(`${root}/blobs/sha256`)) utimesSync(`${root}/blobs/sha256/${name}`, long, long)
  }

  live(
    "removes unreferenced content and nothing else",
    Effect.gen(function*() {
      const store = yield* layout
      const kept = yield* pushImage(store, "kept")
      yield* store.tag(kept.manifest, "v1")
      const gone = yield* pushImage(store, "gone")
      yield* store.delete(gone.manifest)
      const index = yield* Content.make(
        ImageIndex.codec,
        ImageIndex.make([(yield* pushImage(store, "child")).manifest])
      )
      yield* ImageStore.pushDocument(store, index)
      const before = readdirSync(`${store.path}/blobs/sha256`).length
      const { bytes, digests } = yield* store.collectGarbage({ grace: 0 })
      deepStrictEqual(sorted(digests), sorted([gone.layer.digest, gone.config.digest]))
      strictEqual(bytes, gone.layer.size + gone.config.size)
      strictEqual(readdirSync(`${store.path}/blobs/sha256`).length, before - 2)
      for (const descriptor of Object.values(kept)) assertTrue(yield* store.exists(descriptor))
    })
  )

  live(
    "keeps recent content, and content that was pushed again",
    Effect.gen(function*() {
      const store = yield* layout
      const old = yield* pushBlob(store, "old")
      const again = yield* pushBlob(store, "again")
      age(store.path)
      const young = yield* pushBlob(store, "young")
      strictEqual(yield* store.push(again, Stream.dieMessage("was read")), "Present")
      deepStrictEqual(sorted((yield* store.collectGarbage()).digests), sorted([old.digest]))
      assertTrue(yield* store.exists(young))
      assertTrue(yield* store.exists(again))
    })
  )

  live(
    "removes unnamed manifests only with the option unnamed, and keeps referrers of kept manifests",
    Effect.gen(function*() {
      const store = yield* layout
      const named = yield* pushImage(store, "named")
      yield* store.tag(named.manifest, "v1")
      const unnamed = yield* pushImage(store, "unnamed")
      yield* pushBlob(store, "{}", MediaType.Empty)
      const about = Effect.fnUntraced(function*(subject: Descriptor.Descriptor) {
        const type = MediaType.MediaType.make("application/vnd.example")
        const manifest = yield* Content.make(ImageManifest.codec, ImageManifest.artifact(type, { subject }))
        yield* ImageStore.pushDocument(store, manifest)
        return manifest.descriptor
      })
      const stays = yield* about(yield* about(named.manifest))
      const goes = yield* about(unnamed.manifest)
      deepStrictEqual((yield* store.collectGarbage({ grace: 0 })).digests, [])
      const { digests } = yield* store.collectGarbage({ grace: 0, unnamed: true })
      deepStrictEqual(sorted(digests), sorted([...Object.values(unnamed), goes].map(({ digest }) => digest)))
      assertTrue(yield* store.exists(stays))
      strictEqual((yield* store.index).manifests.length, 3)
    })
  )

  live(
    "removes nothing if a manifest cannot be read",
    Effect.gen(function*() {
      const store = yield* layout
      const { manifest } = yield* pushImage(store, "one")
      yield* store.tag(manifest, "v1")
      const garbage = yield* pushBlob(store, "garbage")
      writeFileSync(blobPath(store.path, manifest), "x".repeat(manifest.size))
      strictEqual(yield* failure(store.collectGarbage({ grace: 0 })), "DigestMismatch")
      assertTrue(yield* store.exists(garbage))
    })
  )

  live(
    "keeps the parts of a named image whose manifest an artifact lists as a blob",
    Effect.gen(function*() {
      const store = yield* layout
      const image = yield* pushImage(store, "one")
      yield* store.tag(image.manifest, "v1")
      const artifact = yield* Content.make(
        ImageManifest.codec,
        ImageManifest.artifact(MediaType.MediaType.make("application/vnd.example"), {
          layers: [{ ...image.manifest, mediaType: MediaType.OctetStream }]
        })
      )
      yield* pushBlob(store, "{}", MediaType.Empty)
      yield* ImageStore.pushDocument(store, artifact)
      yield* store.tag(artifact.descriptor, "copy")
      deepStrictEqual((yield* store.collectGarbage({ grace: 0 })).digests, [])
      for (const descriptor of Object.values(image)) assertTrue(yield* store.exists(descriptor))
    })
  )

  live(
    "keeps the parts of an image whose manifest an index lists with two media types",
    Effect.gen(function*() {
      const store = yield* layout
      const image = yield* pushImage(store, "one")
      const unknown = { ...image.manifest, mediaType: MediaType.OctetStream, size: image.manifest.size + 1 }
      for (const manifests of [[image.manifest, unknown], [unknown, image.manifest]]) {
        const index = yield* Content.make(ImageIndex.codec, ImageIndex.make(manifests))
        yield* ImageStore.pushDocument(store, index)
        yield* store.tag(index.descriptor, "v1")
        const { digests } = yield* store.collectGarbage({ grace: 0, unnamed: true })
        assertTrue(!digests.some((digest) => digest === image.layer.digest))
      }
      for (const descriptor of Object.values(image)) assertTrue(yield* store.exists(descriptor))
    })
  )

  live(
    "removes nothing if a named manifest has a digest that cannot be computed",
    Effect.gen(function*() {
      const store = yield* layout
      const { layer, manifest } = yield* pushImage(store, "one")
      const digest = `blake3:${"0".repeat(64)}`
      const entry = { ...manifest, digest, annotations: { [Annotations.refName]: "v1" } }
      writeFileSync(`${store.path}/index.json`, JSON.stringify({ schemaVersion: 2, manifests: [entry] }))
      strictEqual(yield* failure(store.collectGarbage({ grace: 0 })), "UnsupportedDigest")
      assertTrue(yield* store.exists(layer))
    })
  )

  live(
    "removes old temporary files of killed processes",
    Effect.gen(function*() {
      const store = yield* layout
      const left = `${store.path}/.ociman-left.tmp`
      writeFileSync(left, "half")
      yield* store.collectGarbage()
      assertTrue(readdirSync(store.path).includes(".ociman-left.tmp"))
      utimesSync(left, long, long)
      yield* store.collectGarbage()
      deepStrictEqual(readdirSync(store.path).sort(), ["blobs", "index.json", "oci-layout"])
    })
  )
})

describe("Several processes", () => {
  live(
    "lose no tag when four of them add fifty each",
    Effect.gen(function*() {
      const root = `${yield* temporary}/layout`
      const prefixes = ["a", "b", "c", "d"]
      const children = yield* Effect.forEach(prefixes, (prefix) => program("tagger", root, prefix, "50"))
      deepStrictEqual(yield* Effect.forEach(children, ended, { concurrency: "unbounded" }), prefixes.map(() => 0))
      const store = yield* OciDirectory.open(root)
      const names = yield* Stream.runCollect(store.names)
      const expected = prefixes.flatMap((prefix) => Array.from({ length: 50 }, (_, i) => `${prefix}-${i}`))
      deepStrictEqual([...names].sort(), expected.sort())
      for (const entry of (yield* store.index).manifests) yield* Stream.runDrain(store.fetch(entry))
      deepStrictEqual(readdirSync(root).sort(), ["blobs", "index.json", "oci-layout"])
    }),
    180_000
  )

  live(
    "leave no partial content when they are killed",
    Effect.gen(function*() {
      const store = yield* layout
      const digest = Digest.Digest.make(`sha256:${"b".repeat(64)}`)
      const child = yield* program("pusher", store.path, digest)
      yield* ready(child)
      child.kill("SIGKILL")
      yield* ended(child)
      deepStrictEqual(readdirSync(`${store.path}/blobs/sha256`), [])
      strictEqual(readdirSync(store.path).filter((name) => name.endsWith(".tmp")).length, 1)
      const { manifest } = yield* pushImage(store, "one")
      yield* store.tag(manifest, "v1")
    }),
    60_000
  )

  live(
    "take over the lock of a killed process at once",
    Effect.gen(function*() {
      const store = yield* layout
      const child = yield* program("locker", store.path)
      yield* ready(child)
      child.kill("SIGKILL")
      yield* ended(child)
      assertTrue(readdirSync(store.path).includes(".ociman-lock"))
      const { manifest } = yield* pushImage(store, "one")
      yield* Effect.timeout(store.tag(manifest, "v1"), "10 seconds")
      deepStrictEqual(readdirSync(store.path).sort(), ["blobs", "index.json", "oci-layout"])
    }),
    60_000
  )

  live(
    "wait for a process that holds the lock",
    Effect.gen(function*() {
      const store = yield* layout
      const { manifest } = yield* pushImage(store, "one")
      const child = yield* program("locker", store.path)
      yield* ready(child)
      const tagged = yield* Effect.fork(store.tag(manifest, "v1"))
      yield* Effect.sleep("300 millis")
      deepStrictEqual(json(`${store.path}/index.json`), {
        schemaVersion: 2,
        mediaType: MediaType.ImageIndex,
        manifests: [manifest]
      })
      child.kill("SIGKILL")
      yield* tagged
      strictEqual((yield* store.resolve("v1")).digest, manifest.digest)
    }),
    60_000
  )
})
