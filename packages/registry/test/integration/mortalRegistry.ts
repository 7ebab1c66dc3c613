import { Effect } from "effect"
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { connect, createServer, type Server, type Socket } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"

/** A real registry that can be killed and brought back, at the end of a line on which bytes are counted. */
export class MortalRegistry {
  /** Number of bytes that it has sent. */
  sent = 0
  readonly #directory = mkdtempSync(join(tmpdir(), "ociman-mortal-"))
  readonly #line: Server
  readonly #sockets = new Set<Socket>()
  #watches: ReadonlyArray<{ readonly at: number; readonly notify: () => void }> = []
  #process: ChildProcess | undefined
  #port = 0

  constructor() {
    this.#line = createServer((client) => this.#join(client))
  }

  static readonly make = Effect.acquireRelease(
    Effect.promise(async () => {
      const registry = new MortalRegistry()
      await once(registry.#line.listen(0, "127.0.0.1"), "listening")
      await registry.live()
      return registry
    }),
    (registry) => Effect.promise(() => registry.#close())
  )

  get host(): string {
    const address = this.#line.address()
    return typeof address === "object" && address !== null ? `127.0.0.1:${address.port}` : ""
  }

  /** Until it has sent so many bytes since it was made. */
  hasSent(bytes: number): Promise<void> {
    return new Promise((notify) => this.#watches = [...this.#watches, { at: bytes, notify }])
  }

  async live(): Promise<void> {
    const configuration = join(this.#directory, "config.json")
    writeFileSync(
      configuration,
      JSON.stringify({
        version: "0.1",
        log: { level: "info", accesslog: { disabled: true } },
        storage: { filesystem: { rootdirectory: join(this.#directory, "data") } },
        http: { addr: `127.0.0.1:${this.#port}` }
      })
    )
    const server = spawn("docker-registry", ["serve", configuration], { stdio: ["ignore", "ignore", "pipe"] })
    this.#process = server
    this.#port = await new Promise((listening) => {
      let printed = ""
      server.stderr.on("data", (text: Buffer) => {
        printed += text.toString()
        const [, port] = /listening on 127\.0\.0\.1:(\d+)/.exec(printed) ?? []
        if (port !== undefined) listening(Number(port))
      })
    })
  }

  /** Takes its process and all connections. */
  async die(): Promise<void> {
    const server = this.#process
    this.#process = undefined
    if (server?.kill("SIGKILL") === true) await once(server, "exit")
    for (const socket of this.#sockets) socket.destroy()
  }

  #join(client: Socket): void {
    const server = connect(this.#port, "127.0.0.1")
    for (const [socket, other] of [[client, server], [server, client]] as const) {
      this.#sockets.add(socket)
      socket.on("close", () => {
        this.#sockets.delete(socket)
        other.destroy()
      })
      // The other end refuses connections while it is dead.
      socket.on("error", () => socket.destroy())
    }
    server.on("data", ({ length }) => this.#count(length))
    client.pipe(server)
    server.pipe(client)
  }

  #count(bytes: number): void {
    this.sent += bytes
    const reached = this.#watches.filter(({ at }) => at <= this.sent)
    if (reached.length === 0) return
    this.#watches = this.#watches.filter(({ at }) => at > this.sent)
    for (const { notify } of reached) notify()
  }

  async #close(): Promise<void> {
    await this.die()
    this.#line.close()
    rmSync(this.#directory, { recursive: true })
  }
}
