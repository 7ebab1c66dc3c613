import type { PlatformError } from "@effect/platform/Error"
import type * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { LayoutError } from "../../ContentError.js"
import { damaged } from "../layouts/errors.js"

/** Minimum buffer size: most files are smaller. */
const least = 4096

/** Makes the error of a path that is a symbolic link. */
export const symlink = (path: string): LayoutError =>
  new LayoutError({ path, reason: "Symlink", rule: "is a symbolic link, which is not followed" })

/**
 * Size of an untrusted file. Fails unless it is a regular file: opening a pipe would block in a thread that cannot be
 * interrupted.
 */
export const size = (fs: FileSystem.FileSystem, path: string): Effect.Effect<number, LayoutError | PlatformError> =>
  Effect.gen(function*() {
    // `FileSystem` has no lstat: a path with a link target is a link.
    if (yield* Effect.isSuccess(fs.readLink(path))) return yield* symlink(path)
    const info = yield* fs.stat(path)
    return info.type === "File" ? Number(info.size) : yield* damaged(path, "is not a regular file")
  })

/** Reads an untrusted file of at most `limit` bytes. */
export const read = (
  fs: FileSystem.FileSystem,
  path: string,
  limit: number
): Effect.Effect<Uint8Array, LayoutError | PlatformError> =>
  Effect.gen(function*() {
    const tooLarge = (size: number) => damaged(path, `has ${size} bytes, and at most ${limit} are read`)
    const expected = yield* size(fs, path)
    if (expected > limit) return yield* tooLarge(expected)
    // The file may have grown since.
    const room = Math.min(limit, Math.max(expected, least)) + 1
    const bytes = yield* Effect.scoped(
      Effect.flatMap(fs.open(path, { flag: "r" }), (file) => Effect.uninterruptible(file.readAlloc(room)))
    ).pipe(Effect.map(Option.getOrElse(() => new Uint8Array(0))))
    return bytes.length > limit ? yield* tooLarge(bytes.length) : bytes
  })
