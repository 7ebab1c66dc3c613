/**
 * `HttpClient` for Node.js with the behavior that a registry client needs: paths and queries are sent unchanged, no
 * header is added, no redirect is followed, only connecting has a time limit, and proxies come from the environment.
 *
 * @since 0.1.0
 */
import type * as FileSystem from "@effect/platform/FileSystem"
import * as HttpClient from "@effect/platform/HttpClient"
import type * as Path from "@effect/platform/Path"
import type { UnknownException } from "effect/Cause"
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
import { createSecureContext, type SecureContext } from "node:tls"
import * as defaultAuthorities from "./internal/defaultAuthorities.js"
import type { ClientCertificate, FindCertificates, HostCertificates } from "./internal/hostCertificates.js"
import * as hostCertificates from "./internal/hostCertificates.js"
import type { Route } from "./internal/httpRequest.js"
import * as httpRequest from "./internal/httpRequest.js"
import { make as makeProxies, type Proxies, type Proxy } from "./internal/proxies.js"
import { Tunnels } from "./internal/tunnels.js"

/**
 * Options of the HTTP client.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** Certificate authorities in PEM, in addition to those of Node.js and `NODE_EXTRA_CA_CERTS`. Default: none. */
  readonly certificateAuthorities?: ReadonlyArray<string> | undefined
  /** Client certificates by `host` or `host:port`. Default: none. */
  readonly clientCertificates?: Readonly<Record<string, ClientCertificate>> | undefined
  /** Looks up additional certificates for a host, once, on first use. Default: none. See {@link certificates}. */
  readonly certificates?: FindCertificates | undefined
  /** Hosts, with or without a port, whose TLS certificate is not verified. Insecure: traffic can be intercepted. */
  readonly insecure?: ReadonlyArray<string> | undefined
  /** Time limit of making a connection. Default: 10 seconds. */
  readonly connectTimeout?: Duration.DurationInput | undefined
  /** Proxy settings. Default: those of {@link proxies}. */
  readonly proxies?: Proxies | undefined
}

export type {
  /**
   * Proxy URLs by scheme; may contain credentials.
   *
   * @since 0.1.0
   * @category models
   */
  Proxies
} from "./internal/proxies.js"

export type {
  /**
   * A client certificate with its private key.
   *
   * @since 0.1.0
   * @category models
   */
  ClientCertificate,
  /**
   * Looks up the certificates for a host name or address; an IPv6 address is in brackets.
   *
   * @since 0.1.0
   * @category models
   */
  FindCertificates,
  /**
   * Certificates for a host.
   *
   * @since 0.1.0
   * @category models
   */
  HostCertificates
} from "./internal/hostCertificates.js"

export {
  /**
   * A certificate file, or the certificate directory of a host, cannot be used. It is the cause of the errors of
   * requests to that host.
   *
   * @since 0.1.0
   * @category errors
   */
  CertificateUnusable
} from "./internal/hostCertificates.js"

const variable = (name: string): Config.Config<Option.Option<string>> =>
  Config.string(name.toLowerCase()).pipe(
    Config.orElse(() => Config.string(name)),
    Config.option,
    Config.map(Option.filter((value) => value !== ""))
  )

const secret = (name: string) => Config.map(variable(name), Option.map((value) => Redacted.make(value)))

/**
 * Reads the proxies of the environment: `https_proxy`, `http_proxy` and `no_proxy`, in lower or upper case.
 *
 * @since 0.1.0
 * @category config
 */
export const proxies: Config.Config<Proxies> = Config.all({
  https: secret("HTTPS_PROXY"),
  http: secret("HTTP_PROXY"),
  none: Config.map(variable("NO_PROXY"), Option.getOrElse(() => ""))
})

const directory = (variable: string, ...names: ReadonlyArray<string>) =>
  Config.string(variable).pipe(
    Config.option,
    Config.map((_) => Option.toArray(_).filter((home) => home !== "").map((home) => [home, ...names].join("/")))
  )

/**
 * Lists the directories with certificates of registries in order of precedence: those of Podman for the user and the
 * machine, then those of Docker (rootless, Docker Desktop, and the machine).
 *
 * @see https://github.com/containers/image/blob/v5.36.1/docs/containers-certs.d.5.md
 * @see https://docs.docker.com/engine/security/certificates/
 * @since 0.1.0
 * @category config
 */
export const certificateDirectories: Config.Config<ReadonlyArray<string>> = Config.all([
  directory("HOME", ".config", "containers", "certs.d"),
  Config.succeed(["/etc/containers/certs.d"]),
  Config.orElse(
    Config.map(Config.nonEmptyString("XDG_CONFIG_HOME"), (_) => [`${_}/docker/certs.d`]),
    () => directory("HOME", ".config", "docker", "certs.d")
  ),
  directory("HOME", ".docker", "certs.d"),
  Config.succeed(["/etc/docker/certs.d"])
]).pipe(Config.map((all) => all.flat()))

/**
 * Finds certificates as Docker and Podman keep them: in a subdirectory per host, named `host` or `host:port`, such as
 * `registry.example.com:5000`; the port 443 can be omitted. In it `*.crt` are authorities, and each `*.cert` is a client
 * certificate with its key in the `*.key` of the same name. The first directory with a subdirectory for the host wins,
 * and is read at the first request to the host. If it cannot be used, requests to that host fail with
 * {@link CertificateUnusable} as their cause.
 *
 * Directories default to {@link certificateDirectories}.
 *
 * @since 0.1.0
 * @category constructors
 */
