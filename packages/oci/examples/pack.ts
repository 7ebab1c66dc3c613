import { NodeContext, NodeRuntime } from "@effect/platform-node"
import { NodeImages } from "@ociman/node"
import { Artifact, Copy, OciArchive, OciDirectory } from "@ociman/oci"
import { Console, Effect, Layer } from "effect"
import { mkdtemp, readdir, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"

const temporary = Effect.acquireRelease(
  Effect.promise(() => mkdtemp(join(tmpdir(), "ociman-example-"))),
  (directory) => Effect.promise(() => rm(directory, { recursive: true }))
)

const program = Effect.gen(function*() {
  const directory = yield* temporary
  const name = "ghcr.io/example/files:1.0"

  // Pack this directory into a layout. The same files have the same digest on every machine.
  const layout = yield* OciDirectory.openOrCreate(`${directory}/layout`)
  const { descriptor } = yield* Artifact.push(Artifact.fromDirectory(import.meta.dirname), layout, name)
  yield* Console.log(descriptor.digest)

  // List its files.
  for (const { files } of yield* Artifact.files(layout, name)) yield* Console.log(files)

  // Copy it to a single file. The digest stays the same.
  const copied = yield* OciArchive.edit(
    `${directory}/files.tar`,
    (archive) => Copy.image({ store: layout, name }, { store: archive, name })
  )
  yield* Console.log(copied.digest === descriptor.digest)

  // Unpack it, verified and atomically.
  const archive = yield* OciArchive.open(`${directory}/files.tar`)
  yield* Artifact.unpack(archive, name, `${directory}/unpacked`)
  yield* Console.log(yield* Effect.promise(() => readdir(`${directory}/unpacked`)))
})

const services = Layer.mergeAll(NodeContext.layer, NodeImages.layer)

program.pipe(Effect.scoped, Effect.provide(services), NodeRuntime.runMain)
