import type { PlatformError } from "@effect/platform/Error"
import type * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { LayoutError } from "../ContentError.js"

/** Bytes for which there is room at least: most files have fewer. */
const least = 4096

const damaged = (path: string, rule: string) => new LayoutError({ path, reason: "Damaged", rule })

/** Fails with this error if a path is a symbolic link. */
export const symlink = (path: string): LayoutError =>
  new LayoutError({ path, reason: "Symlink", rule: "is a symbolic link, which is not followed" })

/**
 * The size of a file that others may have put there. Fails if it is no regular file: opening a pipe would wait for its
 * writer, in a thread that cannot be interrupted.
 */
export const size = (fs: FileSystem.FileSystem, path: string): Effect.Effect<number, LayoutError | PlatformError> =>
  Effect.gen(function*() {
    // There is no lstat: what has a target is a link.
    if (yield* Effect.isSuccess(fs.readLink(path))) return yield* symlink(path)
    const info = yield* fs.stat(path)
    return info.type === "File" ? Number(info.size) : yield* damaged(path, "is no regular file")
  })

/** The bytes of a file that others may have put there, of which there may be at most `limit`. */
export const read = (
  fs: FileSystem.FileSystem,
  path: string,
  limit: number
): Effect.Effect<Uint8Array, LayoutError | PlatformError> =>
  Effect.gen(function*() {
    const tooLarge = (size: number) => damaged(path, `has ${size} bytes, and at most ${limit} are read`)
    const expected = yield* size(fs, path)
    if (expected > limit) return yield* tooLarge(expected)
    // It can have grown since.
    const room = Math.min(limit, Math.max(expected, least)) + 1
    const bytes = yield* Effect.scoped(
      Effect.flatMap(fs.open(path, { flag: "r" }), (file) => Effect.uninterruptible(file.readAlloc(room)))
    ).pipe(Effect.map(Option.getOrElse(() => new Uint8Array(0))))
    return bytes.length > limit ? yield* tooLarge(bytes.length) : bytes
  })
