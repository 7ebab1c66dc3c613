import * as Either from "effect/Either"
import * as Option from "effect/Option"
import type * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import * as IpAddress from "../../IpAddress.js"
import * as NetworkInfo from "../../NetworkInfo.js"
import * as Subnet from "../../Subnet.js"
import { firstAddressOf } from "../values/subnetParser.js"
import { orNull, Texts, time } from "./engineJson.js"

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
  Id: NetworkInfo.Id,
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
  id: NetworkInfo.Id,
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

/** Decodes one element of the output of `docker network inspect` or `podman network inspect`. */
export const decode = (raw: unknown): Either.Either<NetworkInfo.NetworkInfo, ParseResult.ParseError> =>
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

const range = (subnet: Subnet.Subnet, gateway: IpAddress.IpAddress | "" | null | undefined): NetworkInfo.Range => ({
  subnet,
  gateway: gateway === "" ? Option.none() : Option.fromNullable(gateway)
})
