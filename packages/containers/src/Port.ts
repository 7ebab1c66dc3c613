/**
 * Ports of a container, published on the host, as with `docker run --publish`.
 *
 * @since 0.1.0
 */
import * as Arr from "effect/Array"
import * as Either from "effect/Either"
import { dual } from "effect/Function"
import type * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import { ipAddress, isIpv6Notation } from "./internal/values/ipAddress.js"
import { parsePortSpec, type PortSpec, width } from "./internal/values/portParser.js"
import { fromString, parseError, present, refined } from "./internal/values/text.js"

/**
 * Port number, 1 to 65535.
 *
 * @since 0.1.0
 * @category schemas
 */
export const PortNumber = Schema.Number.pipe(
  Schema.filter((port) =>
    Number.isInteger(port) && port >= 1 && port <= 65535
      ? undefined
      : `Invalid port number ${port}: it is not an integer from 1 to 65535`, { identifier: "PortNumber" })
)

/**
 * Transport protocol of a port.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Protocol = Schema.Literal("tcp", "udp", "sctp")

/**
 * Transport protocol of a port.
 *
 * @since 0.1.0
 * @category models
 */
export type Protocol = typeof Protocol.Type

/**
 * Inclusive range of host ports, from which the engine selects a free one.
 *
 * @since 0.1.0
 * @category models
 */
export class Range extends Schema.Class<Range>("@ociman/containers/Port/Range")(
  Schema.Struct({ first: PortNumber, last: PortNumber }).pipe(
    Schema.filter(({ first, last }) =>
      first < last ? undefined : `Invalid port range ${first}-${last}: it does not end after it begins`
    )
  )
) {}

/**
 * Port of a container, published on the host.
 *
 * Without `hostIp`, the engine, or the caller of {@link format}, selects the host addresses. Without `hostPort`, the
 * engine selects a free port. A {@link Range} of host ports is supported by Docker only.
 *
 * @since 0.1.0
 * @category models
 */
export class Port extends Schema.Class<Port>("@ociman/containers/Port")({
  containerPort: PortNumber,
  protocol: Protocol,
  /** IPv4 or IPv6 address, without brackets and without a zone. */
  hostIp: Schema.optionalWith(refined("HostIp", "host address", ipAddress), { exact: true }),
  hostPort: Schema.optionalWith(Schema.Union(PortNumber, Range), { exact: true })
}) {}

/**
 * @since 0.1.0
 */
export declare namespace Port {
  /**
   * Host address and port of a published port.
   *
   * @since 0.1.0
   * @category models
   */
  export interface Options {
    readonly hostIp?: string | undefined
    readonly hostPort?: number | { readonly first: number; readonly last: number } | undefined
  }
}

const make = (protocol: Protocol) => (containerPort: number, { hostIp, hostPort }: Port.Options = {}): Port =>
  new Port({
    containerPort,
    protocol,
    ...present({ hostIp, hostPort: typeof hostPort === "object" ? new Range(hostPort) : hostPort })
  })

/**
 * Publishes a TCP port.
 *
 * @example
 * ```ts
 * import { Port } from "@ociman/containers"
 *
 * assert.strictEqual(Port.format(Port.tcp(80)), "80/tcp")
 * assert.strictEqual(
 *   Port.format(Port.tcp(80, { hostIp: "::1", hostPort: 8080 })),
 *   "[::1]:8080:80/tcp"
 * )
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const tcp: (containerPort: number, options?: Port.Options) => Port = make("tcp")

/**
 * Publishes a UDP port.
 *
 * @since 0.1.0
 * @category constructors
 */
export const udp: (containerPort: number, options?: Port.Options) => Port = make("udp")

/**
 * Publishes an SCTP port.
 *
 * @since 0.1.0
 * @category constructors
 */
export const sctp: (containerPort: number, options?: Port.Options) => Port = make("sctp")

