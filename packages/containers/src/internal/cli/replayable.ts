import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"

/** Error of a second run of a stream that differs from the first. */
class Changed {}

/** @internal */
export const isChanged = (error: unknown): error is Changed => error instanceof Changed

interface Replayable<out E> {
  /** Fails at the first difference from earlier runs. */
  readonly stream: Stream.Stream<Uint8Array, E | Changed>
  /** Reports whether all bytes read so far are kept for comparison. */
  readonly canReplay: () => boolean
}

/** Bytes that are read before an early failure of the reader is noticed: a pipe's buffer and a little more. */
const maxKept = 1024 * 1024

/**
 * Makes a stream that can be run again if its reader failed early. A source
 * that gives other bytes in the second run, because it can be read only once,
 * fails with an error that {@link isChanged} recognizes.
 *
 * @internal
 */
export const replayable = <E>(source: Stream.Stream<Uint8Array, E>): Replayable<E> => {
  let before: ReadonlyArray<Uint8Array> = []
  let read = 0
  const stream = Stream.suspend(() => {
    const expected = before
    let index = 0
    const compare = (bytes: Uint8Array): Effect.Effect<Uint8Array, Changed> => {
      const earlier = expected[index++]
      if (earlier !== undefined) return isSame(earlier, bytes) ? Effect.succeed(bytes) : changed
      read += bytes.length
      if (read <= maxKept) before = [...before, bytes.slice()]
      return Effect.succeed(bytes)
    }
    return Stream.concat(
      Stream.mapEffect(source, compare),
      Stream.execute(Effect.suspend(() => index < expected.length ? changed : Effect.void))
    )
  })
  return { stream, canReplay: () => read <= maxKept }
}

const changed = Effect.fail(new Changed())

const isSame = (a: Uint8Array, b: Uint8Array) => a.length === b.length && a.every((byte, i) => byte === b[i])
