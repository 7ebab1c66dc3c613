import { assert, describe, it } from "@effect/vitest"
import {
  Content,
  Copy,
  Digest,
  ImageConfig,
  ImageLayer,
  ImageManifest,
  ImageStore,
  LocalFiles,
  MediaType,
  Platform,
  RunnableImage,
  Tar,
  Unpack
} from "@ociman/oci"
import { Chunk, Deferred, Effect, Fiber, Stream } from "effect"
import { randomBytes } from "node:crypto"
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync
} from "node:fs"
import { gzipSync } from "node:zlib"
import { archiveOf, pushBlob } from "./archives.js"
import { ended, program, ready } from "./programs.js"
import { describeTree, layerServices, temporaryDirectory } from "./trees.js"

const blobOf = (...entries: ReadonlyArray<Tar.Entry>) =>
  ImageLayer.toBlob(ImageLayer.fromStream(Stream.fromIterable(entries)))

const link = (path: string, target: string): Tar.Entry => ({ ...Tar.file(path, ""), type: "Link", target })

const device = (path: string): Tar.Entry => ({ ...Tar.file(path, ""), type: "BlockDevice" })

const openFiles = Effect.sync(() => readdirSync("/proc/self/fd").length)

/** Unpacks to `root` in an empty directory, and lists the directory afterwards. */
const refusedBy = <E, R>(layers: ReadonlyArray<ImageLayer.Blob<E, R>>, options?: Unpack.Options) =>
  Effect.gen(function*() {
    const directory = yield* temporaryDirectory
    const error = yield* Effect.flip(Unpack.toDirectory(`${directory}/root`, layers, options))
    assert.deepStrictEqual(readdirSync(directory), [], "something is left")
    return error
  })

