/** Entries of tar archives. `Tar` exports and documents these types. */
import type * as Stream from "effect/Stream"

/** Types of entries. `Link` is a hard link to an earlier file of the archive. */
export type EntryType = "File" | "Directory" | "Symlink" | "Link" | "CharacterDevice" | "BlockDevice" | "Fifo"

/** Header of an entry. */
export interface Header {
  /** Path as in the archive, without the trailing slash of a directory. Untrusted. */
  readonly path: string
  readonly type: EntryType
  /** Size of the content in bytes; 0 for all types but files. */
  readonly size: number
  /** Permissions with the set-user-id, set-group-id and sticky bits: at most `0o7777`. */
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly modified: Date
  /** Target of a link; empty for all other types. Untrusted. */
  readonly target: string
}

/** Entry of an archive. */
export interface Entry<out E = never, out R = never> extends Header {
  readonly content: Stream.Stream<Uint8Array, E, R>
}