const formatHostPort = (hostPort: (typeof Port.Encoded)["hostPort"]): string =>
  typeof hostPort === "object" ? `${hostPort.first}-${hostPort.last}` : `${hostPort ?? ""}`

const formatPort = (self: typeof Port.Encoded, defaultHostIp?: string): string => {
  const container = `${self.containerPort}/${self.protocol}`
  const hostIp = self.hostIp ?? defaultHostIp
  // Docker accepts an empty host address (":8080:80"), Podman does not.
  if (hostIp === undefined) {
    return self.hostPort === undefined ? container : `${formatHostPort(self.hostPort)}:${container}`
  }
  return `${isIpv6Notation(hostIp) ? `[${hostIp}]` : hostIp}:${formatHostPort(self.hostPort)}:${container}`
}

const isPort = Schema.is(Port)

/**
 * Formats the value of `--publish`. A port without a host address gets `defaultHostIp`.
 *
 * @since 0.1.0
 * @category conversions
 */
export const format: {
  (options?: { readonly defaultHostIp?: string | undefined }): (self: Port) => string
  (self: Port, options?: { readonly defaultHostIp?: string | undefined }): string
} = dual(
  (args) => isPort(args[0]),
  (self: Port, options?: { readonly defaultHostIp?: string | undefined }): string =>
    formatPort(self, options?.defaultHostIp)
)

const expand = ({ container, host, hostIp, protocol }: PortSpec): Arr.NonEmptyReadonlyArray<typeof Port.Encoded> =>
  Arr.map(Arr.range(container.first, container.last), (containerPort, index) => ({
    containerPort,
    protocol,
    ...present({ hostIp, hostPort: host !== undefined && width(host) === width(container) ? host.first + index : host })
  }))

/**
 * Parses the notation of `docker run --publish`: `[[address:]host:]container[/protocol]`, where `host` and `container`
 * are a port or a range of ports. Ranges of equal length are published port by port; a range for a single port of the
 * container is a {@link Range}.
 *
 * As on Docker, but not on Podman, accepts an IPv6 address without brackets, an empty part before a colon (`:8080:80`),
 * an empty protocol (tcp), a range that ends where it begins, and host port 0 for any free port. As on Podman, rejects
 * container port 0, and more than one protocol.
 *
 * @see https://github.com/docker/go-connections/blob/v0.5.0/nat/nat.go
 *
 * @example
 * ```ts
 * import { Port } from "@ociman/containers"
 * import { Either } from "effect"
 *
 * assert.deepStrictEqual(
 *   Port.parse("127.0.0.1:8000-8001:80-81/udp"),
 *   Either.right([
 *     Port.udp(80, { hostIp: "127.0.0.1", hostPort: 8000 }),
 *     Port.udp(81, { hostIp: "127.0.0.1", hostPort: 8001 })
 *   ])
 * )
 * ```
 *
 * @since 0.1.0
 * @category parsing
 */
export const parse = (spec: string): Either.Either<Arr.NonEmptyReadonlyArray<Port>, ParseResult.ParseError> =>
  Either.mapBoth(parsePortSpec(spec), {
    onLeft: (reason) => parseError("port", spec, reason),
    onRight: (parsed) =>
      Arr.map(expand(parsed), ({ hostPort, ...port }) =>
        // Skips the validation, since the parser has checked a range of up to 65535 ports already.
        new Port(
          { ...port, ...present({ hostPort: typeof hostPort === "object" ? new Range(hostPort) : hostPort }) },
          true
        ))
  })

/**
 * Single port in the notation of {@link parse}.
 *
 * @since 0.1.0
 * @category schemas
 */
export const FromString: Schema.Schema<Port, string> = fromString({
  identifier: "PortFromString",
  what: "port",
  to: Port,
  parse: (text) =>
    Either.flatMap(parsePortSpec(text), (spec) =>
      spec.container.first === spec.container.last
        ? Either.right(expand(spec)[0])
        : Either.left("it denotes more than one port")),
  format: (port) => formatPort(port)
})
