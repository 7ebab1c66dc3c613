import type { PlatformError } from "@effect/platform/Error"
import type * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type * as Scope from "effect/Scope"

/** Buffered writer of a file: writes one buffer while the next one fills. */
export interface WriteBehind {
  /** Buffers bytes, which may be overwritten afterwards. Fails if an earlier write failed. */
  readonly write: (bytes: Uint8Array) => Effect.Effect<void, PlatformError>
  /** Writes all buffered bytes to the file. */
  readonly flush: Effect.Effect<void, PlatformError>
  /** Writes all buffered bytes and syncs the file. */
  readonly sync: Effect.Effect<void, PlatformError>
}

const least = 64 * 1024
const most = 1024 * 1024

/** Number of bytes after which a sync starts in the background, so that little is left for the end. */
const synced = 32 * 1024 * 1024

/**
 * Gathers bytes into large buffers, of which one is written while the next one fills. Network chunks are small; passing
 * each to the writing thread would take longer than writing it.
 */
export const make = (file: FileSystem.File): Effect.Effect<WriteBehind, never, Scope.Scope> =>
  Effect.gen(function*() {
    const scope = yield* Effect.scope
    let filling = new Uint8Array(0)
    let spare = filling
    let filled = 0
    let unsynced = 0
    let writing: Fiber.Fiber<void, PlatformError> = Fiber.void
    let syncing: Fiber.Fiber<void, PlatformError> = Fiber.void

    // It runs in another thread, and the file must not be closed before it ends.
    const start = (operation: Effect.Effect<void, PlatformError>) =>
      Effect.forkIn(Effect.uninterruptible(operation), scope)

    const swap = Effect.gen(function*() {
      yield* Fiber.join(writing)
      if (unsynced >= synced) {
        yield* Fiber.join(syncing)
        syncing = yield* start(file.sync)
        unsynced = 0
      }
      if (filled > 0) writing = yield* start(file.writeAll(filling.subarray(0, filled)))
      unsynced += filled
      const size = Math.min(Math.max(filling.length * 2, least), most)
      const next = spare.length === size ? spare : new Uint8Array(size)
      spare = filling
      filling = next
      filled = 0
    })

    const write = (bytes: Uint8Array): Effect.Effect<void, PlatformError> =>
      Effect.suspend(() => {
        const fitting = bytes.subarray(0, filling.length - filled)
        filling.set(fitting, filled)
        filled += fitting.length
        return fitting.length === bytes.length
          ? Effect.void
          : Effect.zipRight(swap, write(bytes.subarray(fitting.length)))
      })

    const flush = Effect.zipRight(swap, Effect.suspend(() => Fiber.join(writing)))
    const sync = Effect.zipRight(Effect.zipRight(flush, Effect.suspend(() => Fiber.join(syncing))), file.sync)
    return { write, flush, sync }
  })
