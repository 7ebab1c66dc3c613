import { FileSystem } from "@effect/platform"
import { NodeContext, NodeRuntime } from "@effect/platform-node"
import { NodeCompression, NodeHasher, NodeLocalFiles } from "@ociman/node"
import { Copy, Layer, OciArchive, OciDirectory, Platform, RunnableImage, Tar } from "@ociman/oci"
import { Config, Console, Effect, Layer as Services, Stream } from "effect"
import { execFile, spawnSync } from "node:child_process"
import { randomFillSync } from "node:crypto"
import { rmSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { compare } from "./compare.js"

const mebibyte = 1024 ** 2

const size = 256 * mebibyte

const services = Services.mergeAll(NodeCompression.layer, NodeHasher.layer, NodeLocalFiles.layer, NodeContext.layer)

/** An image of four layers, of 1 GiB together. */
const write = (root: string) =>
  Effect.gen(function*() {
    const store = yield* OciDirectory.openOrCreate(root)
    const content = randomFillSync(new Uint8Array(mebibyte))
    const layer = (name: string) => {
      const bytes = Stream.repeatValue(content).pipe(Stream.take(size / mebibyte))
      return Layer.fromEntries([Tar.fileStream(name, size, bytes)])
    }
    yield* RunnableImage.scratch(Platform.make("linux/amd64")).pipe(
      RunnableImage.addLayer(layer("a")),
      RunnableImage.addLayer(layer("b")),
      RunnableImage.addLayer(layer("c")),
      RunnableImage.addLayer(layer("d")),
      RunnableImage.push(store, "v1")
    )
  })

const skopeo = (from: string, to: string) =>
  Effect.async<void, Error>((resume) => {
    rmSync(to, { recursive: true, force: true })
    const args = ["--insecure-policy", "copy", "--preserve-digests", `oci:${from}:v1`, `oci:${to}:v1`]
    execFile("skopeo", args, (error) => resume(error === null ? Effect.void : Effect.fail(error)))
  })

const copy = (root: string, target: string) =>
  Effect.gen(function*() {
    rmSync(target, { recursive: true, force: true })
    const from = yield* OciDirectory.open(root)
    const to = yield* OciDirectory.openOrCreate(target)
    yield* Copy.image({ store: from, name: "v1" }, { store: to, name: "v1" })
  })

/** To an archive as one stream, which is what an engine is given. */
const stream = (root: string) =>
  Effect.flatMap(OciDirectory.open(root), (store) => Stream.runDrain(OciArchive.stream(store, ["v1"])))

const peak = (mode: string, root: string) =>
  Effect.sync(() => {
    const { stdout } = spawnSync(process.execPath, [...process.execArgv, fileURLToPath(import.meta.url)], {
      env: { ...process.env, OCIMAN_BENCH_MODE: mode, OCIMAN_BENCH_ROOT: root },
      encoding: "utf8"
    })
    return stdout.trim()
  })

/** Copies between layouts against skopeo, and how much memory they take. */
export const stores = Effect.scoped(Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const directory = yield* fs.makeTempDirectoryScoped({ prefix: "ociman-bench-" })
  const root = `${directory}/layout`
  yield* write(root)
  yield* compare("copy an image of 1 GiB from layout to layout", { rounds: 3, expected: 1 }, {
    name: "Copy.image",
    run: copy(root, `${directory}/ours`)
  }, {
    name: "skopeo copy oci: oci:",
    run: skopeo(root, `${directory}/theirs`)
  })
  yield* Console.log(`  peak memory of a copy: ${yield* peak("copy", root)} (expected: at most 150 MB)`)
  yield* Console.log(`  peak memory of a stream: ${yield* peak("stream", root)} (expected: at most 150 MB)`)
})).pipe(Effect.provide(services))

const megabytes = () => Math.round(process.resourceUsage().maxRSS / 1024)

const before = megabytes()

const once = (mode: string, root: string) =>
  Effect.zipRight(
    mode === "copy" ? copy(root, `${root}-peak`) : stream(root),
    Effect.suspend(() => Console.log(`${megabytes()} MB, ${before} MB of it before it began`))
  ).pipe(Effect.provide(services))

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  Effect.gen(function*() {
    const mode = yield* Config.withDefault(Config.string("OCIMAN_BENCH_MODE"), "")
    return yield* mode === "" ? stores : once(mode, yield* Config.string("OCIMAN_BENCH_ROOT"))
  }).pipe(NodeRuntime.runMain)
}
