/**
 * Properties of a volume, decoded from the answer of Docker or Podman, which is kept in `raw`.
 *
 * @since 0.1.0
 */
import type * as DateTime from "effect/DateTime"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import type * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import { orNull, Texts, time } from "./internal/values/engineJson.js"
import { name, refined } from "./internal/values/text.js"

/**
 * Name of a volume: an ASCII letter or digit, then letters, digits, `_`, `.` and `-`; 2 to 255 characters.
 *
 * @see https://github.com/moby/moby/blob/v20.10.24/volume/local/local.go
 * @since 0.1.0
 * @category schemas
 */
export const Name = refined("VolumeName", "volume name", name(255)).pipe(
  Schema.brand("@ociman/containers/VolumeInfo/Name")
)

/**
 * Name of a volume.
 *
 * @since 0.1.0
 * @category models
 */
export type Name = typeof Name.Type

/**
 * Properties of a volume.
 *
 * @since 0.1.0
 * @category models
 */
export interface VolumeInfo {
  readonly name: string
  readonly driver: string
  /** Path on the engine's machine; `None` if the driver does not report it. */
  readonly mountpoint: Option.Option<string>
  readonly created: Option.Option<DateTime.Utc>
  readonly labels: Readonly<Record<string, string>>
  readonly driverOptions: Readonly<Record<string, string>>
  /** Answer of the engine, as JSON. */
  readonly raw: unknown
}

const Answer = Schema.Struct({
  Name: Schema.String,
  Driver: Schema.String,
  Mountpoint: orNull(Schema.String),
  CreatedAt: orNull(Schema.String),
  Labels: Texts,
  Options: Texts
})

const decodeAnswer = Schema.decodeUnknownEither(Answer)

/**
 * Decodes one element of the output of `docker volume inspect` or `podman volume inspect`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const decode = (raw: unknown): Either.Either<VolumeInfo, ParseResult.ParseError> =>
  Either.map(decodeAnswer(raw), (answer) => ({
    name: answer.Name,
    driver: answer.Driver,
    mountpoint: Option.filter(Option.fromNullable(answer.Mountpoint), (path) => path !== ""),
    created: time(answer.CreatedAt),
    labels: answer.Labels ?? {},
    driverOptions: answer.Options ?? {},
    raw
  }))
