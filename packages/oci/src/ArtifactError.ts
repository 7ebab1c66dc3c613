/**
 * What keeps an artifact or an image from being made or read.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

/**
 * An artifact cannot be made or read. `path` is the file, or the name of the artifact.
 *
 * - `SameName`: two files would have the same name in it; put them at different places, or pack their directory.
 * - `NotAnArtifact`: it is an index, or nothing that has files.
 *
 * @since 0.1.0
 * @category errors
 */
export class ArtifactError extends Schema.TaggedError<ArtifactError>("@ociman/oci/ArtifactError")("ArtifactError", {
  path: Schema.String,
  reason: Schema.Literal("SameName", "NotAnArtifact")
}) {
  override get message(): string {
    return `${JSON.stringify(this.path)} ${sentences[this.reason]}`
  }
}

const sentences = {
  SameName: "has the name of another file: files are packed by their base names, so pack their directory instead",
  NotAnArtifact: "is no artifact whose files are known"
} as const

/**
 * A file is no program that an image can run by itself.
 *
 * - `NotElf`: it is no ELF file, or a damaged one.
 * - `NotExecutable`: it is an object or a library.
 * - `Dynamic`: it needs an interpreter, which an image with nothing else in it does not have.
 * - `UnsupportedMachine`, `UnsupportedSystem`: it is for a processor, or a system, of which there is no platform.
 * - `CannotRead`: the machine refused it; `cause` says why.
 *
 * @since 0.1.0
 * @category errors
 */
export class ExecutableError
  extends Schema.TaggedError<ExecutableError>("@ociman/oci/ExecutableError")("ExecutableError", {
    path: Schema.String,
    reason: Schema.Literal(
      "NotElf",
      "NotExecutable",
      "Dynamic",
      "UnsupportedMachine",
      "UnsupportedSystem",
      "CannotRead"
    ),
    detail: Schema.String,
    cause: Schema.optional(Schema.Defect)
  })
{
  override get message(): string {
    return `${JSON.stringify(this.path)} ${programs[this.reason]}${this.detail === "" ? "" : `: ${this.detail}`}`
  }
}

const programs = {
  NotElf: "is no program in the format ELF",
  NotExecutable: "is an object or a library, and no program",
  Dynamic: "is linked dynamically; link it statically, or give the image a base that has its interpreter",
  UnsupportedMachine: "is for a processor that no platform of images is known for",
  UnsupportedSystem: "is not for Linux",
  CannotRead: "cannot be read"
} as const
