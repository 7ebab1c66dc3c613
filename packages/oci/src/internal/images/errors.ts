/** Errors of artifacts and runnable images. `Artifact` and `RunnableImage` export and document them. */
import * as Schema from "effect/Schema"

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
  NotAnArtifact: "is not an artifact with known files"
} as const

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
  NotElf: "is not an ELF executable",
  NotExecutable: "is an object file or a library, not an executable",
  Dynamic: "is linked dynamically; link it statically, or give the image a base that has its interpreter",
  UnsupportedMachine: "is built for a processor without a known image platform",
  UnsupportedSystem: "is not built for Linux",
  CannotRead: "cannot be read"
} as const
