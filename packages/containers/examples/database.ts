import { NodeRuntime } from "@effect/platform-node"
import { Backend, Container, Definition, Exec, Port } from "@ociman/containers"
import { Config, Console, Effect } from "effect"

const postgres = Effect.gen(function*() {
  const password = yield* Config.redacted("POSTGRES_PASSWORD")
  return Definition.make("docker.io/library/postgres:17").pipe(
    Definition.publish(Port.tcp(5432)), // 127.0.0.1, a free host port
    Definition.env("POSTGRES_PASSWORD", password), // never in an argument list
    Definition.memory("512m")
  )
})

/** Needs some Backend, and does not say which. */
const version = Effect.gen(function*() {
  const container = yield* Container.start(yield* postgres) // stopped and removed when the scope closes
  const { host, port } = yield* container.address(5432)
  yield* Console.log(`listening on ${host}:${port}`)
  const { stdout } = yield* container.exec(Exec.make("psql", "--version").pipe(Exec.user("postgres")))
  return stdout.trim()
}).pipe(Effect.scoped)

/** In memory, for a unit test; `NodeOciman.layer` of @ociman/node is a real engine. */
const memory = Backend.layerMemory({
  exec: (_container, { executable }) => executable === "psql" ? { stdout: "psql (PostgreSQL) 17.2\n" } : undefined
})

version.pipe(
  Effect.flatMap(Console.log),
  Effect.catchTag("ExecFailed", (error) => Console.log(error.message)),
  Effect.provide(memory),
  NodeRuntime.runMain
)
