import * as DateTime from "effect/DateTime"
import * as Either from "effect/Either"
import type * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import type { HistoryStep } from "../../ImageInfo.js"

const text = Schema.optionalWith(Schema.String, { nullable: true, default: () => "" })

const DockerStep = Schema.Struct({
  CreatedAt: Schema.String,
  CreatedBy: text,
  Size: Schema.NumberFromString,
  Comment: text
})

const PodmanStep = Schema.Struct({ created: Schema.String, CreatedBy: text, size: Schema.Number, comment: text })

const decodeDocker = Schema.decodeUnknownEither(DockerStep)

const decodePodman = Schema.decodeUnknownEither(PodmanStep)

/** Decodes one line of the output of `docker image history --format '{{json .}}' --human=false`. */
export const fromDocker = (raw: unknown): Either.Either<HistoryStep, ParseResult.ParseError> =>
  Either.map(decodeDocker(raw), ({ Comment, CreatedAt, CreatedBy, Size }) => ({
    created: DateTime.make(CreatedAt),
    createdBy: CreatedBy,
    size: Size,
    comment: Comment,
    raw
  }))

/** Decodes one element of the output of `podman image history --format json`. */
export const fromPodman = (raw: unknown): Either.Either<HistoryStep, ParseResult.ParseError> =>
  Either.map(decodePodman(raw), ({ comment, created, CreatedBy, size }) => ({
    created: DateTime.make(created),
    createdBy: CreatedBy,
    size,
    comment,
    raw
  }))
