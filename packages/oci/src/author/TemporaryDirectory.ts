/**
 * Temporary directories that are removed even if their process is killed.
 *
 * @since 0.1.0
 */
import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as internal from "../internal/files/temporaryDirectory.js"

/**
 * Options of a temporary directory.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** Prefix of the directory's name. */
  readonly prefix: string
  /** Parent directory. Default: the platform's directory for temporary files. */
  readonly directory?: string | undefined
}

/**
 * Makes a directory that only this user can read, and removes it when the Scope closes. If the process is killed, then
 * on Linux the next process of the same user that makes a directory with the same prefix in the same place removes it.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeScoped = (
  { directory, prefix }: Options
): Effect.Effect<string, PlatformError, FileSystem.FileSystem | Scope.Scope> =>
  Effect.flatMap(
    FileSystem.FileSystem,
    (fs) => internal.make(fs, { prefix, ...(directory === undefined ? {} : { directory }) })
  )
