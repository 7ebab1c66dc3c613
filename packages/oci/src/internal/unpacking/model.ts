/** Options and result of unpacking. `Unpack` exports and documents these types. */
import type { Limits } from "../layers/limits.js"

/** Options of unpacking. */
export interface Options {
  /** Limits on untrusted layers. Default: `ImageLayer.defaultLimits`. */
  readonly limits?: Partial<Limits> | undefined
  /**
   * Handling of set-user-id and set-group-id bits, with which a file runs as its owner. `strip` removes them. Images of
   * whole systems contain such files. Default: `refuse`.
   */
  readonly setUserId?: "refuse" | "strip" | "keep" | undefined
  /** Handling of devices and pipes, which are never created. Default: `refuse`. */
  readonly devices?: "refuse" | "skip" | undefined
  /** Owner of the files: `mine` is the current user, `kept` (root only) are the ids of the layers. Default: `mine`. */
  readonly owners?: "mine" | "kept" | undefined
  /** If true, replaces the destination once everything is unpacked. Default: false. */
  readonly overwrite?: boolean | undefined
}

/** Result of unpacking. */
export interface Result {
  /** Number of entries. */
  readonly entries: number
  /** Total size of all decompressed archives in bytes. */
  readonly size: number
  /** Paths of skipped devices and pipes. */
  readonly skipped: ReadonlyArray<string>
}
