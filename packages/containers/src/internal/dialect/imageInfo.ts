import * as Reference from "@ociman/oci/Reference"
import * as DateTime from "effect/DateTime"
import * as Either from "effect/Either"
import type * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import * as ImageId from "../../ImageId.js"
import type { ImageInfo } from "../../ImageInfo.js"
import { orNull, Texts } from "./engineJson.js"

const Names = Schema.optionalWith(Schema.Array(Schema.String), { nullable: true, default: () => [] })

const Answer = Schema.Struct({
  Id: ImageId.FromString,
  RepoTags: Names,
  RepoDigests: Names,
  Created: Schema.optionalWith(Schema.String, { nullable: true, default: () => "" }),
  Os: Schema.String,
  Architecture: Schema.String,
  Size: Schema.Number,
  Config: orNull(Schema.Struct({ Labels: Texts }))
})

const decodeAnswer = Schema.decodeUnknownEither(Answer)

/** Decodes one element of the output of `docker image inspect` or `podman image inspect`. */
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
