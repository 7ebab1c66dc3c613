/**
 * The `HttpClient` of Node.js as a client of registries needs it: paths and queries stay as they are, no header is
 * added and no redirect followed, nothing has a time limit but connecting, and proxies are those of the environment.
 *
 * @since 0.1.0
 */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as Undici from "@effect/platform-node/Undici"
import * as HttpClient from "@effect/platform/HttpClient"
import * as Config from "effect/Config"
import type * as ConfigError from "effect/ConfigError"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import { rootCertificates } from "node:tls"
import { type Choice, choose, type Proxies } from "./internal/proxies.js"

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

type Tls = Undici.buildConnector.BuildOptions

const tlsOf = ({ certificateAuthorities = [], connectTimeout = "10 seconds" }: Options): Tls => ({
  timeout: Duration.toMillis(connectTimeout),
  ...(certificateAuthorities.length === 0 ? {} : { ca: [...rootCertificates, ...certificateAuthorities] })
})

/** What differs by host. */
const special = ({ clientCertificates = {}, insecure = [] }: Options, host: string, port: string): Tls => {
  const names = [host, `${host}:${port}`]
  const own = names.map((name) => clientCertificates[name]).find((_) => _ !== undefined)
  return {
    ...(insecure.some((name) => names.includes(name)) ? { rejectUnauthorized: false } : {}),
    ...(own === undefined ? {} : { cert: own.certificate, key: Redacted.value(own.key) })
  }
}

/** Sends by another dispatcher, and asks for what was written and not for what a parser made of it. */
class Verbatim extends Undici.Dispatcher {
  readonly #inner: Undici.Dispatcher
  readonly #path: string

  constructor(inner: Undici.Dispatcher, path: string) {
    super()
    this.#inner = inner
    this.#path = path
  }

  override dispatch(options: Undici.Dispatcher.DispatchOptions, handler: Undici.Dispatcher.DispatchHandler): boolean {
    // Otherwise each connection would be closed after a HEAD.
    return this.#inner.dispatch({ ...options, path: this.#path, reset: false }, handler)
  }
}

const pathOf = (url: string): string => /^[a-z]+:\/\/[^/?#]*([^#]*)/i.exec(url)?.[1] ?? "/"

/** One dispatcher for each way to a host, and for hosts with certificates of their own. */
const dispatchers = (options: Options, proxies: Proxies) => {
  const made = new Map<string, Undici.Dispatcher>()
  const tls = tlsOf(options)
  const make = (choice: Choice, own: Tls): Undici.Dispatcher => {
    const connect = { ...tls, ...own }
    return choice._tag === "Direct"
      ? new Undici.Agent({ connect })
      : new Undici.ProxyAgent({
        uri: Redacted.value(choice.proxy),
        requestTls: connect,
        proxyTls: tls,
        proxyTunnel: choice.isTunnel
      })
  }
  return {
    of: (url: URL): Undici.Dispatcher => {
      const choice = choose(proxies, url)
      const own = special(options, url.hostname, url.port === "" ? "443" : url.port)
      const way = choice._tag === "Direct" ? "" : Redacted.value(choice.proxy)
      const key = Object.keys(own).length === 0 ? way : `${way} ${url.host}`
      const known = made.get(key) ?? make(choice, own)
      made.set(key, known)
      return known
    },
    destroy: Effect.promise(() => Promise.all(Array.from(made.values(), (_) => _.destroy())))
  }
}

/**
 * @since 0.1.0
 * @category constructors
 */
export const make = (
  options: Options = {}
): Effect.Effect<HttpClient.HttpClient, ConfigError.ConfigError, Scope.Scope> =>
  Effect.gen(function*() {
    const used = options.proxies ?? (yield* proxies)
    const { of } = yield* Effect.acquireRelease(
      Effect.sync(() => dispatchers(options, used)),
      ({ destroy }) => destroy
    )
    return HttpClient.make((request, url) =>
      NodeHttpClient.makeUndici(new Verbatim(of(url), pathOf(request.url))).execute(request)
    )
  })

/**
 * @since 0.1.0
 * @category layers
 */
export const layer = (options?: Options): Layer.Layer<HttpClient.HttpClient, ConfigError.ConfigError> =>
  Layer.scoped(HttpClient.HttpClient, make(options))
