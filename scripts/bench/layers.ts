import { FileSystem } from "@effect/platform"
import { NodeContext, NodeRuntime } from "@effect/platform-node"
import { Effect } from "effect"
import { execFileSync } from "node:child_process"
import { randomFillSync } from "node:crypto"
import { closeSync, mkdirSync, openSync, rmSync, writeFileSync, writeSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { ours, race, sh, type Side } from "./processes.js"

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

const remove = (...paths: ReadonlyArray<string>) => () => {
  for (const path of paths) rmSync(path, { recursive: true, force: true })
}

const nothing = () => {}

/** Makes a layout with an empty image, to which umoci adds a layer. */
const emptyLayout = (layout: string) => () => {
  remove(layout)()
  execFileSync("umoci", ["init", "--layout", layout])
  execFileSync("umoci", ["new", "--image", `${layout}:v1`])
}

const measured = (title: string, root: string, rounds: number) =>
  Effect.gen(function*() {
    const side = (name: string, run: Side["run"], prepare: () => void = nothing): Side => ({
      name,
      run,
      prepare: Effect.sync(prepare)
    })
    const layout = (name: string) => `${root}-${name}`

    yield* race(
      `digest ${title}`,
      { rounds, expected: 1.3 },
      side("Layer.describe(Layer.fromDirectory(root))", ours("digest", root)),
      side("tar | sha256sum", sh("tar -cf - -C \"$1\" . | sha256sum >/dev/null", root))
    )
    yield* race(
      `pack ${title} with gzip into a layout`,
      { rounds: Math.min(rounds, 3) },
      side("RunnableImage.push", ours("pack-gzip", root, layout("ours")), remove(layout("ours"))),
      side("tar | gzip", sh("tar -cf - -C \"$1\" . | gzip > \"$1.tar.gz\" && sync \"$1.tar.gz\"", root)),
      side(
        "umoci insert",
        sh("umoci insert --image \"$1:v1\" \"$2\" /", layout("theirs"), root),
        emptyLayout(layout("theirs"))
      )
    )
    yield* race(
      `unpack ${title} with gzip from a layout`,
      { rounds: Math.min(rounds, 3) },
      side("Unpack.image", ours("unpack", layout("ours"), layout("files")), remove(layout("files"))),
      side(
        "tar -xz",
        sh("mkdir \"$2\" && tar -xzf \"$1.tar.gz\" -C \"$2\"", root, layout("tar")),
        remove(layout("tar"))
      ),
      side(
        "umoci unpack",
        sh("umoci unpack --image \"$1:v1\" \"$2\"", layout("ours"), layout("bundle")),
        remove(layout("bundle"))
      )
    )
    remove(layout("ours"), layout("theirs"), layout("files"), layout("tar"), layout("bundle"), `${root}.tar.gz`)()
  })

/** Compares layers with `tar`, `gzip` and umoci. */
export const layers = Effect.scoped(Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const directory = yield* fs.makeTempDirectoryScoped({ prefix: "ociman-bench-" })
  manyFiles(`${directory}/many`)
  yield* measured("10000 files, 200 MiB", `${directory}/many`, 5)
  remove(`${directory}/many`)()
  oneFile(`${directory}/one`)
  yield* measured("one file, 1 GiB", `${directory}/one`, 3)
})).pipe(Effect.provide(NodeContext.layer))

if (process.argv[1] === fileURLToPath(import.meta.url)) NodeRuntime.runMain(layers)
