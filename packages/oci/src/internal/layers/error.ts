/** Error of layers. `ImageLayer` exports and documents it. */
import * as Schema from "effect/Schema"

export class LayerError extends Schema.TaggedError<LayerError>("@ociman/oci/LayerError")("LayerError", {
  path: Schema.String,
  reason: Schema.Literal(
    "ReservedName",
    "InvalidPath",
    "Duplicate",
    "InvalidWhiteout",
    "DanglingLink",
    "UnsupportedMediaType",
    "LimitExceeded"
  ),
  detail: Schema.optional(Schema.String)
}) {
  override get message(): string {
    const detail = this.detail === undefined ? "" : `: ${this.detail}`
    return `${this.path === "" ? "The archive" : JSON.stringify(this.path)} ${sentences[this.reason]}${detail}`
  }
}

const sentences = {
  ReservedName: "cannot be in a layer, where names that begin with \".wh.\" remove files: rename or exclude it",
  InvalidPath:
    "is not a path in a layer: it is empty, contains \"..\" or a NUL, or leads through an entry that is not a directory",
  Duplicate: "is in the layer twice",
  InvalidWhiteout: "removes \".\", \"..\" or nothing, which is not allowed",
  DanglingLink: "is a hard link whose target is not a file of the layers",
  UnsupportedMediaType: "is not the media type of a supported layer",
  LimitExceeded: "exceeds a limit on layers"
} as const
