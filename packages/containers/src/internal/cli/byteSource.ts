import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"

/**
 * Pull-based reader of a byte stream.
 */
export interface Source<out E> {
  /** Bytes up to the next line feed, which is dropped; `undefined` if there are more than `limit`. */
  readonly line: (limit: number) => Effect.Effect<Uint8Array | undefined, E>
  /** Exactly `count` bytes. */
  readonly exactly: (count: number) => Effect.Effect<Uint8Array, E>
  /** Bytes up to the end; `undefined` if there are more than `limit`. */
  readonly rest: (limit: number) => Effect.Effect<Uint8Array | undefined, E>
  /** Reports whether at least one byte was received. */
  readonly hasBegun: () => boolean
}

/**
 * Makes a source that fails with `onEnd` if the stream ends too early.
 */
export const make = Effect.fnUntraced(function*<E, E2>(
  stream: Stream.Stream<Uint8Array, E>,
  onEnd: Effect.Effect<never, E2>
): Effect.fn.Return<Source<E | E2>, never, Scope.Scope> {
  const pull = yield* Stream.toPull(stream)
  const buffer: Array<Uint8Array> = []
  let length = 0
  let begun = false

  /** Reads one chunk; false at the end of the stream. */
  const pullChunk: Effect.Effect<boolean, E> = Effect.matchEffect(pull, {
    onFailure: Option.match({ onNone: () => Effect.succeed(false), onSome: (error: E) => Effect.fail(error) }),
    onSuccess: (chunks) =>
      Effect.sync(() => {
        for (const chunk of chunks) {
          buffer.push(chunk)
          length += chunk.length
          begun ||= chunk.length > 0
        }
        return true
      })
  })

  const take = (count: number): Uint8Array => {
    const bytes = new Uint8Array(count)
    let offset = 0
    while (offset < count) {
      const first = buffer.shift()
      if (first === undefined) break
      const part = first.subarray(0, count - offset)
      bytes.set(part, offset)
      offset += part.length
      if (part.length < first.length) buffer.unshift(first.subarray(part.length))
    }
    length -= offset
    return bytes
  }

  const indexOf = (byte: number): number => {
    let before = 0
    for (const chunk of buffer) {
      const index = chunk.indexOf(byte)
      if (index >= 0) return before + index
      before += chunk.length
    }
    return -1
  }

  const lineFeed = 10
  const line: Source<E | E2>["line"] = (limit) =>
    Effect.suspend(() => {
      const index = indexOf(lineFeed)
      if (index >= 0 && index <= limit) {
        return Effect.sync(() => {
          const bytes = take(index)
          take(1)
          return bytes
        })
      }
      return index > limit || length > limit
        ? Effect.succeed(undefined)
        : Effect.flatMap(pullChunk, (hasMore) => hasMore ? line(limit) : onEnd)
    })

  const exactly: Source<E | E2>["exactly"] = (count) =>
    Effect.suspend(() =>
      length >= count
        ? Effect.succeed(take(count))
        : Effect.flatMap(pullChunk, (hasMore) => hasMore ? exactly(count) : onEnd)
    )

  const rest: Source<E | E2>["rest"] = (limit) =>
    Effect.suspend(() =>
      length > limit
        ? Effect.succeed(undefined)
        : Effect.flatMap(pullChunk, (hasMore) => hasMore ? rest(limit) : Effect.succeed(take(length)))
    )

  return {
    line,
    exactly,
    rest,
    hasBegun: () => begun
  }
})
