/**
 * The `HttpClient` of Node.js as a client of registries needs it: paths and queries stay as they are, no header is
 * added and no redirect followed, nothing has a time limit but connecting, and proxies are those of the environment.
 *
 * @since 0.1.0
 */
import * as HttpClient from "@effect/platform/HttpClient"
import * as Config from "effect/Config"
import type * as ConfigError from "effect/ConfigError"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import * as Http from "node:http"
import * as Https from "node:https"
import { rootCertificates } from "node:tls"
import type { Way } from "./internal/httpRequest.js"
import * as httpRequest from "./internal/httpRequest.js"
import { make as makeProxies, type Proxies, type Proxy } from "./internal/proxies.js"
import { Tunnels } from "./internal/tunnels.js"

/**
 * What a client shows of itself to a registry that asks for it.
 *
 * @since 0.1.0
 * @category models
 */
export interface ClientCertificate {
  /** In PEM. */
  readonly certificate: string
  /** In PEM. */
  readonly key: Redacted.Redacted<string>
}

/**
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** Certificates of authorities, in PEM, that are trusted besides those of Node.js. */
  readonly certificateAuthorities?: ReadonlyArray<string> | undefined
  /** By host, or by host and port. */
  readonly clientCertificates?: Readonly<Record<string, ClientCertificate>> | undefined
  /** Hosts, with a port or without, that are not asked to prove who they are. Everybody between can then read along. */
  readonly insecure?: ReadonlyArray<string> | undefined
  /** How long making a connection may take; 10 seconds by default. */
  readonly connectTimeout?: Duration.DurationInput | undefined
  /** Which hosts are reached through others. Default: those of {@link proxies}. */
  readonly proxies?: Proxies | undefined
}

export type {
  /**
   * Through which hosts others are reached, as addresses that may have a user and a password.
   *
   * @since 0.1.0
   * @category models
   */
  Proxies
} from "./internal/proxies.js"

const variable = (name: string): Config.Config<Option.Option<string>> =>
  Config.string(name.toLowerCase()).pipe(
    Config.orElse(() => Config.string(name)),
    Config.option,
    Config.map(Option.filter((value) => value !== ""))
  )

const secret = (name: string) => Config.map(variable(name), Option.map((value) => Redacted.make(value)))

/**
 * The proxies of the environment: `https_proxy`, `http_proxy` and `no_proxy`, also in capitals.
 *
 * @since 0.1.0
 * @category config
 */
export const proxies: Config.Config<Proxies> = Config.all({
  https: secret("HTTPS_PROXY"),
  http: secret("HTTP_PROXY"),
  none: Config.map(variable("NO_PROXY"), Option.getOrElse(() => ""))
})

/** How certificates are judged, and which are shown. */
const tlsOf = (
  { certificateAuthorities = [], clientCertificates = {}, insecure = [] }: Options,
  host: string,
  port: string
): Pick<Https.RequestOptions, "ca" | "cert" | "key" | "rejectUnauthorized"> => {
  const names = [host, `${host}:${port}`]
  const own = names.map((name) => clientCertificates[name]).find((_) => _ !== undefined)
  return {
    ...(certificateAuthorities.length === 0 ? {} : { ca: [...rootCertificates, ...certificateAuthorities] }),
    ...(insecure.some((name) => names.includes(name)) ? { rejectUnauthorized: false } : {}),
    ...(own === undefined ? {} : { cert: own.certificate, key: Redacted.value(own.key) })
  }
}

// As much as came in while a piece was worked on is the next piece.
const settings = { keepAlive: true, highWaterMark: 1024 * 1024 }

/** The connections to all hosts. */
const connections = (options: Options, proxyFor: (url: URL) => Option.Option<Proxy>, limit: Duration.Duration) => {
  const http = new Http.Agent(settings)
  const https = new Https.Agent(settings)
  const tunnels = new Map<Proxy, Tunnels>()
  const tls = tlsOf(options, "", "")

  const tunnelThrough = (proxy: Proxy): Tunnels => {
    const known = tunnels.get(proxy) ?? new Tunnels(proxy, { agent: settings, tls, limit })
    tunnels.set(proxy, known)
    return known
  }

  const wayTo = (url: URL): Way => {
    const proxy = Option.getOrUndefined(proxyFor(url))
    if (url.protocol === "https:") {
      const own = tlsOf(options, url.hostname, url.port === "" ? "443" : url.port)
      return { options: { ...own, agent: proxy === undefined ? https : tunnelThrough(proxy) } }
    }
    return {
      options: proxy?.address.protocol === "https:"
        ? { ...tls, agent: https, servername: proxy.servername }
        : { agent: http },
      proxy
    }
  }
  const close = Effect.sync(() => {
    for (const agent of [http, https, ...tunnels.values()]) agent.destroy()
  })
  return { wayTo, close }
}

/**
 * @since 0.1.0
 * @category constructors
 */
export const make = (
  options: Options = {}
): Effect.Effect<HttpClient.HttpClient, ConfigError.ConfigError, Scope.Scope> =>
  Effect.gen(function*() {
    const proxyFor = yield* makeProxies(options.proxies ?? (yield* proxies))
    const limit = Duration.decode(options.connectTimeout ?? "10 seconds")
    const { wayTo } = yield* Effect.acquireRelease(
      Effect.sync(() => connections(options, proxyFor, limit)),
      ({ close }) => close
    )
    return httpRequest.make(wayTo, limit)
  })

/**
 * @since 0.1.0
 * @category layers
 */
export const layer = (options?: Options): Layer.Layer<HttpClient.HttpClient, ConfigError.ConfigError> =>
  Layer.scoped(HttpClient.HttpClient, make(options))
