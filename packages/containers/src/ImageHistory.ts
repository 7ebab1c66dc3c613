/**
 * How an image came to be, step by step, decoded from the answers of both
 * engines.
 *
 * @since 0.1.0
 */
import * as DateTime from "effect/DateTime"
import * as Either from "effect/Either"
import type * as Option from "effect/Option"
import type * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"

/**
 * A step in the making of an image.
 *
 * @since 0.1.0
 * @category models
 */
export interface Step {
  readonly created: Option.Option<DateTime.Utc>
  /** The instruction, in the builder's own words; empty if none is known. */
  readonly createdBy: string
  /** Bytes that the step added. */
  readonly size: number
  readonly comment: string
  /** The engine's own answer, decoded from JSON and otherwise untouched. */
  readonly raw: unknown
}

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

/**
 * Decodes one line of what `docker image history --format '{{json .}}'
 * --human=false` answers.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromDocker = (raw: unknown): Either.Either<Step, ParseResult.ParseError> =>
  Either.map(decodeDocker(raw), ({ Comment, CreatedAt, CreatedBy, Size }) => ({
    created: DateTime.make(CreatedAt),
    createdBy: CreatedBy,
    size: Size,
    comment: Comment,
    raw
  }))

/**
 * Decodes one element of what `podman image history --format json` answers.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromPodman = (raw: unknown): Either.Either<Step, ParseResult.ParseError> =>
  Either.map(decodePodman(raw), ({ comment, created, CreatedBy, size }) => ({
    created: DateTime.make(created),
    createdBy: CreatedBy,
    size,
    comment,
    raw
  }))
