/** TLS connections through a proxy (`CONNECT`). */
import * as Duration from "effect/Duration"
import { constVoid } from "effect/Function"
import * as Http from "node:http"
import * as Https from "node:https"
import { Socket } from "node:net"
import type { Duplex } from "node:stream"
import type { Proxy } from "./proxies.js"

export interface Options {
  readonly agent: Https.AgentOptions
  /** TLS options for the connection to the proxy. */
  readonly tls: Https.RequestOptions
  /** Time limit for opening a tunnel. */
  readonly limit: Duration.Duration
}

const hostOf = (host: string): string => host.includes(":") ? `[${host}]` : host

/** An agent that connects through a proxy. A response of the proxy is never returned as a response of the host. */
export class Tunnels extends Https.Agent {
  readonly #proxy: Proxy
  readonly #options: Options
  readonly #pending = new Set<Http.ClientRequest>()

  constructor(proxy: Proxy, options: Options) {
    super(options.agent)
    this.#proxy = proxy
    this.#options = options
  }

  override createConnection(
    options: Https.RequestOptions,
    callback: (error: Error | null, stream: Duplex) => void = constVoid
  ): undefined {
    const to = `${hostOf(options.host ?? "")}:${options.port ?? 443}`
    const request = this.#connect(to)
    const fail = (why: string, code: string) =>
      callback(Object.assign(new Error(`the proxy ${this.#proxy.address.host} ${why}`), { code }), new Socket())

    const timer = setTimeout(
      () => request.destroy(new Error(`did not answer within ${Duration.format(this.#options.limit)}`)),
      Duration.toMillis(this.#options.limit)
    )
    this.#pending.add(request)
    request.once("close", () => {
      clearTimeout(timer)
      this.#pending.delete(request)
    })
    request.once("error", ({ message }) => fail(`cannot connect to ${to}: ${message}`, "EPROXY"))
    // Emitted instead of `connect` by some proxies that refuse.
    request.once("response", (response) => {
      fail(`answered ${response.statusCode ?? 0} to CONNECT ${to}`, "EPROXY")
      request.destroy()
    })
    request.once("connect", (response: Http.IncomingMessage, socket: Socket) => {
      if (response.statusCode !== 200) {
        socket.destroy()
        fail(`answered ${response.statusCode ?? 0} to CONNECT ${to}`, "EPROXY")
        return
      }
      const through = { ...options, socket }
      const stream = super.createConnection(through)
      if (stream != null) callback(null, stream)
    })
    request.end()
  }

  override destroy(): void {
    for (const request of this.#pending) request.destroy()
    super.destroy()
  }

  #connect(to: string): Http.ClientRequest {
    const { address, headers, servername } = this.#proxy
    const options = { agent: false, method: "CONNECT", path: to, headers: { host: to, ...headers } }
    return address.protocol === "https:"
      ? Https.request(address, { ...this.#options.tls, ...options, servername })
      : Http.request(address, options)
  }
}
