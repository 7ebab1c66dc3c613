import type { PlatformError } from "@effect/platform/Error"
import type * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"

const pieceSize = 1024 * 1024

/**
 * Streams a file through two buffers, each overwritten when the next one is requested. The next buffer is read while
 * the current one is processed. Avoids allocations, whose collection would cost more than the reads.
 */
export const stream = (fs: FileSystem.FileSystem, path: string): Stream.Stream<Uint8Array, PlatformError> =>
  Stream.unwrapScoped(Effect.gen(function*() {
    const scope = yield* Effect.scope
    const file = yield* fs.open(path, { flag: "r" })

    // The read runs in another thread, and the file must not be closed before it ends.
    const read = (buffer: Uint8Array) =>
      Effect.uninterruptible(Effect.map(file.read(buffer), (length) => buffer.subarray(0, Number(length)))).pipe(
        Effect.forkIn(scope)
      )

    let spare = new Uint8Array(pieceSize)
    let used = new Uint8Array(pieceSize)
    let reading = yield* read(spare)

    return Stream.repeatEffectOption(Effect.gen(function*() {
      const bytes = yield* Effect.mapError(Fiber.join(reading), Option.some)
      if (bytes.length === 0) return yield* Effect.fail(Option.none())
      const next = used
      used = spare
      spare = next
      reading = yield* read(next)
      return bytes
    }))
  }))
