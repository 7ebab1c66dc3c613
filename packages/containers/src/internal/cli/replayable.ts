import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"

/** A stream that was run again does not begin as it did before: it can be read only once. */
class Changed {}

/** @internal */
export const isChanged = (error: unknown): error is Changed => error instanceof Changed

interface Replayable<out E> {
  /** Fails as soon as it gives something else than it gave in earlier runs. */
  readonly stream: Stream.Stream<Uint8Array, E | Changed>
  /** Whether so little was read of it that a new run can be compared with the earlier ones to the end. */
  readonly isWorthwhile: () => boolean
}

/** What is read of a stream before anybody notices that it is read in vain: a pipe's buffer and a little more. */
const mostRead = 1024 * 1024

/**
 * A stream that can be handed over once more when who it was for did not want it.
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
      if (read <= mostRead) before = [...before, bytes.slice()]
      return Effect.succeed(bytes)
    }
    return Stream.concat(
      Stream.mapEffect(source, compare),
      Stream.execute(Effect.suspend(() => index < expected.length ? changed : Effect.void))
    )
  })
  return { stream, isWorthwhile: () => read <= mostRead }
}

const changed = Effect.fail(new Changed())

const isSame = (a: Uint8Array, b: Uint8Array) => a.length === b.length && a.every((byte, i) => byte === b[i])
