import { assert, describe, it } from "@effect/vitest"
import { ImageLayer, Tar, Unpack } from "@ociman/oci"
import { Chunk, ConfigProvider, Effect, FastCheck as fc, type Layer, Sink, Stream } from "effect"
import { execFileSync } from "node:child_process"
import { createHash } from "node:crypto"
import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  symlinkSync,
  utimesSync,
  writeFileSync
} from "node:fs"
import { gunzipSync } from "node:zlib"
import { changed, plant, type Tree, tree } from "./randomTrees.js"
import { describeTree, layerServices, temporaryDirectory } from "./trees.js"

const kept = { permissions: "kept" } as const

const bytesOf = <E, R>(stream: Stream.Stream<Uint8Array, E, R>) =>
  Effect.map(Stream.runCollect(stream), (chunks) => Buffer.concat(Chunk.toReadonlyArray(chunks)))

const sha256 = (bytes: Uint8Array) => `sha256:${createHash("sha256").update(bytes).digest("hex")}`

const namesOf = <E, R>(layer: ImageLayer.ImageLayer<E, R>) =>
  Effect.map(
    Stream.runCollect(ImageLayer.entries(ImageLayer.toBlob(layer))),
    (entries) => Chunk.toReadonlyArray(entries).map(({ path, type }) => type === "Directory" ? `${path}/` : path)
  )

const unpacked = <E, R>(root: string, layers: ReadonlyArray<ImageLayer.ImageLayer<E, R>>) =>
  Effect.map(
    Unpack.toDirectory(root, layers.map(ImageLayer.toBlob), { overwrite: true }),
    () => describeTree(root)
  )

/** Runs a property test with a new directory for each case. */
const property = <A>(
  arbitrary: fc.Arbitrary<A>,
  check: (
    value: A,
    directory: string
  ) => Effect.Effect<void, unknown, Layer.Layer.Success<typeof layerServices>>
) =>
  Effect.gen(function*() {
    const runtime = yield* Effect.runtime<Layer.Layer.Success<typeof layerServices>>()
    const directory = yield* temporaryDirectory
    yield* Effect.promise(() =>
      fc.assert(
        fc.asyncProperty(arbitrary, (value) => Effect.runPromise(Effect.provide(check(value, directory), runtime))),
        { numRuns: 25 }
      )
    )
  })

