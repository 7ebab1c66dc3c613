/** Which way a host is reached. */
import * as ConfigError from "effect/ConfigError"
import * as Either from "effect/Either"
import * as Encoding from "effect/Encoding"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { BlockList, isIP } from "node:net"

/**
 * Through which hosts others are reached, as addresses that may have a user and a password.
 *
 * @since 0.1.0
 * @category models
 */
export interface Proxies {
  /** For what is asked by https. */
  readonly https: Option.Option<Redacted.Redacted<string>>
  /** For what is asked by http. */
  readonly http: Option.Option<Redacted.Redacted<string>>
  /**
   * Hosts that are reached directly, separated by commas: `example.com` with all below it, `.example.com` without
   * itself, an address, a network such as `10.0.0.0/8` or `fd00::/8`, each of the former with a port if only that is
   * meant, or `*`. Names are not looked up, so networks are for hosts that are written as addresses.
   *
   * @see https://pkg.go.dev/golang.org/x/net@v0.43.0/http/httpproxy#Config
   */
  readonly none: string
}

export interface Proxy {
  /** Without user and password. */
  readonly address: URL
  /** Whose certificate it shows, which Node.js would take from what is asked for; empty for an address. */
  readonly servername: string
  /** What it alone is told. */
  readonly headers: Readonly<Record<string, string>>
}

type Matcher = (host: string, port: string) => boolean

const isLoopback = (host: string): boolean => /^(localhost|.*\.localhost|127\.\d+\.\d+\.\d+|::1)$/.test(host)

const withoutBrackets = (host: string): string => host.replace(/^\[(.*)\]$/, "$1")

const familyOf = (address: string) => isIP(address) === 6 ? "ipv6" : "ipv4"

const network = (pattern: string): Option.Option<Matcher> => {
  const [, address = "", length = ""] = /^(.*)\/(\d+)$/.exec(pattern) ?? []
  if (isIP(address) === 0 || Number(length) > (isIP(address) === 6 ? 128 : 32)) return Option.none()
  const list = new BlockList()
  list.addSubnet(address, Number(length), familyOf(address))
  return Option.some((host) => isIP(host) !== 0 && list.check(host, familyOf(host)))
}

const hostMatcher = (host: string): Matcher => {
  if (isIP(host) !== 0) {
    const list = new BlockList()
    list.addAddress(host, familyOf(host))
    return (other) => isIP(other) !== 0 && list.check(other, familyOf(other))
  }
  const below = host.replace(/^\*?\.?/, ".")
  return (other) => other === host || (isIP(other) === 0 && other.endsWith(below))
}

const matcher = (pattern: string): Matcher => {
  if (pattern === "*") return () => true
  return Option.getOrElse(network(pattern), () => {
    const [, host = pattern, port] = isIP(pattern) === 6 ? [] : /^(\[.*\]|[^:]*)(?::(\d+))?$/.exec(pattern) ?? []
    const isHost = hostMatcher(withoutBrackets(host))
    return (other: string, otherPort: string) => (port === undefined || port === otherPort) && isHost(other, otherPort)
  })
}

// What has no scheme is asked by http, as everywhere.
const parse = (name: string, text: string): Either.Either<Proxy, ConfigError.ConfigError> =>
  Either.try({
    try: () => {
      const url = new URL(/^[a-z][a-z\d+.-]*:\/\//i.test(text) ? text : `http://${text}`)
      const user = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`
      const host = withoutBrackets(url.hostname)
      return {
        servername: isIP(host) === 0 ? host : "",
        address: new URL(`${url.protocol}//${url.host}/`),
        headers: user === ":" ? {} : { "proxy-authorization": `Basic ${Encoding.encodeBase64(user)}` }
      }
    },
    // What it is may be secret.
    catch: () => ConfigError.InvalidData([name], "is no address of a proxy")
  }).pipe(
    Either.filterOrLeft(
      ({ address }) => /^https?:$/.test(address.protocol),
      () => ConfigError.InvalidData([name], "is not the address of a proxy that is asked by http or https")
    )
  )

const all = (name: string, proxy: Option.Option<Redacted.Redacted<string>>) =>
  Option.match(proxy, {
    onNone: () => Either.right(Option.none<Proxy>()),
    onSome: (text) => Either.map(parse(name, Redacted.value(text)), Option.some)
  })

/** Finds who is asked in place of a host. */
export const make = (
  proxies: Proxies
): Either.Either<(url: URL) => Option.Option<Proxy>, ConfigError.ConfigError> =>
  Either.map(
    Either.all({ https: all("HTTPS_PROXY", proxies.https), http: all("HTTP_PROXY", proxies.http) }),
    ({ http, https }) => {
      const direct = proxies.none.toLowerCase().split(/[\s,]+/).filter((pattern) => pattern !== "").map(matcher)
      return ({ hostname, port, protocol }) => {
        const isEncrypted = protocol === "https:"
        const host = withoutBrackets(hostname)
        const actual = port === "" ? (isEncrypted ? "443" : "80") : port
        return isLoopback(host) || direct.some((matches) => matches(host, actual))
          ? Option.none()
          : isEncrypted
          ? https
          : http
      }
    }
  )
