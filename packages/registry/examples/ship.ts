import { NodeRuntime } from "@effect/platform-node"
import { NodeOciman } from "@ociman/node"
import { Artifact, Copy, OciDirectory } from "@ociman/oci"
import { Registry, RegistryStore, Repository, TagRange } from "@ociman/registry"
import { Console, Effect, Stream } from "effect"
import { mkdtemp, readdir, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"

const [, , name = "localhost:5000/example/files"] = process.argv

const temporary = Effect.acquireRelease(
  Effect.promise(() => mkdtemp(join(tmpdir(), "ociman-example-"))),
  (directory) => Effect.promise(() => rm(directory, { recursive: true }))
)

const program = Effect.gen(function*() {
  const directory = yield* temporary
  const repository = yield* Repository.parse(name)

  // Pack this directory and push it as two versions of an artifact.
  const remote = yield* RegistryStore.make(repository)
  const { descriptor } = yield* Artifact.push(Artifact.fromDirectory(import.meta.dirname), remote, "1.0.0")
  yield* remote.tag(descriptor, "1.1.0")
  yield* Console.log(descriptor.digest)

  // List its versions in a range.
  const versions = Registry.tags(repository).pipe(Stream.filter(TagRange.includes(TagRange.make("^1.1"))))
  yield* Console.log(Array.from(yield* Stream.runCollect(versions)))

  // Pull it elsewhere: fetches and verifies missing content only, and resumes an interrupted pull.
  const layout = yield* OciDirectory.openOrCreate(`${directory}/layout`)
  const copied = yield* Copy.image({ store: remote, name: "1.1.0" }, { store: layout, name: "1.1.0" })
  yield* Console.log(copied.digest === descriptor.digest)

  // Unpack it, completely or not at all.
  yield* Artifact.unpack(layout, "1.1.0", `${directory}/unpacked`)
  yield* Console.log(yield* Effect.promise(() => readdir(`${directory}/unpacked`)))
})

program.pipe(Effect.scoped, Effect.provide(NodeOciman.layerImages), NodeRuntime.runMain)
