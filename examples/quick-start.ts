import { NodeRuntime } from "@effect/platform-node"
import { Container, Definition, Exec, Port } from "@ociman/containers"
import { NodeOciman } from "@ociman/node"
import { Console, Effect } from "effect"

const web = Definition.make("nginx:1.27-alpine").pipe(Definition.publish(Port.tcp(80)))

const program = Effect.gen(function*() {
  const container = yield* Container.start(web) // stopped and removed when the scope closes
  const { host, port } = yield* container.address(80) // 127.0.0.1 and a free port
  const { stderr } = yield* container.exec(Exec.make("nginx", "-v"))
  yield* Console.log(`http://${host}:${port}/ is served by ${stderr.trim()}`)
})

program.pipe(Effect.scoped, Effect.provide(NodeOciman.layer), NodeRuntime.runMain)
