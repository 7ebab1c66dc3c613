import { EngineBackend } from "@ociman/containers"
import { Context, Effect, Layer } from "effect"
import * as Net from "node:net"
import { withVariables } from "./PrivateDocker.js"

/** Connection to Docker that a test can cut. */
export class CuttableDocker extends Context.Tag("CuttableDocker")<CuttableDocker, {
  /** Closes all open connections, by an orderly end or a reset. New connections are accepted. */
  readonly cut: (how: "end" | "reset") => Effect.Effect<void>
}>() {}

const socket = (process.env["DOCKER_HOST"] ?? "unix:///var/run/docker.sock").replace("unix://", "")

const proxy = Effect.acquireRelease(
  Effect.async<{ readonly server: Net.Server; readonly clients: Set<Net.Socket>; readonly port: number }>((resume) => {
    const clients = new Set<Net.Socket>()
    const server = Net.createServer({ allowHalfOpen: true }, (client) => {
      const engine = Net.connect({ path: socket, allowHalfOpen: true })
      clients.add(client)
      client.on("error", () => engine.destroy()).on("close", () => {
        clients.delete(client)
        engine.destroy()
      })
      engine.on("error", () => client.destroy())
      client.pipe(engine).pipe(client)
    })
    server.listen(0, "127.0.0.1", () => {
      const address = server.address()
      const port = typeof address === "object" && address !== null ? address.port : 0
      resume(Effect.succeed({ server, clients, port }))
    })
  }),
  ({ clients, server }) =>
    Effect.async<void>((resume) => {
      server.close(() => resume(Effect.void))
      for (const client of clients) client.destroy()
    })
)

/** Docker behind a proxy, and a backend that uses the proxy. */
export const layer = Layer.unwrapScoped(Effect.map(proxy, ({ clients, port }) =>
  Layer.merge(
    Layer.provide(EngineBackend.layerDocker, withVariables({ DOCKER_HOST: `tcp://127.0.0.1:${port}` })),
    Layer.succeed(CuttableDocker, {
      cut: (how) =>
        Effect.sync(() => {
          for (const client of clients) {
            if (how === "reset") client.resetAndDestroy()
            else client.end(() => client.destroy())
          }
        })
    })
  )))
