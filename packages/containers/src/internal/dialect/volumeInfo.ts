import * as Either from "effect/Either"
import * as Option from "effect/Option"
import type * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import type { VolumeInfo } from "../../VolumeInfo.js"
import { orNull, Texts, time } from "./engineJson.js"

const Answer = Schema.Struct({
  Name: Schema.String,
  Driver: Schema.String,
  Mountpoint: orNull(Schema.String),
  CreatedAt: orNull(Schema.String),
  Labels: Texts,
  Options: Texts
})

const decodeAnswer = Schema.decodeUnknownEither(Answer)

/** Decodes one element of the output of `docker volume inspect` or `podman volume inspect`. */
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