describe("ImageLayer", () => {
  describe("of a directory", () => {
    it.scoped(
      "round-trips any tree",
      () =>
        property(tree, (places, directory) =>
          Effect.gen(function*() {
            const root = plant(`${directory}/in`, places)
            assert.deepStrictEqual(
              yield* unpacked(`${directory}/out`, [ImageLayer.fromDirectory(root, kept)]),
              describeTree(root)
            )
          })).pipe(Effect.provide(layerServices)),
      60_000
    )

    it.scoped("has the same bytes regardless of owner, times, order of creation and umask", () =>
      Effect.gen(function*() {
        const directory = yield* temporaryDirectory
        for (const [name, order] of [["one", ["a", "b", "c"]], ["two", ["c", "b", "a"]]] as const) {
          mkdirSync(`${directory}/${name}`)
          for (const file of order) writeFileSync(`${directory}/${name}/${file}`, file)
        }
        chmodSync(`${directory}/two/a`, 0o664)
        utimesSync(`${directory}/two/b`, 1, 1)
        const one = yield* bytesOf(ImageLayer.stream(ImageLayer.fromDirectory(`${directory}/one`)))
        const two = yield* bytesOf(ImageLayer.stream(ImageLayer.fromDirectory(`${directory}/two`)))
        assert.strictEqual(sha256(one), sha256(two))
        // A known digest, so that a change of the written bytes is noticed.
        assert.strictEqual(sha256(one), "sha256:c648af5fb9b79a5bf5d7eedc5d7f4f32b831a1613f554a8dd086b28c33250896")
      }).pipe(Effect.provide(layerServices)))

    it.scoped("has the time of SOURCE_DATE_EPOCH, or the beginning of 1970", () =>
      Effect.gen(function*() {
        const root = plant(`${yield* temporaryDirectory}/in`, [{
          path: ["d", "f"],
          leaf: { type: "File", content: new Uint8Array(1), mode: 0o644 }
        }])
        const times = Effect.map(
          Stream.runCollect(ImageLayer.entries(ImageLayer.toBlob(ImageLayer.fromDirectory(root)))),
          (entries) => Array.from(entries, ({ gid, modified, uid }) => [modified.getTime(), uid, gid])
        )
        assert.deepStrictEqual(yield* times, [[0, 0, 0], [0, 0, 0]])
        const provider = ConfigProvider.fromMap(new Map([["SOURCE_DATE_EPOCH", "1700000000"]]))
        assert.deepStrictEqual(
          yield* Effect.withConfigProvider(times, provider),
          [[1_700_000_000_000, 0, 0], [1_700_000_000_000, 0, 0]]
        )
        const wrong = ConfigProvider.fromMap(new Map([["SOURCE_DATE_EPOCH", "yesterday"]]))
        assert.deepInclude(yield* Effect.flip(Effect.withConfigProvider(times, wrong)), { _op: "InvalidData" })
      }).pipe(Effect.provide(layerServices)))

    it.scoped("is placed at a path of the layer, with its parent directories", () =>
      Effect.gen(function*() {
        const root = plant(`${yield* temporaryDirectory}/in`, [
          { path: ["b", "f"], leaf: { type: "File", content: new Uint8Array(0), mode: 0o600 } },
          { path: ["b.c"], leaf: { type: "Directory", mode: 0o700 } },
          { path: ["node_modules", "x"], leaf: { type: "File", content: new Uint8Array(0), mode: 0o600 } }
        ])
        const layer = ImageLayer.fromDirectory(root, { at: "/opt/app", include: (path) => path !== "node_modules" })
        assert.deepStrictEqual(yield* namesOf(layer), ["opt/", "opt/app/", "opt/app/b/", "opt/app/b/f", "opt/app/b.c/"])
        const entries = yield* Stream.runCollect(ImageLayer.entries(ImageLayer.toBlob(layer)))
        assert.deepStrictEqual(Array.from(entries, ({ mode }) => mode), [0o755, 0o755, 0o755, 0o644, 0o755])
        const error = yield* Effect.flip(ImageLayer.describe(ImageLayer.fromDirectory(root, { at: "../x" })))
        assert.deepInclude(error, { _tag: "LayerError", reason: "InvalidPath" })
      }).pipe(Effect.provide(layerServices)))

    it.scoped("cannot contain a file whose name is a whiteout", () =>
      Effect.gen(function*() {
        const root = plant(`${yield* temporaryDirectory}/in`, [
          { path: ["d", ".wh.x"], leaf: { type: "File", content: new Uint8Array(0), mode: 0o600 } }
        ])
        const error = yield* Effect.flip(ImageLayer.describe(ImageLayer.fromDirectory(root)))
        assert.deepInclude(error, { _tag: "LayerError", reason: "ReservedName", path: "d/.wh.x" })
      }).pipe(Effect.provide(layerServices)))

    it.scoped(
      "is extracted by GNU tar to the same tree",
      () =>
        property(tree, (places, directory) =>
          Effect.gen(function*() {
            const root = plant(`${directory}/in`, places)
            writeFileSync(
              `${directory}/layer.tar`,
              yield* bytesOf(ImageLayer.stream(ImageLayer.fromDirectory(root, kept)))
            )
            plant(`${directory}/out`, [])
            execFileSync("tar", ["-xpf", `${directory}/layer.tar`, "-C", `${directory}/out`], { stdio: "pipe" })
            assert.deepStrictEqual(describeTree(`${directory}/out`), describeTree(root))
          })).pipe(Effect.provide(layerServices)),
      60_000
    )
  })

  describe("of entries", () => {
    it.effect("is sorted and has parent directories", () =>
      Effect.gen(function*() {
        const layer = ImageLayer.fromEntries([
          Tar.file("/usr/bin/b", "b"),
          Tar.file("usr/bin-x", ""),
          Tar.file("./usr/bin/a", "a"),
          Tar.directory("usr/bin", { mode: 0o700 })
        ])
        assert.deepStrictEqual(yield* namesOf(layer), ["usr/", "usr/bin/", "usr/bin/a", "usr/bin/b", "usr/bin-x"])
      }).pipe(Effect.provide(layerServices)))

    for (
      const [reason, entries] of [
        ["Duplicate", [Tar.file("a", ""), Tar.file("/a", "")]],
        ["InvalidPath", [Tar.file("a/../b", "")]],
        ["InvalidPath", [Tar.file("a", ""), Tar.file("a/b", "")]],
        ["InvalidPath", [Tar.directory("/")]]
      ] as const
    ) {
      it.effect(`refuses ${entries.map(({ path }) => path).join(" and ")}`, () =>
        Effect.gen(function*() {
          const error = yield* Effect.flip(ImageLayer.describe(ImageLayer.fromEntries<never, never>(entries)))
          assert.deepInclude(error, { _tag: "LayerError", reason })
        }).pipe(Effect.provide(layerServices)))
    }
  })

  describe("run", () => {
    const layer = ImageLayer.fromEntries([Tar.file("f", "x".repeat(100_000))])

    it.effect("returns the digests of the blob and of the uncompressed archive", () =>
      Effect.gen(function*() {
        const archive = yield* bytesOf(ImageLayer.stream(layer))
        const [plain, plainBytes] = yield* ImageLayer.run(layer, Sink.collectAll<Uint8Array>())
        assert.deepStrictEqual(Buffer.concat(Chunk.toReadonlyArray(plainBytes)), archive)
        assert.deepStrictEqual(plain, {
          descriptor: {
            mediaType: plain.descriptor.mediaType,
            digest: plain.diffId,
            size: archive.length
          },
          diffId: plain.diffId,
          archiveSize: archive.length
        })
        assert.strictEqual(plain.diffId, sha256(archive))
        assert.strictEqual(plain.descriptor.mediaType, "application/vnd.oci.image.layer.v1.tar")

        const [description, chunks] = yield* ImageLayer.run(
          ImageLayer.compress(layer, "gzip"),
          Sink.collectAll<Uint8Array>()
        )
        const bytes = Buffer.concat(Chunk.toReadonlyArray(chunks))
        assert.strictEqual(description.descriptor.digest, sha256(bytes))
        assert.strictEqual(description.descriptor.size, bytes.length)
        assert.strictEqual(description.descriptor.mediaType, "application/vnd.oci.image.layer.v1.tar+gzip")
        assert.strictEqual(description.diffId, sha256(archive))
        assert.strictEqual(description.archiveSize, archive.length)
        assert.deepStrictEqual(gunzipSync(bytes), archive)
      }).pipe(Effect.provide(layerServices)))

    it.effect("hashes all bytes even if the sink stops early", () =>
      Effect.gen(function*() {
        const [description] = yield* ImageLayer.run(layer, Sink.take<Uint8Array>(1))
        assert.deepStrictEqual(description, yield* ImageLayer.describe(layer))
      }).pipe(Effect.provide(layerServices)))

    it.effect("writes neither time nor operating system to gzip headers, and applies the level", () =>
      Effect.gen(function*() {
        const fast = yield* bytesOf(ImageLayer.stream(ImageLayer.compress(layer, "gzip", { level: 1 })))
        const small = yield* bytesOf(ImageLayer.stream(layer.pipe(ImageLayer.compress("gzip", { level: 9 }))))
        assert.isBelow(small.length, fast.length)
        assert.deepStrictEqual(Array.from(small.subarray(0, 8)), [0x1F, 0x8B, 8, 0, 0, 0, 0, 0])
        assert.strictEqual(small[9], 0xFF)
      }).pipe(Effect.provide(layerServices)))

    it.effect("compresses with zstd, or fails if the platform does not support it", () =>
      Effect.gen(function*() {
        const bytes = bytesOf(ImageLayer.stream(ImageLayer.compress(layer, "zstd")))
        const [major = 0, minor = 0] = process.versions.node.split(".").map(Number)
        if (major > 22 || (major === 22 && minor >= 15)) {
          const mediaType = "application/vnd.oci.image.layer.v1.tar+zstd"
          const compressed = yield* bytes
          assert.strictEqual(compressed.readUInt32LE(0), 0xFD2FB528)
          const archive = yield* bytesOf(ImageLayer.decompress({ mediaType, bytes: Stream.make(compressed) }))
          assert.deepStrictEqual(archive, yield* bytesOf(ImageLayer.stream(layer)))
        } else {
          const error = yield* Effect.flip(bytes)
          assert.deepInclude(error, { _tag: "CompressionError", reason: "Unavailable", format: "zstd" })
          assert.include(error.message, "22.15")
        }
      }).pipe(Effect.provide(layerServices)))

    it.effect("refuses to read a blob that is not a layer", () =>
      Effect.gen(function*() {
        const error = yield* Effect.flip(
          bytesOf(ImageLayer.decompress({ mediaType: "text/plain", bytes: Stream.empty }))
        )
        assert.deepInclude(error, { _tag: "LayerError", reason: "UnsupportedMediaType" })
      }).pipe(Effect.provide(layerServices)))

    it.effect("fails with the error of its source, compressed or not", () =>
      Effect.gen(function*() {
        const failing = ImageLayer.fromStream(Stream.make(
          Tar.fileStream("f", 10, Stream.concat(Stream.make(new Uint8Array(5)), Stream.fail("broken" as const)))
        ))
        assert.strictEqual(yield* Effect.flip(ImageLayer.describe(failing)), "broken")
        assert.strictEqual(yield* Effect.flip(ImageLayer.describe(ImageLayer.compress(failing, "gzip"))), "broken")
      }).pipe(Effect.provide(layerServices)))
  })

  describe("diff", () => {
    const twoTrees: fc.Arbitrary<readonly [Tree, Tree]> = tree.chain((before) =>
      fc.tuple(fc.constant(before), changed(before))
    )

    it.scoped(
      "turns the first directory into the second one",
      () =>
        property(twoTrees, ([before, after], directory) =>
          Effect.gen(function*() {
            const lower = plant(`${directory}/lower`, before)
            const upper = plant(`${directory}/upper`, after)
            const layers = [ImageLayer.fromDirectory(lower, kept), ImageLayer.diff(lower, upper)]
            assert.deepStrictEqual(yield* unpacked(`${directory}/out`, layers), describeTree(upper))
          })).pipe(Effect.provide(layerServices)),
      120_000
    )

    it.scoped("contains changed entries with their parent directories, and whiteouts before other entries of a directory", () =>
      Effect.gen(function*() {
        const directory = yield* temporaryDirectory
        const file = (path: string, content = "", mode = 0o644) => ({
          path: path.split("/"),
          leaf: { type: "File", content: Buffer.from(content), mode } as const
        })
        const lower = plant(`${directory}/lower`, [
          file("same/f"),
          file("deep/same/f"),
          file("deep/er/changed", "1"),
          file("deep/er/mode"),
          file("deep/removed"),
          file("emptied/a"),
          file("emptied/b"),
          file("gone/a/b"),
          file("was-file"),
          file("was-directory/x"),
          file("zz")
        ])
        const upper = plant(`${directory}/upper`, [
          file("same/f"),
          file("added"),
          file("deep/same/f"),
          file("deep/er/changed", "2"),
          file("deep/er/mode", "", 0o600),
          file("emptied/c"),
          file("was-directory"),
          file("was-file/x"),
          file("zz")
        ])
        assert.deepStrictEqual(yield* namesOf(ImageLayer.diff(lower, upper)), [
          ".wh.gone",
          "added",
          "deep/",
          "deep/.wh.removed",
          "deep/er/",
          "deep/er/changed",
          "deep/er/mode",
          "emptied/",
          "emptied/.wh..wh..opq",
          "emptied/c",
          "was-directory",
          "was-file/",
          "was-file/x"
        ])
        assert.deepStrictEqual(yield* namesOf(ImageLayer.diff(lower, lower)), [])
        assert.deepStrictEqual(
          (yield* namesOf(ImageLayer.diff(lower, upper, { permissions: "normal" }))).filter((name) =>
            name.includes("mode")
          ),
          []
        )
      }).pipe(Effect.provide(layerServices)))

    it.scoped("compares large files", () =>
      Effect.gen(function*() {
        const directory = yield* temporaryDirectory
        const content = new Uint8Array(400_000)
        const other = content.slice()
        other[399_999] = 1
        const place = (name: string, content: Uint8Array) => ({
          path: [name],
          leaf: { type: "File", content, mode: 0o644 } as const
        })
        const lower = plant(`${directory}/lower`, [place("changed", content), place("same", content)])
        const upper = plant(`${directory}/upper`, [place("changed", other), place("same", content)])
        assert.deepStrictEqual(yield* namesOf(ImageLayer.diff(lower, upper)), ["changed"])
      }).pipe(Effect.provide(layerServices)))
  })

  describe("squash", () => {
    const fourTrees = tree.chain((a) =>
      changed(a).chain((b) => changed(b).chain((c) => fc.tuple(...[a, b, c].map(fc.constant), changed(c))))
    )

    it.scoped(
      "has the same effect as applying the layers in order, with or without lower layers",
      () =>
        property(fourTrees, (trees, directory) =>
          Effect.gen(function*() {
            const roots = trees.map((places, i) => plant(`${directory}/${i}`, places))
            const [first = ""] = roots
            const layers = [
              ImageLayer.fromDirectory(first, kept),
              ...roots.slice(1).map((root, i) => ImageLayer.diff(roots[i] ?? "", root))
            ]
            const expected = describeTree(roots[3] ?? "")
            const [base, ...upper] = layers.map(ImageLayer.toBlob)
            assert.isDefined(base)
            const all = ImageLayer.squash([base, ...upper], { whiteouts: "dropped" })
            assert.deepStrictEqual(yield* unpacked(`${directory}/out`, [all]), expected)
            assert.isFalse((yield* namesOf(all)).some((name) => name.includes(".wh.")))
            yield* Unpack.toDirectory(`${directory}/out`, [base, ImageLayer.toBlob(ImageLayer.squash(upper))], {
              overwrite: true
            })
            assert.deepStrictEqual(describeTree(`${directory}/out`), expected)
          })).pipe(Effect.provide(layerServices)),
      120_000
    )

    it.effect("visits the entries of a directory once for each layer, regardless of the number of whiteouts", () =>
      Effect.gen(function*() {
        const looksFor = (whiteouts: number) =>
          Effect.gen(function*() {
            const entries = ["a", "b", "c"].map((name) => Tar.file(`d/${name}`, ""))
            const markers = Array.from({ length: whiteouts }, () => Tar.file("d/.wh..wh..opq", ""))
            const lower = ImageLayer.fromEntries([Tar.file("d/lower", "")])
            const upper = ImageLayer.fromStream(Stream.fromIterable([...entries, ...markers]))
            const squashed = ImageLayer.squash([lower, upper].map(ImageLayer.toBlob), { whiteouts: "dropped" })
            let looks = 0
            const { get } = Map.prototype
            Map.prototype.get = function(this: Map<unknown, unknown>, key) {
              if (key === "a") looks++
              return get.call(this, key)
            }
            const names = yield* Effect.ensuring(
              namesOf(squashed),
              Effect.sync(() => {
                Map.prototype.get = get
              })
            )
            assert.deepStrictEqual(names, ["d/", "d/a", "d/b", "d/c"])
            return looks
          })
        assert.strictEqual(yield* looksFor(100), yield* looksFor(1))
      }).pipe(Effect.provide(layerServices)))

    it.effect("keeps owners, times, devices and hard links, even if the first name of a file was removed", () =>
      Effect.gen(function*() {
        const modified = new Date(1_000_000_000_000)
        const first = ImageLayer.fromStream(Stream.make(
          Tar.file("a", "content", { uid: 1, gid: 2, modified }),
          { ...Tar.file("b", ""), type: "Link" as const, target: "a" },
          { ...Tar.file("c", ""), type: "Link" as const, target: "b" },
          { ...Tar.file("null", ""), type: "CharacterDevice" as const }
        ))
        const second = ImageLayer.fromStream(Stream.make(Tar.file("a", "new")))
        const entries = yield* ImageLayer.squash([first, second].map(ImageLayer.toBlob)).pipe(
          ImageLayer.toBlob,
          ImageLayer.entries,
          Stream.mapEffect(({ content, ...header }) =>
            Effect.map(bytesOf(content), (bytes) => ({ ...header, content: bytes.toString() }))
          ),
          Stream.runCollect
        )
        assert.deepStrictEqual(
          Array.from(
            entries,
            (
              { content, gid, modified, path, target, type, uid }
            ) => [path, type, target || content, uid, gid, modified.getTime()]
          ),
          [
            ["null", "CharacterDevice", "", 0, 0, 0],
            ["b", "File", "content", 1, 2, modified.getTime()],
            ["a", "File", "new", 0, 0, 0],
            ["c", "Link", "b", 1, 2, modified.getTime()]
          ]
        )
      }).pipe(Effect.provide(layerServices)))

    for (
      const [reason, path, entry] of [
        ["InvalidPath", "a/../b", Tar.file("a/../b", "")],
        ["InvalidWhiteout", ".wh...", Tar.file(".wh...", "")],
        ["DanglingLink", "l", { ...Tar.file("l", ""), type: "Link" as const, target: "nothing" }],
        ["LimitExceeded", "d/".repeat(2000), Tar.file("d/".repeat(2000) + "f", "")]
      ] as const
    ) {
      it.effect(`refuses ${path.slice(0, 20)}`, () =>
        Effect.gen(function*() {
          const layer = ImageLayer.squash([ImageLayer.toBlob(ImageLayer.fromStream(Stream.make(entry)))])
          assert.deepInclude(yield* Effect.flip(ImageLayer.describe(layer)), { _tag: "LayerError", reason })
        }).pipe(Effect.provide(layerServices)))
    }
  })

  describe("limits", () => {
    const many = ImageLayer.fromEntries(["a", "b", "c"].map((name) => Tar.file(name, name)))
    const deep = ImageLayer.fromEntries([Tar.file("a/b/c/d/e", "")])
    const zeros = Stream.repeatValue(new Uint8Array(1024 ** 2)).pipe(Stream.take(70))
    const bomb = ImageLayer.fromEntries([Tar.fileStream("zeros", 70 * 1024 ** 2, zeros)])
    const blob = (layer: typeof bomb) => ({
      mediaType: "application/vnd.oci.image.layer.v1.tar+gzip",
      bytes: ImageLayer.stream(ImageLayer.compress(layer, "gzip"))
    })

    for (
      const [title, layer, limits, detail] of [
        ["entries", many, { entries: 2 }, "2 entries"],
        ["the length of a path", many, { pathLength: 0 }, "0 bytes"],
        ["nested directories", deep, { depth: 4 }, "4 nested directories"],
        ["bytes", many, { size: 4095 }, "4095 bytes in all"],
        ["the size of a file", bomb, { size: 1024 ** 2 }, "bytes in all"],
        ["the compression ratio", bomb, { ratio: 150 }, "150 times"]
      ] as const
    ) {
      const failsWith = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
        Effect.map(Effect.flip(effect), (error) => {
          assert.include(String(error), "exceeds a limit on layers: ")
          assert.include(String(error), detail)
        })

      it.effect(`on ${title} hold for squashing and listing`, () =>
        Effect.gen(function*() {
          yield* failsWith(ImageLayer.describe(ImageLayer.squash([blob(layer)], { limits })))
          yield* failsWith(Stream.runDrain(ImageLayer.entries(blob(layer), { limits })))
          // Limits are counted again in each run, and in each of the two passes of squashing.
          const squashed = ImageLayer.squash([blob(many), blob(deep)], { limits: { size: 7680, entries: 8 } })
          yield* ImageLayer.describe(squashed)
          yield* ImageLayer.describe(squashed)
        }).pipe(Effect.provide(layerServices)))
    }

    it.effect("on entries hold for all layers together", () =>
      Effect.gen(function*() {
        const squashed = ImageLayer.squash([blob(many), blob(many)], { limits: { entries: 5 } })
        assert.deepInclude(yield* Effect.flip(ImageLayer.describe(squashed)), { reason: "LimitExceeded", path: "c" })
      }).pipe(Effect.provide(layerServices)))
  })

  describe("an archive of GNU tar", () => {
    for (const format of ["v7", "ustar", "gnu", "oldgnu", "pax"]) {
      it.scoped(`in the format ${format} is unpacked unchanged`, () =>
        Effect.gen(function*() {
          const directory = yield* temporaryDirectory
          const root = plant(`${directory}/in`, [])
          mkdirSync(`${root}/d`, { mode: 0o750 })
          writeFileSync(`${root}/d/f`, "content", { mode: 0o640 })
          writeFileSync(`${root}/d/empty`, "")
          linkSync(`${root}/d/f`, `${root}/d/link`)
          symlinkSync("../d/f", `${root}/d/symlink`)
          writeFileSync(`${root}/large`, Buffer.alloc(700_001, "abc"))
          utimesSync(`${root}/large`, 1_500_000_000, 1_500_000_000)
          if (format !== "v7" && format !== "ustar") {
            mkdirSync(`${root}/${"n".repeat(200)}/${"m".repeat(200)}`, { recursive: true })
            writeFileSync(`${root}/${"n".repeat(200)}/${"m".repeat(200)}/ü`, "long")
            symlinkSync("t".repeat(300), `${root}/long`)
          }
          execFileSync("tar", [`--format=${format}`, "-cf", `${directory}/layer.tar`, "-C", root, "."])
          const bytes = Stream.make(readFileSync(`${directory}/layer.tar`))
          yield* Unpack.toDirectory(`${directory}/out`, [{
            mediaType: "application/vnd.oci.image.layer.v1.tar",
            bytes
          }])
          assert.deepStrictEqual(describeTree(`${directory}/out`), describeTree(root))
          assert.strictEqual(lstatSync(`${directory}/out/large`).mtimeMs, 1_500_000_000_000)
          assert.strictEqual(lstatSync(`${directory}/out/d/f`).nlink, 2)
        }).pipe(Effect.provide(layerServices)))
    }

    it("is tested only if GNU tar is installed", () => {
      assert.isTrue(existsSync("/bin/tar") || existsSync("/usr/bin/tar"))
    })
  })
})
