import { NodeRuntime } from "@effect/platform-node"
import { NodeHasher } from "@ociman/node"
import { ContentHash, Hasher, Reference } from "@ociman/oci"
import { Console, Effect, Schema } from "effect"

const program = Effect.gen(function*() {
  // Decoding keeps the text as written; errors have the position and the violated rule.
  const reference = yield* Schema.decode(Reference.FromString)("alpine:3.20")
  yield* Console.log(String(Reference.canonical(reference)))
  // docker.io/library/alpine:3.20

  const error = yield* Effect.flip(Schema.decode(Reference.FromString)("docker/Docker"))
  yield* Console.log(error.message)
  // … Invalid image reference "docker/Docker" at position 7: a repository name is in lower case

  // The same directory has the same tag on every machine.
  const hash = yield* ContentHash.directory(import.meta.dirname, { buildArguments: { VERSION: "1.0" } })
  yield* Console.log(String(Reference.make("localhost/example/app").pipe(Reference.withTag(hash))))

  yield* Console.log(yield* Hasher.file(import.meta.filename))
  // sha256:…
})

program.pipe(Effect.provide(NodeHasher.layer), NodeRuntime.runMain)
