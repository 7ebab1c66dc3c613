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
 * Makes a directory that only this user can read, where the platform keeps temporary files, and removes it when the
 * Scope closes. A process that is killed leaves its directories behind: those with the same prefix are removed by the
 * next process of the same user that calls this function, on Linux.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeScoped = (
  prefix: string
): Effect.Effect<string, PlatformError, FileSystem.FileSystem | Scope.Scope> =>
  Effect.flatMap(FileSystem.FileSystem, (fs) => internal.make(fs, { prefix }))
