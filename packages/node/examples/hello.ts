import { NodeRuntime } from "@effect/platform-node"
import { Build, Container, Definition, Image } from "@ociman/containers"
import { NodeOciman } from "@ociman/node"
import { Console, Effect } from "effect"

const hello = Build.fromInstructions("FROM scratch\nLABEL com.example.hello=yes\n").pipe(
  Build.contentAddressed("localhost/example/hello")
)

const program = Effect.gen(function*() {
  const { reference: image } = yield* Effect.acquireRelease(
    Build.ensure(hello),
    ({ reference }) => Effect.ignoreLogged(Image.removeIfPresent(reference))
  )
  const { labels } = yield* Image.inspect(image)
  yield* Console.log(labels["com.example.hello"])

  // Errors have tags: an empty image has no such command.
  yield* Container.run(Definition.make(image).pipe(Definition.command("hello"))).pipe(
    Effect.catchTag("StartFailed", (error) => Console.log(error.reason))
  )
})

program.pipe(Effect.scoped, Effect.provide(NodeOciman.layer), NodeRuntime.runMain)