describe("Unpack", () => {
  describe("limits", () => {
    const zeros = gzipSync(Buffer.alloc(100 * 1024 ** 2))

    for (
      const [name, limits, layers] of [
        ["entries", { entries: 2 }, [blobOf(Tar.file("a", "")), blobOf(Tar.file("b", ""), Tar.file("c", ""))]],
        ["size", { size: 5000 }, [blobOf(Tar.file("a", "x".repeat(2000))), blobOf(Tar.file("a", "x".repeat(2000)))]],
        ["path length", { pathLength: 10 }, [blobOf(Tar.file("äöüäöü", ""))]],
        ["target length", { pathLength: 10 }, [blobOf(Tar.symlink("a", "0123456789a"))]],
        ["depth", { depth: 3 }, [blobOf(Tar.file("a/b/c/d", ""))]],
        ["ratio", {}, [{
          mediaType: MediaType.ImageLayerGzip,
          bytes: Stream.make(zeros)
        }]]
      ] as const
    ) {
      it.scoped(`on ${name} are enforced`, () =>
        Effect.gen(function*() {
          const error = yield* refusedBy<Tar.TarError, never>(layers, { limits })
          assert.deepInclude(error, { _tag: "UnpackError", reason: "LimitExceeded" })
          assert.match(error.message, /at most \d+/)
        }).pipe(Effect.provide(layerServices)))
    }

    it.scoped("on extended headers are enforced", () =>
      Effect.gen(function*() {
        const layer = blobOf(Tar.file("a".repeat(200), ""))
        const error = yield* refusedBy([layer], { limits: { extendedHeaderSize: 100 } })
        assert.deepInclude(error, { _tag: "TarError", reason: "UnsupportedEntry" })
      }).pipe(Effect.provide(layerServices)))

    it.scoped("accept content of exactly the maximum", () =>
      Effect.gen(function*() {
        const root = `${yield* temporaryDirectory}/root`
        const layers = [blobOf(Tar.file("a/b/c", ""), Tar.file("0123456789", ""))]
        const limits = { entries: 2, pathLength: 10, depth: 3, size: 2048 }
        const result = yield* Unpack.toDirectory(root, layers, { limits })
        assert.deepStrictEqual(result, { entries: 2, size: 2048, skipped: [] })
      }).pipe(Effect.provide(layerServices)))
  })

  describe("by its options", () => {
    for (const mode of [0o4755, 0o2755, 0o6755]) {
      const layers = [blobOf(Tar.file("f", "", { mode }), Tar.directory("d", { mode: 0o1777 }))]

      it.scoped(`refuses, strips or keeps the mode ${mode.toString(8)}`, () =>
        Effect.gen(function*() {
          assert.deepInclude(yield* refusedBy(layers), { reason: "SetUserId", path: "f", layer: 0 })
          const directory = yield* temporaryDirectory
          yield* Unpack.toDirectory(`${directory}/strip`, layers, { setUserId: "strip" })
          yield* Unpack.toDirectory(`${directory}/keep`, layers, { setUserId: "keep" })
          assert.deepStrictEqual(describeTree(directory), [
            "keep/",
            "keep/d/ 1777",
            `keep/f ${mode.toString(8)} `,
            "strip/",
            "strip/d/ 1777",
            "strip/f 755 "
          ])
        }).pipe(Effect.provide(layerServices)))
    }

    it.scoped("refuses or skips devices, and reports skipped ones", () =>
      Effect.gen(function*() {
        const layers = [blobOf(device("dev/sda"), Tar.file("f", ""))]
        assert.deepInclude(yield* refusedBy(layers), { reason: "Device", path: "dev/sda" })
        const root = `${yield* temporaryDirectory}/root`
        const result = yield* Unpack.toDirectory(root, layers, { devices: "skip" })
        assert.deepStrictEqual(result.skipped, ["dev/sda"])
        assert.deepStrictEqual(describeTree(root), ["f 644 "])
      }).pipe(Effect.provide(layerServices)))

    it.scoped("hides entries of lower layers under the name of a skipped device", () =>
      Effect.gen(function*() {
        const lower = blobOf(Tar.file("dev/null", "secret"), Tar.file("d/f", ""), Tar.file("kept", ""))
        const upper = blobOf(device("dev/null"), device("d"))
        const root = `${yield* temporaryDirectory}/root`
        yield* Unpack.toDirectory(root, [lower, upper], { devices: "skip" })
        assert.deepStrictEqual(describeTree(root), ["dev/", "kept 644 "])
      }).pipe(Effect.provide(layerServices)))

    it.scoped.skipIf(process.getuid?.() !== 0)(
      "sets the current user, or the owners of the layers",
      () =>
        Effect.gen(function*() {
          const directory = yield* temporaryDirectory
          const owner = { uid: 1234, gid: 5678 }
          const layers = [blobOf(
            Tar.directory("d", owner),
            Tar.file("d/f", "x", { ...owner, mode: 0o4755 }),
            Tar.symlink("d/l", "/etc/passwd", owner)
          )]
          const owners = (root: string) =>
            ["d", "d/f", "d/l"].map((path) => {
              const { gid, uid } = lstatSync(`${root}/${path}`)
              return { uid, gid }
            })
          const setUserId = "keep"
          yield* Unpack.toDirectory(`${directory}/mine`, layers, { setUserId })
          yield* Unpack.toDirectory(`${directory}/kept`, layers, { setUserId, owners: "kept" })
          assert.deepStrictEqual(owners(`${directory}/mine`), Array(3).fill({ uid: 0, gid: process.getgid?.() }))
          assert.deepStrictEqual(owners(`${directory}/kept`), Array(3).fill(owner))
          assert.strictEqual(lstatSync(`${directory}/kept/d/f`).mode & 0o7777, 0o4755)
        }).pipe(Effect.provide(layerServices))
    )

    it.scoped("refuses an existing destination, or replaces it", () =>
      Effect.gen(function*() {
        const directory = yield* temporaryDirectory
        mkdirSync(`${directory}/root`)
        writeFileSync(`${directory}/root/old`, "old")
        const before = describeTree(directory)
        const layers = [blobOf(Tar.file("new", "new"))]
        const error = yield* Effect.flip(Unpack.toDirectory(`${directory}/root`, layers))
        assert.deepInclude(error, { _tag: "UnpackError", reason: "DestinationExists" })
        assert.deepStrictEqual(describeTree(directory), before)
        const broken = [...layers, blobOf(Tar.file("../x", ""))]
        yield* Effect.flip(Unpack.toDirectory(`${directory}/root`, broken, { overwrite: true }))
        assert.deepStrictEqual(describeTree(directory), before)
        yield* Unpack.toDirectory(`${directory}/root/`, layers, { overwrite: true })
        assert.deepStrictEqual(describeTree(directory), ["root/", "root/new 644 new"])
      }).pipe(Effect.provide(layerServices)))

    it.scoped("replaces a link at the destination, not its target", () =>
      Effect.gen(function*() {
        const directory = yield* temporaryDirectory
        mkdirSync(`${directory}/other`)
        symlinkSync("other", `${directory}/root`)
        const layers = [blobOf(Tar.file("new", "new"))]
        yield* Effect.flip(Unpack.toDirectory(`${directory}/root`, layers))
        yield* Unpack.toDirectory(`${directory}/root`, layers, { overwrite: true })
        assert.deepStrictEqual(describeTree(directory), ["other/", "root/", "root/new 644 new"])
      }).pipe(Effect.provide(layerServices)))

    it.scoped("restores the destination if the new one cannot be moved there", () =>
      Effect.gen(function*() {
        const directory = yield* temporaryDirectory
        writeFileSync(`${directory}/root`, "old")
        const files = yield* LocalFiles.LocalFiles
        const rename: typeof files.rename = (from, to) =>
          to.endsWith("/root") && !from.endsWith("-old")
            ? new LocalFiles.LocalFilesError({ operation: "rename", path: from, reason: "Other" })
            : files.rename(from, to)
        const error = yield* Unpack.toDirectory(`${directory}/root`, [blobOf(Tar.file("f", ""))], { overwrite: true })
          .pipe(
            Effect.flip,
            Effect.provideService(LocalFiles.LocalFiles, LocalFiles.LocalFiles.of({ ...files, rename }))
          )
        assert.deepInclude(error, { _tag: "UnpackError", reason: "CannotWrite" })
        assert.deepStrictEqual(describeTree(directory), ["root 644 old"])
      }).pipe(Effect.provide(layerServices)))
  })

  it.scoped("verifies the digests of the configuration", () =>
    Effect.gen(function*() {
      const layer = ImageLayer.compress(ImageLayer.fromEntries([Tar.file("f", "x")]), "gzip")
      const { descriptor, diffId } = yield* ImageLayer.describe(layer)
      const blob = { mediaType: descriptor.mediaType, bytes: ImageLayer.stream(layer) }
      const other = Digest.Digest.make(`sha256:${"0".repeat(64)}`)
      const error = yield* refusedBy([{ ...blob, diffId }, { ...blob, diffId: other }])
      assert.deepInclude(error, { _tag: "UnpackError", reason: "DiffIdMismatch", layer: 1 })
      assert.include(error.message, diffId)
      const root = `${yield* temporaryDirectory}/root`
      yield* Unpack.toDirectory(root, [{ ...blob, diffId }])
      assert.deepStrictEqual(describeTree(root), ["f 644 x"])
    }).pipe(Effect.provide(layerServices)))

  describe("an image", () => {
    const image = Effect.fnUntraced(function*(
      diffIds: (diffId: Digest.Digest) => ReadonlyArray<string>,
      layers: number,
      json: (manifest: ImageManifest.ImageManifest) => unknown = (manifest) => manifest
    ) {
      const store = yield* ImageStore.makeMemory
      const bytes = yield* archiveOf([Tar.file("f", "x")])
      const layer = yield* pushBlob(store, bytes)
      const config = yield* Content.make(
        ImageConfig.codec,
        ImageConfig.make(
          Platform.make("linux/amd64"),
          diffIds(Digest.Digest.make(layer.digest)).map((id) => Digest.WellFormed.make(id))
        )
      )
      yield* ImageStore.pushDocument(store, config)
      const manifest = ImageManifest.make({ config: config.descriptor, layers: [layer] })
      const text = JSON.stringify(json({ ...manifest, layers: Array(layers).fill(layer) }))
      const { digest } = yield* pushBlob(store, new TextEncoder().encode(text), MediaType.ImageManifest)
      return { store, name: digest }
    })

    for (
      const [title, diffIds, layers] of [
        ["fewer diff_ids than layers", (id: string) => [id], 2],
        ["more diff_ids than layers", (id: string) => [id, id], 1],
        ["no diff_ids", () => [], 1]
      ] as const
    ) {
      it.scoped(`with ${title} is refused`, () =>
        Effect.gen(function*() {
          const directory = yield* temporaryDirectory
          const error = yield* Effect.flip(Unpack.image(yield* image(diffIds, layers), `${directory}/root`))
          assert.deepInclude(error, { _tag: "UnpackError", reason: "DiffIdMismatch" })
          assert.deepStrictEqual(readdirSync(directory), [])
        }).pipe(Effect.provide(layerServices)))

      it.scoped(`with ${title} cannot be a base`, () =>
        Effect.gen(function*() {
          const { name, store } = yield* image(diffIds, layers)
          const derived = RunnableImage.fromImage({ store, name }, Platform.make("linux/amd64"))
          const error = yield* Effect.flip(RunnableImage.push(derived, yield* ImageStore.makeMemory))
          assert.deepInclude(error, { _tag: "InvalidDocument", path: "rootfs.diff_ids" })
        }).pipe(Effect.provide(layerServices)))
    }

    it.scoped("with a diff_id of an unsupported algorithm is refused", () =>
      Effect.gen(function*() {
        const place = yield* image(() => [`blake3:${"0".repeat(64)}`], 1)
        const error = yield* Effect.flip(Unpack.image(place, `${yield* temporaryDirectory}/root`))
        assert.strictEqual(error._tag, "UnsupportedDigest")
      }).pipe(Effect.provide(layerServices)))

    for (const layers of [[], null]) {
      it.scoped(`with layers of ${JSON.stringify(layers)} can be copied, unpacked, and used as a base`, () =>
        Effect.gen(function*() {
          const { name, store } = yield* image(() => [], 0, (manifest) => ({ ...manifest, layers }))
          const to = yield* ImageStore.makeMemory
          yield* Copy.image({ store, name }, { store: to, name: "v1" })
          const root = `${yield* temporaryDirectory}/root`
          yield* Unpack.image({ store: to, name: "v1" }, root)
          assert.deepStrictEqual(describeTree(root), [])
          const derived = RunnableImage.fromImage({ store: to, name: "v1" }, Platform.make("linux/amd64"))
          const { value } = yield* RunnableImage.push(derived, to)
          assert.lengthOf(value.layers, 1)
        }).pipe(Effect.provide(layerServices)))
    }
  })

  describe("after a process was killed", () => {
    const killed = Effect.fnUntraced(function*(root: string) {
      const child = yield* program("endless", "unpack", root)
      yield* ready(child)
      const exit = yield* Effect.fork(ended(child))
      child.kill("SIGKILL")
      yield* Fiber.join(exit)
    })

    it.scopedLive("removes its temporary directory, and keeps that of a running process", () =>
      Effect.gen(function*() {
        const directory = yield* temporaryDirectory
        const root = `${directory}/root`
        yield* ready(yield* program("endless", "unpack", root))
        yield* killed(root)
        assert.lengthOf(readdirSync(directory), 2)
        yield* Unpack.toDirectory(root, [blobOf(Tar.file("f", ""))])
        assert.lengthOf(readdirSync(directory), 2)
        assert.include(readdirSync(directory), "root")
      }).pipe(Effect.provide(layerServices)), 60_000)

    it.scopedLive("restores the destination that it was about to replace", () =>
      Effect.gen(function*() {
        const directory = yield* temporaryDirectory
        const root = `${directory}/root`
        yield* killed(root)
        const [partial = ""] = readdirSync(directory)
        mkdirSync(`${directory}/${partial}-old`)
        writeFileSync(`${directory}/${partial}-old/f`, "old")
        const error = yield* Effect.flip(Unpack.toDirectory(root, [blobOf(Tar.file("f", ""))]))
        assert.deepInclude(error, { reason: "DestinationExists" })
        assert.deepStrictEqual(describeTree(directory), ["root/", "root/f 644 old"])
      }).pipe(Effect.provide(layerServices)), 60_000)

    it.scopedLive("keeps directories that other users could have changed", () =>
      Effect.gen(function*() {
        const directory = yield* temporaryDirectory
        const root = `${directory}/root`
        yield* killed(root)
        const [partial = ""] = readdirSync(directory)
        chmodSync(`${directory}/${partial}`, 0o777)
        yield* Unpack.toDirectory(root, [blobOf(Tar.file("f", ""))])
        assert.include(readdirSync(directory), partial)
      }).pipe(Effect.provide(layerServices)), 60_000)
  })

  it.scoped("lists a directory once for each layer, regardless of the number of whiteouts", () =>
    Effect.gen(function*() {
      const files = yield* LocalFiles.LocalFiles
      let lists = 0
      const counting = LocalFiles.LocalFiles.of({
        ...files,
        list: (path) => Effect.zipRight(Effect.sync(() => lists++), files.list(path))
      })
      const names = Array.from({ length: 50 }, (_, i) => `d/e/${i}`)
      const whiteouts = Array.from(
        { length: 200 },
        (_, i) => Tar.file(["d/.wh..wh..opq", "d/e/.wh..wh..opq", ".wh.d"][i % 3] ?? "", "")
      )
      const lower = blobOf(Tar.file("d/e/lower", ""), Tar.file("d/lower", ""))
      const upper = blobOf(
        ...names.map((name) => Tar.file(name, "")),
        ...whiteouts
      )
      const root = `${yield* temporaryDirectory}/root`
      yield* Unpack.toDirectory(root, [lower, upper]).pipe(Effect.provideService(LocalFiles.LocalFiles, counting))
      assert.deepStrictEqual(readdirSync(`${root}/d`), ["e"])
      assert.lengthOf(readdirSync(`${root}/d/e`), 50)
      // The third listing is that of the destination's parent, for leftovers of killed processes.
      assert.isAtMost(lists, 3)
    }).pipe(Effect.provide(layerServices)))

  describe("leaves nothing behind and nothing open", () => {
    const large = (
      content: Stream.Stream<Uint8Array, "broken">
    ) => [
      ImageLayer.toBlob(
        ImageLayer.fromStream(Stream.make(Tar.file("a", "x"), Tar.fileStream("large", 10_000_000, content)))
      )
    ]

    it.scoped("if a layer ends early", () =>
      Effect.gen(function*() {
        const before = yield* openFiles
        const content = Stream.concat(Stream.make(new Uint8Array(1_000_000)), Stream.fail("broken" as const))
        assert.strictEqual(yield* refusedBy(large(content)), "broken")
        assert.strictEqual(yield* openFiles, before)
      }).pipe(Effect.provide(layerServices)))

    it.scoped("if it is interrupted", () =>
      Effect.gen(function*() {
        const before = yield* openFiles
        const directory = yield* temporaryDirectory
        const reached = yield* Deferred.make<void>()
        const content = Stream.make(new Uint8Array(1_000_000)).pipe(
          Stream.concat(Stream.execute(Effect.zipRight(Deferred.succeed(reached, undefined), Effect.never)))
        )
        const fiber = yield* Effect.fork(Unpack.toDirectory(`${directory}/root`, large(content)))
        yield* Deferred.await(reached)
        assert.lengthOf(readdirSync(directory), 1)
        assert.strictEqual(lstatSync(`${directory}/${readdirSync(directory)[0]}`).mode & 0o777, 0o700)
        yield* Fiber.interrupt(fiber)
        assert.deepStrictEqual(readdirSync(directory), [])
        assert.strictEqual(yield* openFiles, before)
      }).pipe(Effect.provide(layerServices)))

    it.scoped("if compressed data is damaged or ends early", () =>
      Effect.gen(function*() {
        const layer = ImageLayer.fromEntries([Tar.file("f", randomBytes(100_000))])
        const chunks = yield* Stream.runCollect(ImageLayer.stream(ImageLayer.compress(layer, "gzip")))
        const archive = Buffer.concat(Chunk.toReadonlyArray(chunks))
        const damaged = Buffer.from(archive)
        damaged.writeUInt32LE(0, archive.length - 8)
        const blob = (bytes: Uint8Array) => [{ mediaType: MediaType.ImageLayerGzip, bytes: Stream.make(bytes) }]
        for (
          const bytes of [
            archive.subarray(0, 100),
            archive.subarray(0, -1),
            damaged,
            Buffer.from("no"),
            new Uint8Array(0)
          ]
        ) {
          const error = yield* refusedBy(blob(bytes))
          assert.strictEqual(error._tag, "CompressionError", `${bytes.length} bytes`)
        }
      }).pipe(Effect.provide(layerServices)))

    it.scoped("if writing fails", () =>
      Effect.gen(function*() {
        const files = yield* LocalFiles.LocalFiles
        const full = LocalFiles.LocalFiles.of({
          ...files,
          setAttributes: (path) =>
            new LocalFiles.LocalFilesError({ operation: "set", path, reason: "NoSpace", code: "ENOSPC" })
        })
        const error = yield* refusedBy([blobOf(Tar.file("d/f", "", { mode: 0o400 }))]).pipe(
          Effect.provideService(LocalFiles.LocalFiles, full)
        )
        assert.deepInclude(error, { _tag: "UnpackError", reason: "CannotWrite" })
      }).pipe(Effect.provide(layerServices)))

    it.scoped("if the parent of the destination does not exist", () =>
      Effect.gen(function*() {
        const directory = yield* temporaryDirectory
        const error = yield* Effect.flip(Unpack.toDirectory(`${directory}/missing/root`, [blobOf(Tar.file("f", ""))]))
        assert.deepInclude(error, { _tag: "UnpackError", reason: "CannotWrite" })
        assert.include(error.message, "missing/root")
        assert.isFalse(existsSync(`${directory}/missing`))
      }).pipe(Effect.provide(layerServices)))
  })

  describe("links", () => {
    it.scoped("to other names of a file are resolved within the directory", () =>
      Effect.gen(function*() {
        const root = `${yield* temporaryDirectory}/root`
        yield* Unpack.toDirectory(root, [blobOf(
          Tar.file("usr/bin/f", "f"),
          Tar.symlink("bin", "/usr/bin"),
          link("bin/g", "bin/f"),
          Tar.file("bin/h", "h"),
          Tar.symlink("up", "usr/../../../usr"),
          Tar.file("up/i", "i")
        )])
        assert.deepStrictEqual(describeTree(root), [
          "bin -> /usr/bin",
          "up -> usr/../../../usr",
          "usr/",
          "usr/bin/",
          "usr/bin/f 644 f",
          "usr/bin/g 644 f",
          "usr/bin/h 644 h",
          "usr/i 644 i"
        ])
        assert.strictEqual(lstatSync(`${root}/usr/bin/f`).nlink, 2)
      }).pipe(Effect.provide(layerServices)))

    for (
      const [name, ...entries] of [
        ["to itself", Tar.file("a", "x"), link("a", "a")],
        ["to a directory", Tar.directory("d"), link("a", "d")],
        ["to the root", link("a", "/")],
        ["to nothing", link("a", "b")],
        ["to what it replaces", Tar.file("d/f", "x"), link("d", "d/f")]
      ] as const
    ) {
      it.scoped(`${name} are refused`, () =>
        Effect.gen(function*() {
          const error = yield* refusedBy([blobOf(...entries)])
          assert.include(["UnsafeLink", "CannotWrite"], "reason" in error ? error.reason : "", error.message)
        }).pipe(Effect.provide(layerServices)))
    }

    it.scoped("of a lower layer are replaced and never written through", () =>
      Effect.gen(function*() {
        const directory = yield* temporaryDirectory
        writeFileSync(`${directory}/victim`, "hello", { mode: 0o600 })
        const victim = `${directory}/victim`
        const names = ["file", "large", "directory", "symlink", "link"]
        const lower = blobOf(...names.map((name) => Tar.symlink(name, victim)), Tar.file("f", "f"))
        const upper = blobOf(
          Tar.file("file", "x", { mode: 0o777 }),
          Tar.file("large", "x".repeat(300_000), { mode: 0o777 }),
          Tar.directory("directory", { mode: 0o777 }),
          Tar.symlink("symlink", "elsewhere"),
          link("link", "f")
        )
        yield* Unpack.toDirectory(`${directory}/root`, [lower, upper])
        assert.strictEqual(readFileSync(victim, "utf8"), "hello")
        assert.strictEqual(lstatSync(victim).mode & 0o777, 0o600)
        assert.deepStrictEqual(describeTree(`${directory}/root`), [
          "directory/ 777",
          "f 644 f",
          "file 777 x",
          `large 777 ${"x".repeat(300_000)}`,
          "link 644 f",
          "symlink -> elsewhere"
        ])
      }).pipe(Effect.provide(layerServices)))
  })

  it.scoped("yields to other fibers while it unpacks many files", () =>
    Effect.gen(function*() {
      const root = `${yield* temporaryDirectory}/root`
      let ticks = 0
      const count = () => {
        ticks++
        immediate = setImmediate(count)
      }
      let immediate = setImmediate(count)
      const entries = Stream.map(Stream.range(1, 2000), (i) => Tar.file(String(i), ""))
      yield* Unpack.toDirectory(root, [ImageLayer.toBlob(ImageLayer.fromStream(entries))])
      clearImmediate(immediate)
      assert.isAbove(ticks, 20)
    }).pipe(Effect.provide(layerServices)), 60_000)
})
