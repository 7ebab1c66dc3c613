/**
 * Files of this machine, looked at and changed without following links: what unpacking what others have packed needs
 * and `FileSystem` of @effect/platform has no operations for.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import type * as FileTree from "./FileTree.js"

/**
 * The machine refused an operation. `code` is what the system calls the reason, such as `ENOSPC`, if it has a name.
 *
 * @since 0.1.0
 * @category errors
 */
export class LocalFilesError extends Schema.TaggedError<LocalFilesError>("@ociman/oci/LocalFilesError")(
  "LocalFilesError",
  {
    operation: Schema.String,
    path: Schema.String,
    reason: Schema.Literal("AlreadyExists", "NotFound", "NameTooLong", "NoSpace", "PermissionDenied", "Other"),
    code: Schema.optional(Schema.String),
    cause: Schema.optional(Schema.Defect)
  }
) {
  override get message(): string {
    const detail = this.reason === "Other" && this.cause instanceof Error
      ? this.cause.message
      : sentences[this.reason]
    return `Cannot ${this.operation} ${JSON.stringify(this.path)}: ${detail}`
  }
}

const sentences = {
  AlreadyExists: "there is something of that name",
  NotFound: "it does not exist",
  NameTooLong: "a name or the whole path is too long",
  NoSpace: "no space is left",
  PermissionDenied: "permission denied",
  Other: "the system refused it"
} as const

/**
 * What an entry is, a link not followed.
 *
 * @since 0.1.0
 * @category models
 */
export interface Status {
  readonly type: FileTree.EntryType
  /** At most `0o7777`. */
  readonly mode: number
  /** User id of the owner; 0 where there are none. */
  readonly uid: number
}

/**
 * What a file or directory is given.
 *
 * @since 0.1.0
 * @category models
 */
export interface Attributes {
  /** At most `0o7777`; the process' umask takes nothing away. */
  readonly mode: number
  readonly modified: Date
  /** Default: whoever runs the program. Others can be given by root only. */
  readonly owner?: { readonly uid: number; readonly gid: number } | undefined
}

/**
 * A file that is being written, by nobody else and from its beginning.
 *
 * @since 0.1.0
 * @category models
 */
export interface Writer {
  readonly write: (bytes: Uint8Array) => Effect.Effect<void, LocalFilesError>
  readonly setAttributes: (attributes: Attributes) => Effect.Effect<void, LocalFilesError>
}

/**
 * Operations of which none follows a link at the end of a path. Links on the way are followed by the system, so whoever
 * does not trust a path looks at the status of every step.
 *
 * @since 0.1.0
 * @category tags
 */
export class LocalFiles extends Context.Tag("@ociman/oci/LocalFiles")<LocalFiles, {
  /** Reads whole trees. */
  readonly reader: FileTree.Reader
  readonly status: (path: string) => Effect.Effect<Option.Option<Status>, LocalFilesError>
  /** The names in a directory, in any order. */
  readonly list: (path: string) => Effect.Effect<ReadonlyArray<string>, LocalFilesError>
  readonly readLink: (path: string) => Effect.Effect<string, LocalFilesError>
  /** All text of a small file that is trusted, such as one in `/proc`. */
  readonly readText: (path: string) => Effect.Effect<string, LocalFilesError>
  /** A new directory that only its owner may use. */
  readonly makeDirectory: (path: string) => Effect.Effect<void, LocalFilesError>
  readonly makeSymlink: (
    path: string,
    target: string,
    attributes: Omit<Attributes, "mode">
  ) => Effect.Effect<void, LocalFilesError>
  /** Another name of the file that is at `existing`. */
  readonly makeLink: (path: string, existing: string) => Effect.Effect<void, LocalFilesError>
  /** A new file with this content, written at once. */
  readonly writeFile: (
    path: string,
    content: Uint8Array,
    attributes: Attributes
  ) => Effect.Effect<void, LocalFilesError>
  /** A new file that only its owner may use until it is given attributes. It is closed with the scope. */
  readonly createFile: (path: string) => Effect.Effect<Writer, LocalFilesError, Scope.Scope>
  /** Attributes of a directory. */
  readonly setAttributes: (path: string, attributes: Attributes) => Effect.Effect<void, LocalFilesError>
  /** An entry with all that is in it, whatever the permissions of directories below it; nothing if it is not there. */
  readonly remove: (path: string) => Effect.Effect<void, LocalFilesError>
  /** Within one file system. What is at `to` is replaced, if the system lets an entry of its type be. */
  readonly rename: (from: string, to: string) => Effect.Effect<void, LocalFilesError>
}>() {}
