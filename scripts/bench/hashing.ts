import { FileSystem } from "@effect/platform"
import { NodeContext, NodeRuntime } from "@effect/platform-node"
import { NodeHasher } from "@ociman/node"
import { ContentHash } from "@ociman/oci"
import { Effect } from "effect"
import { execFile } from "node:child_process"
import { randomFillSync } from "node:crypto"
import { fileURLToPath } from "node:url"
import { compare } from "./compare.js"

const files = 10_000
const bytes = 200 * 1024 * 1024

/** Ten thousand files of about 20 KiB in a hundred directories. */
const tree = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const root = yield* fs.makeTempDirectoryScoped({ prefix: "ociman-bench-" })
  const content = randomFillSync(new Uint8Array(bytes / files))
  for (let i = 0; i < files; i++) {
    const directory = `${root}/${i % 10}/${Math.floor(i / 10) % 10}`
    if (i % 10 === 0 || i < 100) yield* fs.makeDirectory(directory, { recursive: true })
    new DataView(content.buffer).setUint32(0, i)
    yield* fs.writeFile(`${directory}/${i}`, content)
  }
  return root
})

const sha256sum = (root: string) =>
  Effect.async<void, Error>((resume) => {
    const script = "find \"$1\" -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum >/dev/null"
    execFile("sh", ["-c", script, "sh", root], (error) => resume(error === null ? Effect.void : Effect.fail(error)))
  })

/** Compares the content hash of a tree with `sha256sum` over the same files. */
export const hashing = Effect.scoped(Effect.gen(function*() {
  const root = yield* tree
  yield* compare(`hash ${files} files, ${bytes / 1024 / 1024} MiB`, { rounds: 11, expected: 1.3 }, {
    name: "ContentHash.directory",
    run: ContentHash.directory(root)
  }, {
    name: "find | sort | xargs sha256sum",
    run: sha256sum(root)
  })
})).pipe(Effect.provide(NodeHasher.layer))

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  hashing.pipe(Effect.provide(NodeContext.layer), NodeRuntime.runMain)
}
