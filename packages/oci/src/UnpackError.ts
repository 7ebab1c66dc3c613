/**
 * What keeps layers from being unpacked.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

/**
 * A layer was not unpacked. `layer` is which one, counted from 0, and `path` the entry in it as it stands there, empty
 * where it is the whole layer.
 *
 * - `UnsafePath`: the path is empty, has `..` or a NUL in it, or leads through a link that leads nowhere, or a file.
 * - `UnsafeLink`: a hard link to what is no file of the layers, or a symbolic link to nothing.
 * - `ChangesRoot`: it would make the root of the directory something else.
 * - `InvalidWhiteout`: it removes `.`, `..` or nothing.
 * - `Device`: it is a device or a pipe; see `devices` of the options.
 * - `SetUserId`: a file runs as its owner; see `setUserId` of the options.
 * - `LimitExceeded`: there is more of something than the limits of the options allow.
 * - `DiffIdMismatch`: the layer is not the one of the configuration.
 * - `DestinationExists`: there is something at the destination.
 * - `CannotWrite`: the machine refused it; `cause` says why.
 *
 * @since 0.1.0
 * @category errors
 */
export class UnpackError extends Schema.TaggedError<UnpackError>("@ociman/oci/UnpackError")("UnpackError", {
  layer: Schema.NonNegativeInt,
  path: Schema.String,
  reason: Schema.Literal(
    "UnsafePath",
    "UnsafeLink",
    "ChangesRoot",
    "InvalidWhiteout",
    "Device",
    "SetUserId",
    "LimitExceeded",
    "DiffIdMismatch",
    "DestinationExists",
    "CannotWrite"
  ),
  detail: Schema.String,
  cause: Schema.optional(Schema.Defect)
}) {
  override get message(): string {
    const where = this.path === "" ? "" : ` at ${JSON.stringify(this.path)}`
    const detail = this.detail === "" ? "" : `: ${this.detail}`
    return this.reason === "DestinationExists"
      ? `There is something at ${JSON.stringify(this.path)} already: unpack elsewhere, or with the option overwrite`
      : `Layer ${this.layer} was not unpacked${where}: ${sentences[this.reason]}${detail}`
  }
}

const sentences = {
  UnsafePath: "the path could lead out of the directory, or leads nowhere",
  UnsafeLink: "the link leads to nothing that is in the layers",
  ChangesRoot: "the root must stay a directory",
  InvalidWhiteout: "a whiteout removes \".\", \"..\" or nothing",
  Device: "it is a device or a pipe; the option devices can skip it",
  SetUserId: "it has the bit for set-user-id or set-group-id; the option setUserId can strip or keep it",
  LimitExceeded: "it is more than the limits allow",
  DiffIdMismatch: "it is not the layer that the configuration names",
  CannotWrite: "it could not be written"
} as const
