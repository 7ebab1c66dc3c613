import { Backend, Build } from "@ociman/containers"
import { NodeOciman } from "@ociman/node"
import { Reference } from "@ociman/oci"
import { Effect } from "effect"

/**
 * Wants an image, and says whether it has built it; without instructions, it holds the image's lock until it is killed.
 * Run by several processes at once.
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
