/**
 * Properties of a network, decoded from the answer of Docker or Podman, which is kept in `raw`.
 *
 * @since 0.1.0
 */
import type * as DateTime from "effect/DateTime"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import type * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import { orNull, Texts, time } from "./internal/values/engineJson.js"
import { firstAddressOf } from "./internal/values/subnetParser.js"
import { firstOf, name, refined } from "./internal/values/text.js"
import * as IpAddress from "./IpAddress.js"
import * as Subnet from "./Subnet.js"

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

// Docker reports a missing gateway as an empty text and, before version 27, a gateway of IPv6 with a prefix length.
const Gateway = Schema.transform(Schema.String, Schema.Union(IpAddress.IpAddress, Schema.Literal("")), {
  strict: true,
  decode: (text) => text.replace(/\/\d+$/, ""),
  encode: (text) => text
})

const SubnetOfEngine = Schema.compose(
  Schema.transform(Schema.String, Schema.String, { strict: true, decode: firstAddressOf, encode: (text) => text }),
  Subnet.FromString
)

const Docker = Schema.Struct({
  Id,
  Name: Schema.String,
  Created: orNull(Schema.String),
  Driver: Schema.String,
  EnableIPv6: orNull(Schema.Boolean),
  Internal: orNull(Schema.Boolean),
  IPAM: orNull(Schema.Struct({
    Config: orNull(Schema.Array(Schema.Struct({ Subnet: SubnetOfEngine, Gateway: orNull(Gateway) })))
  })),
  Options: Texts,
  Labels: Texts
})

const Podman = Schema.Struct({
  id: Id,
  name: Schema.String,
  created: orNull(Schema.String),
  driver: Schema.String,
  ipv6_enabled: orNull(Schema.Boolean),
  internal: orNull(Schema.Boolean),
  subnets: orNull(Schema.Array(Schema.Struct({ subnet: SubnetOfEngine, gateway: orNull(Gateway) }))),
  options: Texts,
  labels: Texts
})

const isDocker = Schema.is(Schema.Struct({ Id: Schema.String }))

const decodeDocker = Schema.decodeUnknownEither(Docker)

const decodePodman = Schema.decodeUnknownEither(Podman)

/**
 * Decodes one element of the output of `docker network inspect` or `podman network inspect`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const decode = (raw: unknown): Either.Either<NetworkInfo, ParseResult.ParseError> =>
  isDocker(raw)
    ? Either.map(decodeDocker(raw), (answer) => ({
      id: answer.Id,
      name: answer.Name,
      driver: answer.Driver,
      created: time(answer.Created),
      subnets: (answer.IPAM?.Config ?? []).map(({ Gateway, Subnet }) => range(Subnet, Gateway)),
      internal: answer.Internal ?? false,
      ipv6: answer.EnableIPv6 ?? false,
      labels: answer.Labels ?? {},
      driverOptions: answer.Options ?? {},
      raw
    }))
    : Either.map(decodePodman(raw), (answer) => ({
      id: answer.id,
      name: answer.name,
      driver: answer.driver,
      created: time(answer.created),
      subnets: (answer.subnets ?? []).map(({ gateway, subnet }) => range(subnet, gateway)),
      internal: answer.internal ?? false,
      ipv6: answer.ipv6_enabled ?? false,
      labels: answer.labels ?? {},
      driverOptions: answer.options ?? {},
      raw
    }))

const range = (subnet: Subnet.Subnet, gateway: IpAddress.IpAddress | "" | null | undefined): Range => ({
  subnet,
  gateway: gateway === "" ? Option.none() : Option.fromNullable(gateway)
})
