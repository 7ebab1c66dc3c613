import { NodeContext, NodeRuntime } from "@effect/platform-node"
import { Credential, Credentials, Repository } from "@ociman/registry"
import { Console, Effect, Layer, Option, Redacted } from "effect"

const program = Effect.gen(function*() {
  const registry = Repository.registryKey("registry.example.com:5000")

  // Store it where `docker login` stores it: in its file, or with the helper that the file names.
  const credential = Credential.login("alice", Redacted.make("s3cret"))
  yield* Effect.acquireRelease(
    Credentials.login(registry, credential, { tool: "docker" }),
    () => Effect.ignoreLogged(Credentials.logout(registry, { tool: "docker" }))
  )

  // Find it, for a repository too.
  const found = yield* Credentials.resolve(Repository.registryKey("registry.example.com:5000/team/app"))
  const login = Option.flatMap(found, ({ credential }) => credential.login)
  yield* Console.log(login)
  // { _id: 'Option', _tag: 'Some', value: { username: 'alice', password: <redacted> } }

  // Trace the lookup: sources and their outcomes.
  const { consulted } = yield* Credentials.explain(registry)
  for (const { detail, outcome, source } of consulted) {
    yield* Console.log(source._tag === "File" ? source.path : source._tag, outcome, detail)
  }
})

const credentials = Layer.provide(Credentials.layer(), NodeContext.layer)

program.pipe(Effect.scoped, Effect.provide(credentials), NodeRuntime.runMain)
