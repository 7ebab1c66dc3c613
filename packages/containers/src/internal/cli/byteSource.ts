import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"

/**
 * Bytes of a stream, read in portions.
 */
export interface Source<out E> {
  /** Bytes up to the next line feed, which is dropped; `undefined` if there are more than `limit`. */
  readonly line: (limit: number) => Effect.Effect<Uint8Array | undefined, E>
  readonly exactly: (count: number) => Effect.Effect<Uint8Array, E>
  /** Bytes up to the end; `undefined` if there are more than `limit`. */
  readonly rest: (limit: number) => Effect.Effect<Uint8Array | undefined, E>
  /** Reports whether a byte has come yet. */
  readonly hasBegun: () => boolean
}

/**
 * Makes a source that fails with `onEnd` where bytes are missing.
 */
export const make = Effect.fnUntraced(function*<E, E2>(
  stream: Stream.Stream<Uint8Array, E>,
  onEnd: Effect.Effect<never, E2>
): Effect.fn.Return<Source<E | E2>, never, Scope.Scope> {
  const pull = yield* Stream.toPull(stream)
  const buffer: Array<Uint8Array> = []
  let length = 0
  let begun = false

  const more: Effect.Effect<boolean, E> = Effect.matchEffect(pull, {
    onFailure: Option.match({ onNone: () => Effect.succeed(false), onSome: (error: E) => Effect.fail(error) }),
    onSuccess: (pieces) =>
      Effect.sync(() => {
        for (const piece of pieces) {
          buffer.push(piece)
          length += piece.length
          begun ||= piece.length > 0
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
    for (const piece of buffer) {
      const index = piece.indexOf(byte)
      if (index >= 0) return before + index
      before += piece.length
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
        : Effect.flatMap(more, (isMore) => isMore ? line(limit) : onEnd)
    })

  const exactly: Source<E | E2>["exactly"] = (count) =>
    Effect.suspend(() =>
      length >= count
        ? Effect.succeed(take(count))
        : Effect.flatMap(more, (isMore) => isMore ? exactly(count) : onEnd)
    )

  const rest: Source<E | E2>["rest"] = (limit) =>
    Effect.suspend(() =>
      length > limit
        ? Effect.succeed(undefined)
        : Effect.flatMap(more, (isMore) => isMore ? rest(limit) : Effect.succeed(take(length)))
    )

  return {
    line,
    exactly,
    rest,
    hasBegun: () => begun
  }
})
