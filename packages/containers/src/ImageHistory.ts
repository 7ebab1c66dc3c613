/**
 * Steps that created an image, decoded from the answers of both engines.
 *
 * @since 0.1.0
 */
import * as DateTime from "effect/DateTime"
import * as Either from "effect/Either"
import type * as Option from "effect/Option"
import type * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"

/**
 * Step of the history of an image.
 *
 * @since 0.1.0
 * @category models
 */
export interface Step {
  readonly created: Option.Option<DateTime.Utc>
  /** Instruction, as recorded by the builder; empty if unknown. */
  readonly createdBy: string
  /** Number of bytes that the step added. */
  readonly size: number
  readonly comment: string
  /** Answer of the engine, as JSON. */
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
 * Decodes one line of the output of `docker image history --format '{{json .}}' --human=false`.
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
 * Decodes one element of the output of `podman image history --format json`.
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
