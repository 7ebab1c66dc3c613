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
 * Host name and its address in a container.
 *
 * The address is IPv4, IPv6 without brackets, or `host-gateway`, which Docker, and Podman since 4.7, replace by an
 * address of the host.
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
 * Maps a host name to an address: an IP address or `host-gateway`. Throws if one is invalid.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (host: string, address: string): ExtraHost => Schema.decodeSync(ExtraHost)({ host, address })

/**
 * Formats the value of `--add-host`: `host:address`.
 *
 * @since 0.1.0
 * @category conversions
 */
export const format = ({ address, host }: typeof ExtraHost.Encoded): string => `${host}:${address}`

/**
 * Entry in the notation of `--add-host`: `host:address` or `host=address`, the address with or without brackets.
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
