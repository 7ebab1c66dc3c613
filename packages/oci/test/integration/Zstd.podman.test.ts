/** Layers compressed with zstd by other tools are unpacked, and the other way round, on a Node.js with zstd. */
import { Command } from "@effect/platform"
import { describe } from "@effect/vitest"
import { assertInclude, assertTrue, deepStrictEqual } from "@effect/vitest/utils"
import { ImageManifest, ImageStore, OciDirectory } from "@ociman/oci"
import { Subprocess } from "@ociman/process"
import { Effect } from "effect"
import { mkdirSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { fileURLToPath } from "node:url"
import { temporary } from "../archives.js"
import { live } from "../live.js"
import { describeTree } from "../trees.js"
import { newName, output, skopeo } from "./tools.js"

const program = fileURLToPath(new URL("../programs/zstd.ts", import.meta.url))

/** As in `scripts/check-node-versions.mjs`: from here npm finds no package of this repository. */
const newerNode = Command.make(
  "npm",
  "exec",
  "--yes",
  "--prefer-offline",
  "--loglevel=error",
  `--package=node-${process.platform}-${process.arch}@24`,
  "--",
  "node",
  "-p",
  "process.execPath"
).pipe(
  Command.workingDirectory(tmpdir()),
  Subprocess.run,
  Effect.map(({ stdout }) => stdout.text.trim())
)

const contents = (root: string) => {
  mkdirSync(`${root}/files/deep`, { recursive: true })
  writeFileSync(`${root}/files/deep/a`, "a".repeat(1_000_000))
  writeFileSync(`${root}/files/b`, "b")
  return `${root}/files`
}

const layersOf = (layout: string, name: string) =>
  Effect.gen(function*() {
    const store = yield* OciDirectory.open(layout)
    const { value } = yield* ImageStore.fetchDocument(store, ImageManifest.codec, yield* store.resolve(name))
    return value.layers
  })

describe("Layers compressed with zstd", () => {
  live(
    "are read by skopeo and Podman, and those of skopeo are unpacked",
    Effect.gen(function*() {
      const root = yield* temporary
      const files = contents(root)
      const node = yield* newerNode
      const zstd = (...args: ReadonlyArray<string>) =>
        output(node, "--conditions=@ociman/source", "--import=tsx", program, ...args)
      yield* zstd("pack", `${root}/ours`, "v1", files)
      assertTrue((yield* layersOf(`${root}/ours`, "v1")).every(({ mediaType }) => mediaType.endsWith("+zstd")))
      yield* skopeo("copy", "--dest-decompress", `oci:${root}/ours:v1`, `dir:${root}/dir`)
      assertInclude(yield* skopeo("inspect", "--raw", `dir:${root}/dir`), "layer.v1.tar\"")

      const name = yield* Effect.acquireRelease(
        Effect.sync(newName),
        (name) => Effect.ignore(output("podman", "rmi", "-f", name))
      )
      yield* skopeo("copy", `oci:${root}/ours:v1`, `containers-storage:${name}`)
      yield* output("podman", "save", "--format", "oci-archive", "-o", `${root}/saved`, name)
      yield* skopeo("copy", `oci-archive:${root}/saved`, `dir:${root}/from-podman`)

      yield* skopeo("copy", "--dest-decompress", `oci:${root}/ours:v1`, `oci:${root}/plain:v1`)
      const compressed = ["copy", "--dest-compress", "--dest-compress-format", "zstd"]
      yield* skopeo(...compressed, `oci:${root}/plain:v1`, `oci:${root}/theirs:v1`)
      assertTrue((yield* layersOf(`${root}/theirs`, "v1")).every(({ mediaType }) => mediaType.endsWith("+zstd")))
      yield* zstd("unpack", `${root}/theirs`, "v1", `${root}/out`)
      deepStrictEqual(describeTree(`${root}/out`), describeTree(files))
    })
  )
})
