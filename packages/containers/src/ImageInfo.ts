/**
 * What an engine knows of an image, decoded from the answers of both engines,
 * with the answer itself beside it.
 *
 * @since 0.1.0
 */
import * as Either from "effect/Either"
import type * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"

/**
 * What an engine knows of an image.
 *
 * @since 0.1.0
 * @category models
 */
export interface ImageInfo {
  readonly id: string
  /** The names with tags under which the engine knows it. */
  readonly tags: ReadonlyArray<string>
  readonly labels: Readonly<Record<string, string>>
  readonly os: string
  readonly architecture: string
  /** Bytes. */
  readonly size: number
  /** The engine's own answer, decoded from JSON and otherwise untouched. */
  readonly raw: unknown
}

const Labels = Schema.optional(Schema.NullOr(Schema.Record({ key: Schema.String, value: Schema.String })))

const Answer = Schema.Struct({
  Id: Schema.String,
  RepoTags: Schema.optional(Schema.NullOr(Schema.Array(Schema.String))),
  Os: Schema.String,
  Architecture: Schema.String,
  Size: Schema.Number,
  Config: Schema.optional(Schema.NullOr(Schema.Struct({ Labels })))
})

const decodeAnswer = Schema.decodeUnknownEither(Answer)

/**
 * Decodes one element of what `docker image inspect` or `podman image inspect`
 * answers.
 *
 * @since 0.1.0
 * @category constructors
 */
export const decode = (raw: unknown): Either.Either<ImageInfo, ParseResult.ParseError> =>
  Either.map(decodeAnswer(raw), (answer) => ({
    id: answer.Id,
    tags: answer.RepoTags ?? [],
    labels: answer.Config?.Labels ?? {},
    os: answer.Os,
    architecture: answer.Architecture,
    size: answer.Size,
    raw
  }))
