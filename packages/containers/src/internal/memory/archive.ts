import * as Digest from "@ociman/oci/Digest"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type { Archive } from "../../BackendDriver.js"
import type { EngineFailed } from "../../BackendError.js"
import { messageOf } from "../values/text.js"
import * as State from "./state.js"

const Image = Schema.Struct({
  id: Digest.Digest,
  digest: Digest.Digest,
  names: Schema.Array(Schema.String),
  labels: Schema.Record({ key: Schema.String, value: Schema.String }),
  os: Schema.String,
  architecture: Schema.String,
  created: Schema.Number,
  steps: Schema.Array(Schema.Struct({
    created: Schema.Number,
    createdBy: Schema.String,
    comment: Schema.String,
    size: Schema.Number
  })),
  files: Schema.ReadonlyMap({
    key: Schema.String,
    value: Schema.Struct({
      type: Schema.Literal("File", "Directory", "Symlink"),
      mode: Schema.Number,
      uid: Schema.Number,
      gid: Schema.Number,
      modified: Schema.Date,
      target: Schema.String,
      content: Schema.Uint8ArrayFromBase64
    })
  })
})

const Document = Schema.parseJson(Schema.Struct({ images: Schema.Array(Image) }))

/**
 * Writes images in a format of the memory engine.
 *
 * @internal
 */
export const write = (images: ReadonlyArray<State.Image>): Stream.Stream<Uint8Array> =>
  Schema.encode(Document)({ images }).pipe(Effect.orDie, Stream.fromEffect, Stream.encodeText)

/** @internal */
export const read = (archive: Archive): Effect.Effect<ReadonlyArray<State.Image>, EngineFailed> =>
  contents("Image.load", archive).pipe(
    Effect.flatMap((text) =>
      Effect.mapError(
        Schema.decode(Document)(text),
        () => State.failed("Image.load", "Refused", "archive/tar: invalid tar header")
      )
    ),
    Effect.map(({ images }) => images)
  )

/**
 * Content of an archive as text.
 *
 * @internal
 */
export const contents = (operation: string, archive: Archive): Effect.Effect<string, EngineFailed> =>
  archive.pipe(
    Stream.decodeText(),
    Stream.runCollect,
    Effect.mapBoth({
      onFailure: (cause) => State.failed(operation, "InputFailed", messageOf(cause), cause),
      onSuccess: Chunk.join("")
    })
  )
