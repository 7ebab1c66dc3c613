/** Which way a host is reached. */
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"

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
  /** Hosts that are reached directly, separated by commas: `example.com` with all below it, a port, or `*`. */
  readonly none: string
}

export type Choice =
  | { readonly _tag: "Direct" }
  | { readonly _tag: "Proxy"; readonly proxy: Redacted.Redacted<string>; readonly isTunnel: boolean }

const direct: Choice = { _tag: "Direct" }

const isLoopback = (host: string): boolean => /^(localhost|.*\.localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(host)

const matches = (pattern: string, { hostname, port, protocol }: URL): boolean => {
  if (pattern === "*") return true
  const [, host = "", wanted] = /^(?:\*?\.)?(\[.*\]|[^:]*)(?::(\d+))?$/.exec(pattern.toLowerCase()) ?? []
  const actual = port === "" ? (protocol === "https:" ? "443" : "80") : port
  return host !== "" && (wanted === undefined || wanted === actual) &&
    (hostname === host || hostname.endsWith(`.${host}`))
}

export const choose = ({ http, https, none }: Proxies, url: URL): Choice => {
  const isEncrypted = url.protocol === "https:"
  const proxy = isEncrypted ? https : http
  const isDirect = isLoopback(url.hostname) ||
    none.split(/[\s,]+/).some((pattern) => pattern !== "" && matches(pattern, url))
  return isDirect
    ? direct
    : Option.match(proxy, {
      onNone: () => direct,
      onSome: (proxy) => ({ _tag: "Proxy", proxy, isTunnel: isEncrypted })
    })
}
