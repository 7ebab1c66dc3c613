/**
 * What an engine knows of a network, decoded from the answers of both engines,
 * with the answer itself beside it.
 *
 * @since 0.1.0
 */
import * as DateTime from "effect/DateTime"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import type * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import { firstAddressOf } from "./internal/values/subnetParser.js"
import { firstOf, name, refined } from "./internal/values/text.js"
import * as IpAddress from "./IpAddress.js"
import * as Subnet from "./Subnet.js"

/**
 * The id of a network: 64 hexadecimal digits.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Id = Schema.String.pipe(
  Schema.pattern(/^[0-9a-f]{64}$/, { identifier: "NetworkId" }),
  Schema.brand("@ociman/containers/NetworkInfo/Id")
)

/**
 * The id of a network.
 *
 * @since 0.1.0
 * @category models
 */
export type Id = typeof Id.Type

// What `--network` takes for something else.
const modes = ["bridge", "container", "default", "host", "none", "ns", "pasta", "private", "slirp4netns"]

/**
 * The name of a network: a letter or a digit of ASCII, then letters, digits, `_`, `.` and `-`, 2 to 255 characters. It
 * is not a word that means something else where a network is named, such as `host` or `none`.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Name = refined(
  "NetworkName",
  "network name",
  firstOf(name(255), (text) => modes.includes(text) ? "engines take it for a mode of networking" : undefined)
).pipe(Schema.brand("@ociman/containers/NetworkInfo/Name"))

/**
 * The name of a network.
 *
 * @since 0.1.0
 * @category models
 */
export type Name = typeof Name.Type

/**
 * A range of addresses of a network.
 *
 * @since 0.1.0
 * @category models
 */
export interface Range {
  readonly subnet: Subnet.Subnet
  /** The address of the engine's machine in it, where the engine tells. */
  readonly gateway: Option.Option<IpAddress.IpAddress>
}

/**
 * What an engine knows of a network.
 *
 * @since 0.1.0
 * @category models
 */
export interface NetworkInfo {
  readonly id: Id
  readonly name: string
  readonly driver: string
  readonly created: Option.Option<DateTime.Utc>
  /** None where the driver has no addresses to give, as `host` and `none`. */
  readonly subnets: ReadonlyArray<Range>
  /** Whether containers in it reach each other, and nothing outside. */
  readonly internal: boolean
  readonly ipv6: boolean
  readonly labels: Readonly<Record<string, string>>
  readonly driverOptions: Readonly<Record<string, string>>
  /** The engine's own answer, decoded from JSON and otherwise untouched. */
  readonly raw: unknown
}

const orNull = <A, I>(schema: Schema.Schema<A, I>) => Schema.optional(Schema.NullOr(schema))

const Texts = orNull(Schema.Record({ key: Schema.String, value: Schema.String }))

// Docker answers an empty text for no gateway, and before version 27 with the length of a prefix behind it for IPv6.
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
 * Decodes one element of what `docker network inspect` or
 * `podman network inspect` answers.
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

const time = (text: string | null | undefined): Option.Option<DateTime.Utc> =>
  text === undefined || text === null || text.startsWith("0001-")
    ? Option.none()
    : Option.map(DateTime.make(text), DateTime.toUtc)
