import { FileSystem } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { NodeHasher } from "@ociman/node"
import { Hasher } from "@ociman/oci"
import * as FileTree from "@ociman/oci/author/FileTree"
import { Effect, Layer } from "effect"

/** A hasher that records its input and reads no files. */
export const recording = (written: Array<number>): Layer.Layer<Hasher.Hasher> =>
  Layer.succeed(
    Hasher.Hasher,
    Hasher.make({
      start: () => ({
        update: (bytes) => bytes.forEach((byte) => written.push(byte)),
        digest: () => ""
      }),
      reader: FileTree.fromFileSystem(FileSystem.makeNoop({}))
    })
  )

/** All readers. */
export const hashers: ReadonlyArray<readonly [name: string, layer: Layer.Layer<Hasher.Hasher>]> = [
  ["node:fs", NodeHasher.layer],
  ["FileSystem", Layer.provide(Hasher.layerFileSystem(NodeHasher.start), NodeContext.layer)]
]

/** Makes a directory of files, given as contents by path. A path with a trailing `/` is an empty directory. */
export const directoryOf = (files: Readonly<Record<string, string | Uint8Array>>) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const root = yield* fs.makeTempDirectoryScoped()
    for (const [path, content] of Object.entries(files)) {
      const location = `${root}/${path}`
      yield* fs.makeDirectory(location.slice(0, location.lastIndexOf("/")), { recursive: true })
      if (path.endsWith("/")) continue
      yield* typeof content === "string" ? fs.writeFileString(location, content) : fs.writeFile(location, content)
    }
    return root
  })
