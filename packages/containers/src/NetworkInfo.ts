/**
 * Properties of a network, decoded from the answer of Docker or Podman, which is kept in `raw`.
 *
 * @since 0.1.0
 */
import type * as DateTime from "effect/DateTime"
import type * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { firstOf, name, refined } from "./internal/values/text.js"
import type * as IpAddress from "./IpAddress.js"
import type * as Subnet from "./Subnet.js"

/**
 * Id of a network: 64 hexadecimal digits.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Id = Schema.String.pipe(
  Schema.pattern(/^[0-9a-f]{64}$/, { identifier: "NetworkId" }),
  Schema.brand("@ociman/containers/NetworkInfo/Id")
)

/**
 * Id of a network.
 *
 * @since 0.1.0
 * @category models
 */
export type Id = typeof Id.Type

// Names with a meaning of their own for `--network`.
const modes = ["bridge", "container", "default", "host", "none", "ns", "pasta", "private", "slirp4netns"]

/**
 * Name of a network: an ASCII letter or digit, then letters, digits, `_`, `.` and `-`; 2 to 255 characters. Words with
 * another meaning for `--network`, such as `host` or `none`, are not valid.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Name = refined(
  "NetworkName",
  "network name",
  firstOf(name(255), (text) => modes.includes(text) ? "engines interpret it as a network mode" : undefined)
).pipe(Schema.brand("@ociman/containers/NetworkInfo/Name"))

/**
 * Name of a network.
 *
 * @since 0.1.0
 * @category models
 */
export type Name = typeof Name.Type

/**
 * Range of addresses of a network.
 *
 * @since 0.1.0
 * @category models
 */
export interface Range {
  readonly subnet: Subnet.Subnet
  /** Address of the engine's machine in the subnet; `None` if the engine does not report it. */
  readonly gateway: Option.Option<IpAddress.IpAddress>
}

/**
 * Properties of a network.
 *
 * @since 0.1.0
 * @category models
 */
export interface NetworkInfo {
  readonly id: Id
  readonly name: string
  readonly driver: string
  readonly created: Option.Option<DateTime.Utc>
  /** Subnets; empty for drivers without addresses, such as `host` and `none`. */
  readonly subnets: ReadonlyArray<Range>
  /** If true, containers cannot reach hosts outside of the network. */
  readonly internal: boolean
  readonly ipv6: boolean
  readonly labels: Readonly<Record<string, string>>
  readonly driverOptions: Readonly<Record<string, string>>
  /** Answer of the engine, as JSON. */
  readonly raw: unknown
}
