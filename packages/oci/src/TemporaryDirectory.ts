/**
 * Temporary directories that do not outlast the process that made them.
 *
 * @since 0.1.0
 */
import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as internal from "./internal/temporaryDirectory.js"

/**
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** The beginning of its name. */
  readonly prefix: string
  /** The directory that it is made in. Default: where the platform keeps temporary files. */
  readonly directory?: string | undefined
}

/**
 * Makes a directory that only this user can read, and removes it when the Scope closes. A process that is killed leaves its directories behind: those with the same prefix are removed by the
 * next process of the same user that makes one in the same place, on Linux.
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
