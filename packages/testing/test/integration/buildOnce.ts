import { Backend, Build } from "@ociman/containers"
import { NodeOciman } from "@ociman/node"
import { Reference } from "@ociman/oci"
import { Effect } from "effect"

/**
 * Ensures an image and prints whether this process built it. Without instructions, holds the lock of the image until it
 * is killed. Several processes run this program concurrently.
 */
const [image = "", instructions] = process.argv.slice(2)

const program = Effect.gen(function*() {
  const backend = yield* Backend.Backend
  if (instructions === undefined) {
    return yield* Effect.scoped(
      Effect.zipRight(
        backend.host.lock(`${backend.engine.name} ${Reference.format(Reference.canonical(Reference.make(image)))}`),
        Effect.never
      )
    )
  }
  const { built } = yield* Build.fromInstructions(instructions).pipe(Build.tagged(image), Build.ensure)
  process.stdout.write(`${built}\n`)
})

Effect.runFork(Effect.provide(program, NodeOciman.layer))
