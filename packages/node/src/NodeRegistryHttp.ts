/**
 * The `HttpClient` of Node.js as a client of registries needs it: paths and queries stay as they are, no header is
 * added and no redirect followed, nothing has a time limit but connecting, and proxies are those of the environment.
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
import type { Way } from "./internal/httpRequest.js"
import * as httpRequest from "./internal/httpRequest.js"
import { make as makeProxies, type Proxies, type Proxy } from "./internal/proxies.js"
import { Tunnels } from "./internal/tunnels.js"

/**
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** Certificates of authorities, in PEM, that are trusted besides those of Node.js and `NODE_EXTRA_CA_CERTS`. */
  readonly certificateAuthorities?: ReadonlyArray<string> | undefined
  /** By host, or by host and port. */
  readonly clientCertificates?: Readonly<Record<string, ClientCertificate>> | undefined
  /** Certificates of each host besides those above, which are asked for when it is. Default: none. See {@link certificates}. */
  readonly certificates?: FindCertificates | undefined
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

export type {
  /**
   * What a client shows of itself to a registry that asks for it.
   *
   * @since 0.1.0
   * @category models
   */
  ClientCertificate,
  /**
   * Finds what is known of a host, by its name, or its address, in brackets if it has colons.
   *
   * @since 0.1.0
   * @category models
   */
  FindCertificates,
  /**
   * What is known of a host.
   *
   * @since 0.1.0
   * @category models
   */
  HostCertificates
} from "./internal/hostCertificates.js"

export {
  /**
   * A file with a certificate, or the directory of a host, is of no use. It is the cause of the errors of requests to
   * that host.
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

const directory = (variable: string, ...names: ReadonlyArray<string>) =>
  Config.string(variable).pipe(
    Config.option,
    Config.map((_) => Option.toArray(_).filter((home) => home !== "").map((home) => [home, ...names].join("/")))
  )

/**
 * Where Podman and Docker keep the certificates of registries, in the order in which they count: those of Podman of the
 * user and of the machine, then those of Docker (rootless, of its desktop, and of the machine).
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
 * Certificates as Docker and Podman keep them: in a directory with one for each host, named by it and, but for 443, its
 * port, such as `registry.example.com:5000`. In it `*.crt` are authorities, and `*.cert` with the `*.key` of the same
 * name what is shown of the client. The first that there is for a host counts, and is read when the host is first asked;
 * where something is wrong with it requests to this host fail with {@link CertificateUnusable} as their cause.
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

/** How the certificates of others are judged, and which are shown. */
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

/** Why certificates cannot be used: those of directories, and those that the program gives. */
type Unusable = hostCertificates.CertificateUnusable | UnknownException

type Tls = Https.RequestOptions & { readonly secureContext?: SecureContext }

/** What is needed to speak to hosts with encryption; made once for each. */
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

// As much as came in while a piece was worked on is the next piece.
const settings = { keepAlive: true, highWaterMark: 1024 * 1024 }

/** The connections to all hosts. */
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

  const wayTo = (url: URL): Effect.Effect<Way, Unusable> => {
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
    const defaults = yield* Effect.cached(yield* defaultAuthorities.find)
    const { wayTo } = yield* Effect.acquireRelease(
      Effect.sync(() => connections(options, proxyFor, limit, defaults)),
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
