/**
 * Ports of a container published on the host, as `docker run --publish` takes them.
 *
 * @since 0.1.0
 */
import { dual } from "effect/Function"
import * as Schema from "effect/Schema"
import { ipAddress, isIpv6Notation } from "./internal/ipAddress.js"
import { present, refined } from "./internal/text.js"

/**
 * A port number, 1 to 65535.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Number = Schema.Number.pipe(
  Schema.filter((port) =>
    globalThis.Number.isInteger(port) && port >= 1 && port <= 65535
      ? undefined
      : `Invalid port number ${port}: it is not an integer from 1 to 65535`, { identifier: "PortNumber" })
)

/**
 * The transport protocol of a port.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Protocol = Schema.Literal("tcp", "udp", "sctp")

/**
 * The transport protocol of a port.
 *
 * @since 0.1.0
 * @category models
 */
export type Protocol = typeof Protocol.Type

/**
 * Host ports of which the engine picks one that is free, both ends included.
 *
 * @since 0.1.0
 * @category models
 */
export class Range extends Schema.Class<Range>("@ociman/containers/Port/Range")(
  Schema.Struct({ first: Number, last: Number }).pipe(
    Schema.filter(({ first, last }) =>
      first < last ? undefined : `Invalid port range ${first}-${last}: it does not end after it begins`
    )
  )
) {}

/**
 * A port of a container, published on the host.
 *
 * Without `hostIp` the engine, or the caller of {@link format}, decides on which addresses of the host it is reachable.
 * Without `hostPort` the engine picks a free one. A {@link Range} of host ports is for Docker alone: Podman refuses it.
 *
 * @since 0.1.0
 * @category models
 */
export class Port extends Schema.Class<Port>("@ociman/containers/Port")({
  containerPort: Number,
  protocol: Protocol,
  /** An IPv4 or IPv6 address, without brackets and without a zone. */
  hostIp: Schema.optionalWith(refined("HostIp", "host address", ipAddress), { exact: true }),
  hostPort: Schema.optionalWith(Schema.Union(Number, Range), { exact: true })
}) {}

/**
 * @since 0.1.0
 */
export declare namespace Port {
  /**
   * Where on the host a port is published.
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
 * A TCP port.
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
 * A UDP port.
 *
 * @since 0.1.0
 * @category constructors
 */
export const udp: (containerPort: number, options?: Port.Options) => Port = make("udp")

/**
 * An SCTP port.
 *
 * @since 0.1.0
 * @category constructors
 */
export const sctp: (containerPort: number, options?: Port.Options) => Port = make("sctp")

const formatHostPort = (hostPort: Port["hostPort"]): string =>
  typeof hostPort === "object" ? `${hostPort.first}-${hostPort.last}` : `${hostPort ?? ""}`

/**
 * The value of `--publish`. A port without a host address gets `defaultHostIp`.
 *
 * @since 0.1.0
 * @category conversions
 */
export const format: {
  (options?: { readonly defaultHostIp?: string | undefined }): (self: Port) => string
  (self: Port, options?: { readonly defaultHostIp?: string | undefined }): string
} = dual(
  (args) => Schema.is(Port)(args[0]),
  (self: Port, options?: { readonly defaultHostIp?: string | undefined }): string => {
    const container = `${self.containerPort}/${self.protocol}`
    const hostIp = self.hostIp ?? options?.defaultHostIp
    // An empty host address (":8080:80") is fine for Docker, and an error for Podman.
    if (hostIp === undefined) {
      return self.hostPort === undefined ? container : `${formatHostPort(self.hostPort)}:${container}`
    }
    return `${isIpv6Notation(hostIp) ? `[${hostIp}]` : hostIp}:${formatHostPort(self.hostPort)}:${container}`
  }
)
