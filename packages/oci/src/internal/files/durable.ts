import type { PlatformError } from "@effect/platform/Error"
import type * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Sink from "effect/Sink"
import * as Stream from "effect/Stream"
import { type ContentError, LayoutError, SizeMismatch } from "../../ContentError.js"
import type * as Digest from "../../Digest.js"
import * as writeBehind from "./writeBehind.js"

const writeWith = (flag: "a" | "wx") =>
<E, R>(
  fs: FileSystem.FileSystem,
  path: string,
  content: Stream.Stream<Uint8Array, E, R>,
  mode = 0o644
): Effect.Effect<void, E | PlatformError, R> =>
  Effect.scoped(Effect.gen(function*() {
    const file = yield* fs.open(path, { flag, mode })
    const { flush, sync, write } = yield* writeBehind.make(file)
    // Bytes received before a failure are kept for a later append.
    yield* Effect.onError(
      Stream.runForEachChunk(content, (pieces) => Effect.forEach(pieces, write, { discard: true })),
      () => Effect.ignore(flush)
    )
    yield* sync
  }))

/** Writes a new file and syncs it. */
export const writeBytes = (
  fs: FileSystem.FileSystem,
  path: string,
  bytes: Uint8Array
): Effect.Effect<void, PlatformError> =>
  Effect.scoped(
    Effect.flatMap(
      fs.open(path, { flag: "wx", mode: 0o644 }),
      // The write runs in another thread, and the file must not be closed before it ends.
      (file) => Effect.uninterruptible(Effect.zipRight(file.writeAll(bytes), file.sync))
    )
  )

/**
 * Overwrites a file in place with shorter content, which needs no space on most file systems. It is a single write,
 * padded with spaces that are truncated afterwards, so a killed process leaves either the old or the new content.
 */
export const shorten = (
  fs: FileSystem.FileSystem,
  path: string,
  content: Uint8Array,
  length: number
): Effect.Effect<void, PlatformError> =>
  Effect.scoped(
    Effect.flatMap(fs.open(path, { flag: "r+" }), (file) => {
      const padded = new Uint8Array(length).fill(0x20)
      padded.set(content)
      return Effect.uninterruptible(
        file.writeAll(padded).pipe(Effect.zipRight(file.truncate(content.length)), Effect.zipRight(file.sync))
      )
    })
  )

const write = writeWith("wx")

/** Writes a stream to a new file and syncs it. Errors of the stream pass unchanged; errors of the file are mapped. */
export const writeStream = <E, E2>(
  fs: FileSystem.FileSystem,
  path: string,
  content: Stream.Stream<Uint8Array, E>,
  onFileError: (error: PlatformError) => E2,
  mode?: number
): Effect.Effect<void, E | E2> =>
  Effect.mapError(
    write(fs, path, Stream.mapError(content, (error) => ({ error })), mode),
    (failure) => "error" in failure ? failure.error : onFileError(failure)
  )

/** Appends a stream to a file, created if missing, and syncs it. */
export const append = writeWith("a")

/** Writes what is run into the sink to a new file and syncs it. */
export const receive = <A, E, R>(
  fs: FileSystem.FileSystem,
  path: string,
  produce: (
    sink: Sink.Sink<void, Uint8Array, never, ContentError>
  ) => Effect.Effect<readonly [digest: Digest.Digest, size: number, result: A], E, R>
): Effect.Effect<readonly [digest: Digest.Digest, size: number, result: A], E | ContentError, R> =>
  Effect.scoped(Effect.gen(function*() {
    const failed = Effect.mapError((cause: PlatformError) =>
      new LayoutError({ path, reason: "Unwritable", rule: "cannot be written", cause })
    )
    const file = yield* failed(fs.open(path, { flag: "wx", mode: 0o644 }))
    const { sync, write } = yield* writeBehind.make(file)
    let written = 0
    const sink = Sink.forEach((bytes: Uint8Array) => {
      written += bytes.length
      return failed(write(bytes))
    })
    const produced = yield* produce(sink)
    const [digest, size] = produced
    if (written !== size) return yield* new SizeMismatch({ digest, expected: size, actual: written })
    yield* failed(sync)
    return produced
  }))

/**
 * Syncs a directory, so that renames in it survive a power failure. Not every platform can open a directory; there, the
 * file system decides.
 */
export const syncDirectory = (fs: FileSystem.FileSystem, path: string): Effect.Effect<void> =>
  Effect.ignore(Effect.scoped(Effect.flatMap(fs.open(path, { flag: "r" }), (directory) => directory.sync)))
