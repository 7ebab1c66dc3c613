import { FileSystem } from "@effect/platform"
import { NodeContext, NodeRuntime } from "@effect/platform-node"
import { NodeCompression, NodeHasher, NodeLocalFiles } from "@ociman/node"
import { Layer, Unpack } from "@ociman/oci"
import { Config, Console, Effect, Layer as Services } from "effect"
import { execFile, spawnSync } from "node:child_process"
import { randomFillSync } from "node:crypto"
import { closeSync, mkdirSync, openSync, writeFileSync, writeSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { compare } from "./compare.js"

const mebibyte = 1024 ** 2

/** Ten thousand files of about 20 KiB in a hundred directories. */
const manyFiles = (root: string) => {
  const content = randomFillSync(new Uint8Array(200 * mebibyte / 10_000))
  for (let i = 0; i < 10_000; i++) {
    const directory = `${root}/${i % 10}/${Math.floor(i / 10) % 10}`
    mkdirSync(directory, { recursive: true })
    new DataView(content.buffer).setUint32(0, i)
    writeFileSync(`${directory}/${i}`, content)
  }
}

const oneFile = (root: string) => {
  mkdirSync(root)
  const content = randomFillSync(new Uint8Array(mebibyte))
  const fd = openSync(`${root}/large`, "w")
  for (let i = 0; i < 1024; i++) writeSync(fd, content)
  closeSync(fd)
}

const sh = (script: string, ...args: ReadonlyArray<string>) =>
  Effect.async<void, Error>((resume) => {
    execFile("sh", ["-c", script, "sh", ...args], (error) => resume(error === null ? Effect.void : Effect.fail(error)))
  })

const services = Services.mergeAll(NodeCompression.layer, NodeHasher.layer, NodeLocalFiles.layer, NodeContext.layer)

/** What this program needs at most when it does one thing in a process of its own. */
const peak = (mode: string, root: string) =>
  Effect.sync(() => {
    const self = fileURLToPath(import.meta.url)
    const { stdout } = spawnSync(process.execPath, [...process.execArgv, self], {
      env: { ...process.env, OCIMAN_BENCH_MODE: mode, OCIMAN_BENCH_ROOT: root },
      encoding: "utf8"
    })
    return stdout.trim()
  })

const pack = (root: string) => Layer.describe(Layer.fromDirectory(root))

const unpack = (root: string) => {
  const target = `${root}-unpacked`
  const blob = Layer.toBlob(Layer.fromDirectory(root))
  return Unpack.toDirectory(target, [blob], { overwrite: true })
}

const measured = (title: string, root: string, rounds: number) =>
  Effect.gen(function*() {
    yield* compare(`pack ${title}`, { rounds, expected: 1.3 }, {
      name: "Layer.describe(Layer.fromDirectory(root))",
      run: pack(root)
    }, {
      name: "tar | sha256sum",
      run: sh("tar -cf - -C \"$1\" . | sha256sum >/dev/null", root)
    })
    yield* compare(`pack ${title} with gzip`, { rounds: Math.min(rounds, 3), expected: 1.3 }, {
      name: "Layer.compress(\"gzip\")",
      run: Layer.describe(Layer.compress(Layer.fromDirectory(root), "gzip"))
    }, {
      name: "tar | gzip | sha256sum",
      run: sh("tar -cf - -C \"$1\" . | gzip | sha256sum >/dev/null", root)
    })
    yield* compare(`pack and unpack ${title}`, { rounds, expected: 1.3 }, {
      name: "Unpack.toDirectory",
      run: unpack(root)
    }, {
      name: "tar | tar -x",
      run: sh("rm -rf \"$1-tar\" && mkdir \"$1-tar\" && tar -cf - -C \"$1\" . | tar -xf - -C \"$1-tar\"", root)
    })
    yield* Console.log(
      `  peak memory: pack ${yield* peak("pack", root)}, unpack ${yield* peak(
        "unpack",
        root
      )} (expected: at most 150 MB)`
    )
  })

/** Layers against `tar`, and how much memory they take. */
export const layers = Effect.scoped(Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const directory = yield* fs.makeTempDirectoryScoped({ prefix: "ociman-bench-" })
  manyFiles(`${directory}/many`)
  yield* measured("10000 files, 200 MiB", `${directory}/many`, 7)
  oneFile(`${directory}/one`)
  yield* measured("one file, 1 GiB", `${directory}/one`, 3)
})).pipe(Effect.provide(services))

/** One thing, and the memory it took. */
const once = (mode: string, root: string) =>
  Effect.zipRight(
    mode === "pack" ? Effect.asVoid(pack(root)) : Effect.asVoid(unpack(root)),
    Effect.suspend(() => Console.log(`${Math.round(process.resourceUsage().maxRSS / 1024)} MB`))
  ).pipe(Effect.provide(services))

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  Effect.gen(function*() {
    const mode = yield* Config.withDefault(Config.string("OCIMAN_BENCH_MODE"), "")
    return yield* mode === "" ? layers : once(mode, yield* Config.string("OCIMAN_BENCH_ROOT"))
  }).pipe(NodeRuntime.runMain)
}
