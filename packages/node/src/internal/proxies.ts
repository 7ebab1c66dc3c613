/** Selection of the proxy for a host. */
import * as ConfigError from "effect/ConfigError"
import * as Either from "effect/Either"
import * as Encoding from "effect/Encoding"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { BlockList, isIP } from "node:net"

/**
 * Proxy URLs by scheme; may contain credentials.
 *
 * @since 0.1.0
 * @category models
 */
export interface Proxies {
  /** Proxy for https requests. */
  readonly https: Option.Option<Redacted.Redacted<string>>
  /** Proxy for http requests. */
  readonly http: Option.Option<Redacted.Redacted<string>>
  /**
   * Hosts that are reached directly, separated by commas: `example.com` with its subdomains, `.example.com` for the
   * subdomains only, an address, each of these optionally with a port, a network such as `10.0.0.0/8` or `fd00::/8`, or
   * `*`. Host names are not resolved, so a network matches addresses only.
   *
   * @see https://pkg.go.dev/golang.org/x/net@v0.43.0/http/httpproxy#Config
   */
  readonly none: string
}

export interface Proxy {
  /** URL without user and password. */
  readonly address: URL
  /** Host name for verifying its certificate, for which Node.js would use the requested host; empty for an address. */
  readonly servername: string
  /** Headers for the proxy only. */
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

// The default scheme is http, as in other programs.
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
    // Without the value, which may be secret.
    catch: () => ConfigError.InvalidData([name], "is not a valid proxy URL")
  }).pipe(
    Either.filterOrLeft(
      ({ address }) => /^https?:$/.test(address.protocol),
      () => ConfigError.InvalidData([name], "is not a proxy URL with the scheme http or https")
    )
  )

const all = (name: string, proxy: Option.Option<Redacted.Redacted<string>>) =>
  Option.match(proxy, {
    onNone: () => Either.right(Option.none<Proxy>()),
    onSome: (text) => Either.map(parse(name, Redacted.value(text)), Option.some)
  })

/** Creates a function that selects the proxy for a URL. */
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
