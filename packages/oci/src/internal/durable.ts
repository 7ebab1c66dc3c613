import type { PlatformError } from "@effect/platform/Error"
import type * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"

/** Writes a new file whose bytes are on the disk when this is done. */
export const write = <E, R>(
  fs: FileSystem.FileSystem,
  path: string,
  content: Stream.Stream<Uint8Array, E, R>
): Effect.Effect<void, E | PlatformError, R> =>
  Effect.scoped(Effect.gen(function*() {
    const file = yield* fs.open(path, { flag: "wx", mode: 0o644 })
    yield* Stream.runForEach(content, (bytes) => bytes.length === 0 ? Effect.void : file.writeAll(bytes))
    yield* file.sync
  }))

/**
 * Lets what was renamed in a directory outlive a loss of power. Not every platform can open a directory; there it is
 * the file system that decides when.
 */
export const syncDirectory = (fs: FileSystem.FileSystem, path: string): Effect.Effect<void> =>
  Effect.ignore(Effect.scoped(Effect.flatMap(fs.open(path, { flag: "r" }), (directory) => directory.sync)))
