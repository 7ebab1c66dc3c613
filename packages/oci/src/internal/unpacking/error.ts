/** Error of unpacking. `Unpack` exports and documents it. */
import * as Schema from "effect/Schema"

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
      ? `${JSON.stringify(this.path)} exists already: unpack to another path, or set the option overwrite`
      : `Layer ${this.layer} was not unpacked${where}: ${sentences[this.reason]}${detail}`
  }
}

const sentences = {
  UnsafePath: "the path could lead out of the directory, or does not exist in it",
  UnsafeLink: "the target of the link is not in the layers",
  ChangesRoot: "the root must stay a directory",
  InvalidWhiteout: "a whiteout removes \".\", \"..\" or nothing",
  Device: "it is a device or a pipe; the option devices can skip it",
  SetUserId: "it has the bit for set-user-id or set-group-id; the option setUserId can strip or keep it",
  LimitExceeded: "a limit is exceeded",
  DiffIdMismatch: "the layer does not have the digest in the configuration",
  CannotWrite: "it could not be written"
} as const
