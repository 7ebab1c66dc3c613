/** Connections through a proxy that sees nothing of what is said. */
import * as Duration from "effect/Duration"
import { constVoid } from "effect/Function"
import * as Http from "node:http"
import * as Https from "node:https"
import { Socket } from "node:net"
import type { Duplex } from "node:stream"
import type { Proxy } from "./proxies.js"

export interface Options {
  readonly agent: Https.AgentOptions
  /** How it is made sure who the proxy is. */
  readonly tls: Https.RequestOptions
  /** How long the proxy may take. */
  readonly limit: Duration.Duration
}

const hostOf = (host: string): string => host.includes(":") ? `[${host}]` : host

/** An agent whose connections are asked of a proxy. What the proxy answers is never taken for the host's words. */
export class Tunnels extends Https.Agent {
  readonly #proxy: Proxy
  readonly #own: Options
  readonly #asked = new Set<Http.ClientRequest>()

  constructor(proxy: Proxy, options: Options) {
    super(options.agent)
    this.#proxy = proxy
    this.#own = options
  }

  override createConnection(
    options: Https.RequestOptions,
    callback: (error: Error | null, stream: Duplex) => void = constVoid
  ): undefined {
    const to = `${hostOf(options.host ?? "")}:${options.port ?? 443}`
    const asked = this.#ask(to)
    const fail = (why: string, code: string) =>
      callback(Object.assign(new Error(`the proxy ${this.#proxy.address.host} ${why}`), { code }), new Socket())

    const timer = setTimeout(
      () => asked.destroy(new Error(`did not answer within ${Duration.format(this.#own.limit)}`)),
      Duration.toMillis(this.#own.limit)
    )
    this.#asked.add(asked)
    asked.once("close", () => {
      clearTimeout(timer)
      this.#asked.delete(asked)
    })
    asked.once("error", ({ message }) => fail(`cannot be asked for ${to}: ${message}`, "EPROXY"))
    // It may answer so instead of opening anything.
    asked.once("response", (response) => {
      fail(`answered ${response.statusCode ?? 0} when it was asked for ${to}`, "EPROXY")
      asked.destroy()
    })
    asked.once("connect", (response: Http.IncomingMessage, socket: Socket) => {
      if (response.statusCode !== 200) {
        socket.destroy()
        fail(`answered ${response.statusCode ?? 0} when it was asked for ${to}`, "EPROXY")
        return
      }
      const through = { ...options, socket }
      const stream = super.createConnection(through)
      if (stream != null) callback(null, stream)
    })
    asked.end()
  }

  override destroy(): void {
    for (const asked of this.#asked) asked.destroy()
    super.destroy()
  }

  #ask(to: string): Http.ClientRequest {
    const { address, headers, servername } = this.#proxy
    const options = { agent: false, method: "CONNECT", path: to, headers: { host: to, ...headers } }
    return address.protocol === "https:"
      ? Https.request(address, { ...this.#own.tls, ...options, servername })
      : Http.request(address, options)
  }
}
