import * as Either from "effect/Either"
import * as Option from "effect/Option"

const defaultSocket = "/var/run/docker.sock"
const defaultPipe = "//./pipe/docker_engine"
const defaultHost = "localhost"
const defaultPort = "2375"

/**
 * Parses a host like Docker's client and completes it to a URL. Fails with the reason if it is invalid.
 *
 * Follows https://github.com/docker/cli/blob/v28.2.2/opts/hosts.go
 */
export const parseDockerHost = (text: string, tls: boolean): Either.Either<string, string> => {
  const host = text.trim()
  if (host === "") return Either.right(tls ? `tcp://${defaultHost}:2376` : `unix://${defaultSocket}`)
  const end = host.indexOf("://")
  const protocol = end === -1 ? "tcp" : host.slice(0, end)
  const rest = end === -1 ? host : host.slice(end + 3)
  switch (protocol) {
    case "tcp":
      return parseTcp(rest)
    case "unix":
      return socket("unix", rest === "" ? defaultSocket : rest)
    case "npipe":
      return socket("npipe", rest === "" ? defaultPipe : rest)
    case "fd":
    case "ssh":
      return Either.right(host)
    default:
      return invalidFormat(host)
  }
}

const invalidFormat = (address: string) => Either.left(`invalid bind address format: ${address}`)

const socket = (protocol: string, path: string) =>
  path.includes("://")
    ? Either.left(`invalid proto, expected ${protocol}: ${path}`)
    : Either.right(`${protocol}://${path}`)

const parseTcp = (address: string): Either.Either<string, string> => {
  const [, authority = "", path = ""] = /^([^/?#]*)([^?#]*)/.exec(address) ?? []
  const hostAndPort = authority.slice(authority.lastIndexOf("@") + 1)
  const bad = /[\s\\^`{|}"<>]/.exec(hostAndPort)
  if (bad !== null) return Either.left(`parse "tcp://${address}": invalid character "${bad[0]}" in host name`)
  const ending = hostAndPort.includes(":") ? hostAndPort.slice(hostAndPort.lastIndexOf(":")) : ":"
  if (!ending.includes("]") && /\D/.test(ending.slice(1))) {
    return Either.left(`parse "tcp://${address}": invalid port "${ending}" after host`)
  }
  const [, bracketed, ofBracketed] = /^\[([^\]]*)\]:(\d*)$/.exec(hostAndPort) ?? []
  if (bracketed !== undefined) return Either.right(tcp(bracketed, ofBracketed, path))
  if (/[[\]]/.test(hostAndPort)) return invalidFormat(address)
  const colons = hostAndPort.split(":").length - 1
  if (colons > 1) return Either.right(tcp(hostAndPort, undefined, path))
  const [host, port] = hostAndPort.split(":")
  return Either.right(tcp(host, port, path))
}

const tcp = (host: string | undefined, port: string | undefined, path: string) => {
  const name = host || defaultHost
  return `tcp://${name.includes(":") ? `[${name}]` : name}:${port || defaultPort}${path}`
}

/**
 * Parses a host like Podman's client and completes it to a URL. Fails with the reason if it is invalid.
 *
 * Follows https://github.com/containers/podman/blob/v4.3.1/pkg/bindings/connection.go
 */
export const parsePodmanHost = (text: string): Either.Either<string, string> => {
  const scheme = /^([A-Za-z][A-Za-z0-9+.-]*):/.exec(text)?.[1]?.toLowerCase() ?? ""
  switch (scheme) {
    case "unix":
      return Either.right(/^unix:\/\/\//i.test(text) ? text : text.replace(/^unix:(?:\/\/([^/]*))?/i, withSlash))
    case "tcp":
    case "ssh":
      return Either.right(text)
    default:
      return Either.left(`unable to create connection. "${scheme}" is not a supported schema`)
  }
}

// Podman takes the text in place of a host for the first part of the path.
const withSlash = (_: string, host: string | undefined) => `unix:///${host === undefined ? "" : `${host}/`}`

/**
 * Host of an engine's URL; none for a socket or pipe on this machine.
 */
export const remoteHost = (url: string): Option.Option<string> =>
  Option.fromNullable(/^(?:tcp|ssh|https?):\/\/(?:[^@/]*@)?(\[[^\]]+\]|[^:/?#]+)/.exec(url)?.[1]).pipe(
    Option.map((host) => host.replace(/^\[(.*)\]$/, "$1"))
  )