export const certificates = (
  directories?: ReadonlyArray<string>
): Effect.Effect<FindCertificates, ConfigError.ConfigError, FileSystem.FileSystem | Path.Path> =>
  Effect.flatMap(
    directories === undefined ? certificateDirectories : Effect.succeed(directories),
    hostCertificates.find
  )

/** TLS context with the authorities for verification and the client certificates. */
const contextOf = (
  { authorities, clients }: HostCertificates,
  defaults: ReadonlyArray<string>
): SecureContext | undefined =>
  authorities.length === 0 && clients.length === 0
    ? undefined
    : createSecureContext({
      ...(authorities.length === 0 ? {} : { ca: [...defaults, ...authorities] }),
      ...(clients.length === 0 ? {} : {
        cert: clients.map(({ certificate }) => certificate),
        key: clients.map(({ key }) => Redacted.value(key))
      })
    })

/** Errors of certificates from directories and from options. */
type Unusable = hostCertificates.CertificateUnusable | UnknownException

type Tls = Https.RequestOptions & { readonly secureContext?: SecureContext }

/** Creates the TLS options of a host, once per host and port. */
const tls = (options: Options, defaults: Effect.Effect<ReadonlyArray<string>>) => {
  const { certificateAuthorities = [], clientCertificates = {}, insecure = [] } = options
  const known = new Map<string, Tls>()

  const make = (names: ReadonlyArray<string>, found: HostCertificates) =>
    Effect.gen(function*() {
      const given = names.map((name) => clientCertificates[name]).find((_) => _ !== undefined)
      const authorities = [...certificateAuthorities, ...found.authorities]
      const clients = given === undefined ? found.clients : [given]
      const known = authorities.length === 0 ? [] : yield* defaults
      const secureContext = yield* Effect.try(() => contextOf({ authorities, clients }, known))
      return {
        ...(secureContext === undefined ? {} : { secureContext }),
        ...(insecure.some((name) => names.includes(name)) ? { rejectUnauthorized: false } : {})
      } satisfies Tls
    })

  return ({ hostname, port }: URL): Effect.Effect<Tls, Unusable> => {
    const number = port === "" ? "443" : port
    const name = `${hostname}:${number}`
    const ready = known.get(name)
    if (ready !== undefined) return Effect.succeed(ready)
    return (options.certificates?.(hostname, Number(number)) ?? Effect.succeed({ authorities: [], clients: [] })).pipe(
      Effect.flatMap((found) => make([hostname, name], found)),
      Effect.tap((made) => Effect.sync(() => known.set(name, made)))
    )
  }
}

// All bytes that arrive while a chunk is processed form the next chunk.
const settings = { keepAlive: true, highWaterMark: 1024 * 1024 }

/** Agents and tunnels for the connections to all hosts. */
const connections = (
  options: Options,
  proxyFor: (url: URL) => Option.Option<Proxy>,
  limit: Duration.Duration,
  defaults: Effect.Effect<ReadonlyArray<string>>
) => {
  const http = new Http.Agent(settings)
  const https = new Https.Agent(settings)
  const tunnels = new Map<Proxy, Tunnels>()
  const tlsOf = tls(options, defaults)

  const tunnelThrough = (proxy: Proxy) =>
    Effect.map(proxy.address.protocol === "https:" ? tlsOf(proxy.address) : Effect.succeed({}), (tls) => {
      const known = tunnels.get(proxy) ?? new Tunnels(proxy, { agent: settings, tls, limit })
      tunnels.set(proxy, known)
      return known
    })

  const routeTo = (url: URL): Effect.Effect<Route, Unusable> => {
    const proxy = Option.getOrUndefined(proxyFor(url))
    if (url.protocol === "https:") {
      const agent = proxy === undefined ? Effect.succeed(https) : tunnelThrough(proxy)
      return Effect.zipWith(tlsOf(url), agent, (own, agent) => ({ options: { ...own, agent } }))
    }
    return proxy?.address.protocol === "https:"
      ? Effect.map(tlsOf(proxy.address), (own) => ({
        options: { ...own, agent: https, servername: proxy.servername },
        proxy
      }))
      : Effect.succeed({ options: { agent: http }, proxy })
  }
  const close = Effect.sync(() => {
    for (const agent of [http, https, ...tunnels.values()]) agent.destroy()
  })
  return { routeTo, close }
}

/**
 * Creates an HTTP client whose connections are closed with the scope.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (
  options: Options = {}
): Effect.Effect<HttpClient.HttpClient, ConfigError.ConfigError, Scope.Scope> =>
  Effect.gen(function*() {
    const proxyFor = yield* makeProxies(options.proxies ?? (yield* proxies))
    const limit = Duration.decode(options.connectTimeout ?? "10 seconds")
    const defaults = yield* Effect.cached(yield* defaultAuthorities.find)
    const { routeTo } = yield* Effect.acquireRelease(
      Effect.sync(() => connections(options, proxyFor, limit, defaults)),
      ({ close }) => close
    )
    return httpRequest.make(routeTo, limit)
  })

/**
 * Provides an HTTP client.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options?: Options): Layer.Layer<HttpClient.HttpClient, ConfigError.ConfigError> =>
  Layer.scoped(HttpClient.HttpClient, make(options))
