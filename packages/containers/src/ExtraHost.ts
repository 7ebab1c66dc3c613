/**
 * Entries for the `/etc/hosts` of a container.
 *
 * @since 0.1.0
 */
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import * as HostName from "./HostName.js"
import { ipAddress, unbracket } from "./internal/values/ipAddress.js"
import { fromString, refined } from "./internal/values/text.js"

/**
 * A host name and the address it stands for in a container.
 *
 * The address is IPv4, IPv6 without brackets, or `host-gateway`, for which the engine puts an address of the host: Docker,
 * and Podman from 4.7 on.
 *
 * @since 0.1.0
 * @category models
 */
export class ExtraHost extends Schema.Class<ExtraHost>("@ociman/containers/ExtraHost")({
  host: HostName.HostName,
  address: refined(
    "HostAddress",
    "host address",
    (text) => text === "host-gateway" ? undefined : ipAddress(text)
  )
}) {}

/**
 * A host name and its address: an IP address or `host-gateway`. Throws where one is invalid.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (host: string, address: string): ExtraHost => Schema.decodeSync(ExtraHost)({ host, address })

/**
 * The value of `--add-host`: `host:address`.
 *
 * @since 0.1.0
 * @category conversions
 */
export const format = ({ address, host }: typeof ExtraHost.Encoded): string => `${host}:${address}`

/**
 * An entry as `--add-host` takes it: `host:address` or `host=address`, the address with or without brackets.
 *
 * @since 0.1.0
 * @category schemas
 */
export const FromString: Schema.Schema<ExtraHost, string> = fromString({
  identifier: "ExtraHostFromString",
  what: "extra host",
  to: ExtraHost,
  parse: (text) => {
    const end = text.search(/[:=]/)
    return end === -1
      ? Either.left("there is no \":\" or \"=\" between a host name and an address")
      : Either.map(unbracket(text.slice(end + 1)), (address) => ({ host: text.slice(0, end), address }))
  },
  format
})
