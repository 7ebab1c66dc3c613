/**
 * Properties of an image, decoded from the answer of Docker or Podman, which is kept in `raw`.
 *
 * @since 0.1.0
 */
import * as Reference from "@ociman/oci/Reference"
import * as DateTime from "effect/DateTime"
import * as Either from "effect/Either"
import type * as Option from "effect/Option"
import type * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import * as ImageId from "./ImageId.js"

/**
 * Properties of an image.
 *
 * @since 0.1.0
 * @category models
 */
export interface ImageInfo {
  readonly id: ImageId.ImageId
  /** References with tags, in the familiar form: `alpine:3.20`. */
  readonly tags: ReadonlyArray<string>
  /** References with digests, as in registries, in the familiar form. */
  readonly digests: ReadonlyArray<string>
  readonly created: Option.Option<DateTime.Utc>
  readonly labels: Readonly<Record<string, string>>
  readonly os: string
  readonly architecture: string
  /** Size in bytes. */
  readonly size: number
  /** Answer of the engine, as JSON. */
  readonly raw: unknown
}

const Labels = Schema.optional(Schema.NullOr(Schema.Record({ key: Schema.String, value: Schema.String })))

const Names = Schema.optionalWith(Schema.Array(Schema.String), { nullable: true, default: () => [] })

const Answer = Schema.Struct({
  Id: ImageId.FromString,
  RepoTags: Names,
  RepoDigests: Names,
  Created: Schema.optionalWith(Schema.String, { nullable: true, default: () => "" }),
  Os: Schema.String,
  Architecture: Schema.String,
  Size: Schema.Number,
  Config: Schema.optional(Schema.NullOr(Schema.Struct({ Labels })))
})

const decodeAnswer = Schema.decodeUnknownEither(Answer)

/**
 * Decodes one element of the output of `docker image inspect` or `podman image inspect`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const decode = (raw: unknown): Either.Either<ImageInfo, ParseResult.ParseError> =>
  Either.map(decodeAnswer(raw), (answer) => ({
    id: answer.Id,
    tags: answer.RepoTags.flatMap(familiar),
    digests: answer.RepoDigests.flatMap(familiar),
    created: DateTime.make(answer.Created),
    labels: answer.Config?.Labels ?? {},
    os: answer.Os,
    architecture: answer.Architecture,
    size: answer.Size,
    raw
  }))

// Docker before version 24 lists an image without a reference as `<none>:<none>`.
const familiar = (name: string): ReadonlyArray<string> =>
  Either.match(Reference.parse(name), {
    onLeft: () => [],
    onRight: (reference) => [Reference.familiar(reference)]
  })
