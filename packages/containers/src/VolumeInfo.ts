/**
 * What an engine knows of a volume, decoded from the answers of both engines,
 * with the answer itself beside it.
 *
 * @since 0.1.0
 */
import * as DateTime from "effect/DateTime"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import type * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import { name, refined } from "./internal/values/text.js"

/**
 * The name of a volume: a letter or a digit of ASCII, then letters, digits, `_`, `.` and `-`, 2 to 255 characters.
 *
 * @see https://github.com/moby/moby/blob/v20.10.24/volume/local/local.go
 * @since 0.1.0
 * @category schemas
 */
export const Name = refined("VolumeName", "volume name", name(255)).pipe(
  Schema.brand("@ociman/containers/VolumeInfo/Name")
)

/**
 * The name of a volume.
 *
 * @since 0.1.0
 * @category models
 */
export type Name = typeof Name.Type

/**
 * What an engine knows of a volume.
 *
 * @since 0.1.0
 * @category models
 */
export interface VolumeInfo {
  readonly name: string
  readonly driver: string
  /** Where it is on the engine's machine; some drivers do not tell. */
  readonly mountpoint: Option.Option<string>
  readonly created: Option.Option<DateTime.Utc>
  readonly labels: Readonly<Record<string, string>>
  readonly driverOptions: Readonly<Record<string, string>>
  /** The engine's own answer, decoded from JSON and otherwise untouched. */
  readonly raw: unknown
}

const orNull = <A, I>(schema: Schema.Schema<A, I>) => Schema.optional(Schema.NullOr(schema))

const Texts = orNull(Schema.Record({ key: Schema.String, value: Schema.String }))

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
 * Decodes one element of what `docker volume inspect` or
 * `podman volume inspect` answers.
 *
 * @since 0.1.0
 * @category constructors
 */
export const decode = (raw: unknown): Either.Either<VolumeInfo, ParseResult.ParseError> =>
  Either.map(decodeAnswer(raw), (answer) => ({
    name: answer.Name,
    driver: answer.Driver,
    mountpoint: Option.filter(Option.fromNullable(answer.Mountpoint), (path) => path !== ""),
    created: Option.flatMap(
      Option.fromNullable(answer.CreatedAt),
      (text) => Option.map(DateTime.make(text), DateTime.toUtc)
    ),
    labels: answer.Labels ?? {},
    driverOptions: answer.Options ?? {},
    raw
  }))
