/**
 * URLs as text. Path and query stay as the registry wrote them, since they may be signed; only the host is normalized,
 * since it is compared.
 */
import * as Either from "effect/Either"
import * as Option from "effect/Option"

export interface Address {
  readonly scheme: "http" | "https"
  /** In lower case, an IPv6 address in brackets; a fixed point of the platforms' URL parsers. */
  readonly host: string
  /** Explicit even if it is the default port of the scheme. */
  readonly port: string
  /** Path and query, unchanged. */
  readonly path: string
}

declare const URL: new(url: string) => {
  readonly protocol: string
  readonly hostname: string
  readonly port: string
}

const defaultPort = { http: "80", https: "443" } as const

/** Rejects white space, control and non-ASCII characters, and invalid characters on which URL parsers disagree. */
const isPlain = (text: string): boolean => /^[!#-;=?-[\]_a-z~|{}^`@]*$/i.test(text)

/**
 * Removes the dot of the root zone, which URL parsers keep. Rejects a host that they would read as another one without
 * it, such as `127.0.0.1..`, and one whose decoded form is invalid in a URL, such as `%22`.
 */
const hostOf = (hostname: string): Option.Option<string> => {
  const host = hostname.replace(/\.$/, "")
  return host.split(".").includes("") || !isPlain(host) ? Option.none() : Option.some(host)
}

const absolute = /^(https?):\/\/([^/?#@]+)([^#]*)/i

/** Parses an absolute URL. Rejects user information, so that a registry cannot choose the credentials to send. */
export const parse = (text: string): Option.Option<Address> => {
  const [, scheme = "", authority = "", rest = ""] = isPlain(text) ? absolute.exec(text) ?? [] : []
  if (authority === "" || !(rest === "" || rest.startsWith("/") || rest.startsWith("?"))) return Option.none()
  return Either.getRight(Either.try(() => new URL(`${scheme}://${authority}/`))).pipe(
    Option.flatMap(({ hostname, port, protocol }) => {
      const scheme = protocol === "https:" ? "https" : "http"
      return Option.map(hostOf(hostname), (host): Address => ({
        scheme,
        host,
        port: port === "" ? defaultPort[scheme] : port,
        path: rest.startsWith("/") ? rest : `/${rest}`
      }))
    })
  )
}

/** Resolves the segments `.` and `..`. */
const withoutDots = (path: string): string => {
  const kept: Array<string> = []
  const segments = path.split("/").slice(1)
  segments.forEach((segment, i) => {
    const isDots = /^(\.|%2e){1,2}$/i.test(segment)
    if (isDots && /^(\.|%2e){2}$/i.test(segment)) kept.pop()
    if (!isDots) kept.push(segment)
    else if (i === segments.length - 1) kept.push("")
  })
  return `/${kept.join("/")}`
}

const split = (path: string): readonly [path: string, query: string] => {
  const question = path.indexOf("?")
  return question < 0 ? [path, ""] : [path.slice(0, question), path.slice(question)]
}

/** Resolves a URL reference against the URL of the response that contains it. */
export const resolve = (base: Address, reference: string): Option.Option<Address> => {
  const [text = ""] = reference.trim().split("#")
  if (/^[a-z][a-z0-9+.-]*:/i.test(text)) return parse(text)
  if (text.startsWith("//")) return parse(`${base.scheme}:${text}`)
  const [path, query] = split(text)
  const [before] = split(base.path)
  if (!isPlain(text) || /^[^/]*:/.test(path)) return Option.none()
  if (path === "") return Option.some({ ...base, path: query === "" ? base.path : `${before}${query}` })
  const merged = path.startsWith("/") ? path : `${before.slice(0, before.lastIndexOf("/") + 1)}${path}`
  return Option.some({ ...base, path: `${withoutDots(merged)}${query}` })
}

/** Formats host and port, including a default port. */
export const authority = ({ host, port }: Address): string => `${host}:${port}`

export const origin = ({ host, port, scheme }: Address): string =>
  `${scheme}://${host}${port === defaultPort[scheme] ? "" : `:${port}`}`

export const isSameOrigin = (a: Address, b: Address): boolean => origin(a) === origin(b)

export const format = (address: Address): string => `${origin(address)}${address.path}`

/** Formats the URL without its query, which may contain upload states, signatures and tokens. */
export const show = (address: Address): string => `${origin(address)}${split(address.path)[0]}`

/** Appends query parameters, replacing those with the same names. */
export const withQuery = (address: Address, added: ReadonlyArray<readonly [name: string, value: string]>): Address => {
  const [path, query] = split(address.path)
  const names = added.map(([name]) => name)
  const kept = query.slice(1).split("&").filter((pair) => pair !== "" && !names.includes(pair.split("=")[0] ?? ""))
  const all = [...kept, ...added.map(([name, value]) => `${name}=${encodeURIComponent(value)}`)]
  return { ...address, path: all.length === 0 ? path : `${path}?${all.join("&")}` }
}
