import { describe, it } from "@effect/vitest"
import { assertInclude, assertTrue, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import {
  Annotations,
  Content,
  Copy,
  ImageConfig,
  ImageIndex,
  ImageLayer,
  ImageManifest,
  ImageStore,
  MediaType,
  OciDirectory,
  Platform,
  RunnableImage,
  Tar,
  Unpack
} from "@ociman/oci"
import { ConfigProvider, Effect } from "effect"
import { execFileSync } from "node:child_process"
import { writeFileSync } from "node:fs"
import { type Elf, elf } from "./elf.js"
import { live } from "./live.js"
import { describeTree, temporaryDirectory } from "./trees.js"

const program = (options: Elf = {}) =>
  Effect.map(temporaryDirectory, (root) => {
    writeFileSync(`${root}/hello`, elf(options), { mode: 0o755 })
    return `${root}/hello`
  })

const configOf = (store: ImageStore.Readable, { value }: Content.Content<ImageManifest.ImageManifest>) =>
  Effect.map(ImageStore.fetchDocument(store, ImageConfig.codec, value.config), (_) => _.value)

const machines: ReadonlyArray<readonly [string, Elf]> = [
  ["linux/amd64", { machine: 62 }],
  ["linux/arm64", { machine: 183 }],
  ["linux/arm", { machine: 40, wide: false }],
  ["linux/386", { machine: 3, wide: false }],
  ["linux/riscv64", { machine: 243 }],
  ["linux/ppc64le", { machine: 21 }],
  ["linux/s390x", { machine: 22, little: false }]
]

const refused: ReadonlyArray<readonly [string, string, Elf]> = [
  ["that is linked dynamically", "Dynamic", { interpreter: true }],
  ["that is an object", "NotExecutable", { type: 1 }],
  ["that is a library", "NotExecutable", { type: 3, entry: 0 }],
  ["for 64-bit PowerPC of the other byte order", "UnsupportedMachine", { machine: 21, little: false }],
  ["for x86-64 with pointers of 32 bits", "UnsupportedMachine", { machine: 62, wide: false }],
  ["for SPARC", "UnsupportedMachine", { machine: 43, little: false }],
  ["for FreeBSD", "UnsupportedSystem", { system: 9 }],
  ["whose headers are elsewhere", "NotElf", { headersAt: 1_000_000 }]
]

describe("A RunnableImage", () => {
  for (const [platform, options] of machines) {
    live(
      `of a ${platform} program has the platform ${platform}`,
      Effect.gen(function*() {
        const store = yield* ImageStore.makeMemory
        const image = yield* RunnableImage.push(RunnableImage.fromExecutable(yield* program(options)), store)
        const config = yield* configOf(store, image)
        strictEqual(`${config.os}/${config.architecture}`, platform)
        deepStrictEqual(config.config, { WorkingDir: "/", Entrypoint: ["/hello"] })
      })
    )
  }

  for (const [name, reason, options] of refused) {
    live(
      `cannot be made of a program ${name}`,
      Effect.gen(function*() {
        const store = yield* ImageStore.makeMemory
        const error = yield* Effect.flip(
          RunnableImage.push(RunnableImage.fromExecutable(yield* program(options)), store)
        )
        assertTrue(error._tag === "ExecutableError")
        strictEqual(error.reason, reason)
        assertInclude(error.message, "hello")
      })
    )
  }

  live(
    "cannot be made of a file that is not a program",
    Effect.gen(function*() {
      const root = yield* temporaryDirectory
      writeFileSync(`${root}/script`, "#!/bin/sh\n")
      writeFileSync(`${root}/short`, elf({}).slice(0, 30))
      for (const [path, reason] of [["script", "NotElf"], ["short", "NotElf"], ["missing", "CannotRead"]] as const) {
        strictEqual((yield* Effect.flip(RunnableImage.platformOf(`${root}/${path}`))).reason, reason)
      }
      // Node.js itself is linked dynamically, like most programs of a system.
      const node = yield* Effect.flip(RunnableImage.platformOf(process.execPath))
      strictEqual(node.reason, "Dynamic")
      const platform = yield* RunnableImage.platformOf(process.execPath, { dynamic: true })
      strictEqual(platform.os, "linux")
    })
  )

  live(
    "has the same digest on every machine, and contains diff_ids, creation time and history",
    Effect.gen(function*() {
      const store = yield* ImageStore.makeMemory
      const image = RunnableImage.fromExecutable(yield* program()).pipe(
        RunnableImage.addLayer(ImageLayer.fromEntries([Tar.file("etc/motd", "hello\n")]))
      )
      const pushed = yield* RunnableImage.push(image, store)
      strictEqual(
        pushed.descriptor.digest,
        "sha256:c936e7386df0fee37c4c87fac0ef82124619ffa5de7568a4958bc05258ba2d85"
      )
      const config = yield* configOf(store, pushed)
      deepStrictEqual(config.rootfs.diff_ids, pushed.value.layers.map(({ digest }) => digest))
      strictEqual(config.created, "1970-01-01T00:00:00Z")
      strictEqual(config.history?.length, 2)
      const later = yield* RunnableImage.push(image, store).pipe(
        Effect.withConfigProvider(ConfigProvider.fromMap(new Map([["SOURCE_DATE_EPOCH", "1700000000"]])))
      )
      strictEqual((yield* configOf(store, later)).created, "2023-11-14T22:13:20Z")
    })
  )

  live(
    "contains all execution parameters that were set",
    Effect.gen(function*() {
      const store = yield* ImageStore.makeMemory
      const pushed = yield* RunnableImage.scratch(Platform.make("linux/amd64")).pipe(
        RunnableImage.entrypoint("/a", "b"),
        RunnableImage.command("c"),
        RunnableImage.env({ A: "1", B: "2" }),
        RunnableImage.env({ A: "3" }),
        RunnableImage.user("1:2"),
        RunnableImage.workingDirectory("/tmp"),
        RunnableImage.expose(80),
        RunnableImage.expose(53, "udp"),
        RunnableImage.volume("/data"),
        RunnableImage.labels({ a: "b" }),
        RunnableImage.stopSignal("SIGINT"),
        RunnableImage.healthCheck(["/a", "check"], { interval: "2 seconds", retries: 5 }),
        RunnableImage.author("someone"),
        RunnableImage.annotate({ [Annotations.version]: "1" }),
        RunnableImage.push(store, "v1")
      )
      strictEqual((yield* store.resolve("v1")).digest, pushed.descriptor.digest)
      deepStrictEqual(pushed.value.annotations, { [Annotations.version]: "1" })
      const config = yield* configOf(store, pushed)
      strictEqual(config.author, "someone")
      deepStrictEqual(config.config, {
        Entrypoint: ["/a", "b"],
        Cmd: ["c"],
        Env: ["A=3", "B=2"],
        User: "1:2",
        WorkingDir: "/tmp",
        ExposedPorts: { "80/tcp": {}, "53/udp": {} },
        Volumes: { "/data": {} },
        Labels: { a: "b" },
        StopSignal: "SIGINT",
        Healthcheck: { Test: ["CMD", "/a", "check"], Interval: 2_000_000_000, Retries: 5 }
      })
      // Its only layer is empty.
      strictEqual(config.rootfs.diff_ids.length, 1)
    })
  )

  it("has the same parameters by data-first and data-last combinators", () => {
    const base = RunnableImage.scratch(Platform.make("linux/amd64"))
    const pairs = [
      [RunnableImage.entrypoint(base, "/a", "b"), RunnableImage.entrypoint("/a", "b")(base)],
      [RunnableImage.command(base), RunnableImage.command()(base)],
      [RunnableImage.env(base, { A: "1" }), RunnableImage.env({ A: "1" })(base)],
      [RunnableImage.user(base, "1"), RunnableImage.user("1")(base)],
      [RunnableImage.workingDirectory(base, "/tmp"), RunnableImage.workingDirectory("/tmp")(base)],
      [RunnableImage.expose(base, 80), RunnableImage.expose(80)(base)],
      [RunnableImage.expose(base, 53, "udp"), RunnableImage.expose(53, "udp")(base)],
      [RunnableImage.volume(base, "/data"), RunnableImage.volume("/data")(base)],
      [RunnableImage.labels(base, { a: "b" }), RunnableImage.labels({ a: "b" })(base)],
      [RunnableImage.stopSignal(base, "SIGINT"), RunnableImage.stopSignal("SIGINT")(base)],
      [RunnableImage.healthCheck(base, ["/a"]), RunnableImage.healthCheck(["/a"])(base)],
      [
        RunnableImage.healthCheck(base, ["/a"], { retries: 5 }),
        RunnableImage.healthCheck(["/a"], { retries: 5 })(base)
      ]
    ] as const
    for (const [first, last] of pairs) deepStrictEqual(first.configure({}), last.configure({}))
    strictEqual(RunnableImage.author(base, "me").author, RunnableImage.author("me")(base).author)
    deepStrictEqual(RunnableImage.annotate(base, { a: "b" }).annotations, { a: "b" })
  })

  live(
    "on top of another image keeps the layers and parameters of the base, from any store",
    Effect.gen(function*() {
      const store = yield* OciDirectory.openOrCreate(`${yield* temporaryDirectory}/layout`)
      const elsewhere = yield* ImageStore.makeMemory
      const amd64 = RunnableImage.fromExecutable(yield* program()).pipe(
        RunnableImage.env({ PATH: "/bin" }),
        RunnableImage.command("old"),
        RunnableImage.labels({ old: "yes" })
      )
      const arm64 = RunnableImage.fromExecutable(yield* program({ machine: 183 }))
      const index = yield* RunnableImage.pushIndex([amd64, arm64], elsewhere, "base")
      const pushed = yield* RunnableImage.fromImage({ store: elsewhere, name: "base" }, Platform.make("linux/amd64"))
        .pipe(
          RunnableImage.addLayer(ImageLayer.compress(ImageLayer.fromEntries([Tar.file("new", "1")]), "gzip")),
          RunnableImage.entrypoint("/new"),
          RunnableImage.labels({ new: "yes" }),
          RunnableImage.push(store, "v1")
        )
      const [base] = index.value.manifests
      strictEqual(pushed.value.annotations?.[Annotations.baseDigest], base?.digest)
      strictEqual(pushed.value.annotations?.[Annotations.baseName], "base")
      deepStrictEqual(pushed.value.layers.map(({ mediaType }) => mediaType), [
        MediaType.ImageLayer,
        MediaType.ImageLayerGzip
      ])
      const config = yield* configOf(store, pushed)
      strictEqual(config.rootfs.diff_ids.length, 2)
      strictEqual(config.history?.length, 2)
      deepStrictEqual(config.config?.Labels, { old: "yes", new: "yes" })
      deepStrictEqual(config.config?.Env, ["PATH=/bin"])
      deepStrictEqual(config.config?.Entrypoint, ["/new"])
      // As in a Dockerfile, a new entrypoint removes the command of the base.
      strictEqual(config.config?.Cmd, undefined)
      yield* Copy.image({ store, name: "v1" }, { store: yield* ImageStore.makeMemory, name: "v1" })
    })
  )

  live(
    "for several platforms is an index with an image for each",
    Effect.gen(function*() {
      const store = yield* ImageStore.makeMemory
      const [first, ...rest] = yield* Effect.forEach(
        machines,
        ([, options]) => Effect.map(program(options), (path) => RunnableImage.fromExecutable(path))
      )
      assertTrue(first !== undefined)
      const index = yield* RunnableImage.pushIndex([first, ...rest], store, "all")
      for (const [platform] of machines) {
        const requested = Platform.make(platform)
        const found = ImageIndex.forPlatform(index.value, requested)
        strictEqual(found._tag, "Some")
        const root = yield* Copy.rootOf({ store, name: "all" }, requested)
        strictEqual(root.mediaType, MediaType.ImageManifest)
      }
    })
  )

  live(
    "is verified and unpacked for the selected platform",
    Effect.gen(function*() {
      const root = yield* temporaryDirectory
      const store = yield* ImageStore.makeMemory
      const of = (architecture: string) =>
        RunnableImage.scratch(Platform.make(`linux/${architecture}`)).pipe(
          RunnableImage.addLayer(ImageLayer.fromEntries([Tar.file("gone", ""), Tar.file("name", architecture)])),
          RunnableImage.addLayer(ImageLayer.compress(ImageLayer.fromEntries([Tar.file(".wh.gone", "")]), "gzip"))
        )
      yield* RunnableImage.pushIndex([of("amd64"), of("arm64")], store, "all")
      yield* Unpack.image({ store, name: "all" }, `${root}/out`, { platform: Platform.make("linux/arm64") })
      deepStrictEqual(describeTree(`${root}/out`), ["name 644 arm64"])
      // Without a platform, an index is ambiguous.
      const error = yield* Effect.flip(Unpack.image({ store, name: "all" }, `${root}/other`))
      strictEqual(error._tag, "InvalidDocument")
      const image = yield* RunnableImage.push(of("amd64"), store)
      const config = yield* ImageStore.fetchDocument(store, ImageConfig.codec, image.value.config)
      const diff_ids = [...config.value.rootfs.diff_ids].reverse()
      const wrong = yield* Content.make(ImageConfig.codec, { ...config.value, rootfs: { type: "layers", diff_ids } })
      yield* ImageStore.pushDocument(store, wrong)
      const manifest = yield* Content.make(ImageManifest.codec, { ...image.value, config: wrong.descriptor })
      yield* ImageStore.pushDocument(store, manifest)
      const refused = yield* Effect.flip(
        Unpack.image({ store, name: manifest.descriptor.digest }, `${root}/wrong`)
      )
      strictEqual(refused._tag === "UnpackError" ? refused.reason : refused._tag, "DiffIdMismatch")
    })
  )

  live(
    "in Docker's format has the same content with Docker's media types",
    Effect.gen(function*() {
      const store = yield* ImageStore.makeMemory
      const image = RunnableImage.fromExecutable(yield* program())
      const oci = yield* RunnableImage.push(image, store)
      const docker = yield* RunnableImage.push(image, store, "docker", { format: "docker" })
      strictEqual(docker.descriptor.mediaType, MediaType.DockerManifest)
      strictEqual(docker.value.config.mediaType, MediaType.DockerConfig)
      strictEqual(docker.value.config.digest, oci.value.config.digest)
      deepStrictEqual(docker.value.layers.map(({ mediaType }) => mediaType), [MediaType.DockerLayer])
    })
  )

  live(
    "has the platform that uname reports for the program",
    Effect.gen(function*() {
      const platform = yield* RunnableImage.platformOf("/bin/busybox")
      assertInclude(
        execFileSync("uname", ["-m"], { encoding: "utf8" }),
        platform.architecture === "amd64" ? "x86_64" : "aarch64"
      )
    })
  )
})
