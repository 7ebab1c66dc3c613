/**
 * Files of this machine, read and changed without following links. Unpacking untrusted layers needs operations that
 * `FileSystem` of @effect/platform does not have.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import type * as FileTree from "./author/FileTree.js"

/**
 * A file operation failed. `code` is the system's error code, such as `ENOSPC`, if known.
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
  AlreadyExists: "it exists already",
  NotFound: "it does not exist",
  NameTooLong: "a name or the whole path is too long",
  NoSpace: "no space is left",
  PermissionDenied: "permission denied",
  Other: "the system call failed"
} as const

/**
 * Status of an entry. Links are not followed.
 *
 * @since 0.1.0
 * @category models
 */
export interface Status {
  readonly type: FileTree.EntryType
  /** Permissions: at most `0o7777`. */
  readonly mode: number
  /** User id of the owner; 0 on systems without user ids. */
  readonly uid: number
}

/**
 * Attributes of a new file or directory.
 *
 * @since 0.1.0
 * @category models
 */
export interface Attributes {
  /** Permissions: at most `0o7777`. The umask of the process is not applied. */
  readonly mode: number
  readonly modified: Date
  /** Owner. Only root can set another owner than itself. Default: the user of the process. */
  readonly owner?: { readonly uid: number; readonly gid: number } | undefined
}

/**
 * Handle of a new file, written by one fiber from the beginning.
 *
 * @since 0.1.0
 * @category models
 */
export interface Writer {
  readonly write: (bytes: Uint8Array) => Effect.Effect<void, LocalFilesError>
  readonly setAttributes: (attributes: Attributes) => Effect.Effect<void, LocalFilesError>
}

/**
 * Service of file operations that do not follow a link at the end of a path. The system follows links on the way, so
 * check the status of every parent of an untrusted path.
 *
 * @since 0.1.0
 * @category tags
 */
export class LocalFiles extends Context.Tag("@ociman/oci/LocalFiles")<LocalFiles, {
  /** Reads directory trees. */
  readonly reader: FileTree.Reader
  readonly status: (path: string) => Effect.Effect<Option.Option<Status>, LocalFilesError>
  /** Lists the names in a directory, in any order. */
  readonly list: (path: string) => Effect.Effect<ReadonlyArray<string>, LocalFilesError>
  readonly readLink: (path: string) => Effect.Effect<string, LocalFilesError>
  /** Reads a small trusted text file, such as one in `/proc`. */
  readonly readText: (path: string) => Effect.Effect<string, LocalFilesError>
  /** Makes a directory that only its owner may use. */
  readonly makeDirectory: (path: string) => Effect.Effect<void, LocalFilesError>
  readonly makeSymlink: (
    path: string,
    target: string,
    attributes: Omit<Attributes, "mode">
  ) => Effect.Effect<void, LocalFilesError>
  /** Makes a hard link to the file at `existing`. */
  readonly makeLink: (path: string, existing: string) => Effect.Effect<void, LocalFilesError>
  /** Makes a file with the given content. */
  readonly writeFile: (
    path: string,
    content: Uint8Array,
    attributes: Attributes
  ) => Effect.Effect<void, LocalFilesError>
  /** Makes a file that only its owner may use until attributes are set. It is closed with the scope. */
  readonly createFile: (path: string) => Effect.Effect<Writer, LocalFilesError, Scope.Scope>
  /** Sets the attributes of a directory. */
  readonly setAttributes: (path: string, attributes: Attributes) => Effect.Effect<void, LocalFilesError>
  /**
   * Removes an entry recursively, regardless of permissions of directories below it. A missing entry is not an error.
   */
  readonly remove: (path: string) => Effect.Effect<void, LocalFilesError>
  /** Renames within one file system. An entry at `to` is replaced if the system allows it. */
  readonly rename: (from: string, to: string) => Effect.Effect<void, LocalFilesError>
}>() {}
