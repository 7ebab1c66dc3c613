/**
 * What cannot be in a layer.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

/**
 * A layer cannot be made, or not be read. `path` is the entry, empty where none is known, or the media type.
 *
 * - `ReservedName`: a name that begins with `.wh.` would remove a file when the layer is unpacked.
 * - `InvalidPath`: the path is empty, has `..` or a NUL in it, or leads through what is no directory.
 * - `Duplicate`: two entries have the same path.
 * - `InvalidWhiteout`: a whiteout that removes `.`, `..` or nothing.
 * - `DanglingLink`: a hard link to what is no file of the layers.
 * - `UnsupportedMediaType`: it is no layer.
 * - `LimitExceeded`: it has more than is read; `detail` says what of.
 *
 * @since 0.1.0
 * @category errors
 */
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
  InvalidPath: "is no path in a layer: it is empty, has \"..\" or a NUL in it, or leads through what is no directory",
  Duplicate: "is in the layer twice",
  InvalidWhiteout: "removes \".\", \"..\" or nothing, which no layer may",
  DanglingLink: "is a hard link to what is no file of the layers",
  UnsupportedMediaType: "is not the media type of a layer that can be read",
  LimitExceeded: "is more than is read of a layer"
} as const
