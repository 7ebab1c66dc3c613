import type * as Command from "@effect/platform/Command"
import type * as CommandExecutor from "@effect/platform/CommandExecutor"
import type * as PlatformError from "@effect/platform/Error"
import type * as Cause from "effect/Cause"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import * as Stream from "effect/Stream"
import { encode } from "./text.js"

/** @internal */
export type Input<E, R> = "inherit" | Stream.Stream<Uint8Array, E, R>

/**
 * Returns the input: that of the options, else that of the command, else an empty one.
 *
 * @internal
 */
export const make = <E, R, E2>(
  stdin: string | Uint8Array | Stream.Stream<Uint8Array, E, R> | undefined,
  command: Command.StandardCommand,
  onError: (error: PlatformError.PlatformError) => Effect.Effect<never, E2>
): Input<E | E2, R> => {
  if (stdin !== undefined) {
    if (Predicate.isString(stdin)) return Stream.make(encode(stdin))
    return Predicate.isUint8Array(stdin) ? Stream.make(stdin) : stdin
  }
  switch (command.stdin) {
    case "inherit":
      return "inherit"
    case "pipe":
      return Stream.empty
    default:
      return Stream.catchAll(command.stdin, (error) => Stream.fromEffect(onError(error)))
  }
}

/**
 * Writes the input and closes stdin. A process that stops reading is not an
 * error; its exit code is decisive. If the input fails, `onFailure` runs while
 * stdin is still open, so that the process does not take a part for the whole.
 *
 * @internal
 */
export const feed = <E, R>(
  input: Stream.Stream<Uint8Array, E, R>,
  stdin: CommandExecutor.Process["stdin"],
  onFailure: (cause: Cause.Cause<E>) => Effect.Effect<unknown>
): Effect.Effect<void, never, R> =>
  input.pipe(
    withBackPressure,
    Stream.catchAllCause((cause) => Stream.execute(onFailure(cause))),
    Stream.run(stdin),
    Effect.ignore
  )

/**
 * Appends an empty element to each chunk: the platform's sink waits for the
 * pipe to drain only between the elements of a chunk, and most chunks have one
 * element.
 */
const withBackPressure = <E, R>(input: Stream.Stream<Uint8Array, E, R>) =>
  Stream.mapChunks(input, Chunk.append(new Uint8Array(0)))
