import { Chunk, Clock, Console, Effect } from "effect"

/** One side of a comparison. */
export interface Side<E, R> {
  readonly name: string
  readonly run: Effect.Effect<unknown, E, R>
  /** Preparation before each run, which is not measured. Default: none. */
  readonly prepare?: Effect.Effect<unknown>
}

export const median = (values: ReadonlyArray<number>): number => {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  return sorted.length % 2 === 1 ? sorted[middle] ?? NaN : ((sorted[middle - 1] ?? NaN) + (sorted[middle] ?? NaN)) / 2
}

const milliseconds = <E, R>({ prepare = Effect.void, run }: Side<E, R>) =>
  Effect.gen(function*() {
    yield* prepare
    const start = yield* Clock.currentTimeNanos
    yield* run
    const end = yield* Clock.currentTimeNanos
    return Number(end - start) / 1e6
  })

/**
 * Runs both sides alternately, so that both see the same load of the machine, and
 * prints the median of each and the median of the ratios of all rounds.
 */
export const compare = <E, R, E2, R2>(
  title: string,
  options: { readonly rounds: number; readonly expected: number },
  ours: Side<E, R>,
  theirs: Side<E2, R2>
) =>
  Effect.gen(function*() {
    yield* Effect.zip(milliseconds(ours), milliseconds(theirs)) // warms both up
    const rounds = Chunk.toReadonlyArray(
      yield* Effect.forEach(Chunk.range(1, options.rounds), (round) =>
        // Alternates the order, since the second side may benefit from warm caches.
        round % 2 === 0
          ? Effect.all({ ours: milliseconds(ours), theirs: milliseconds(theirs) })
          : Effect.map(
            Effect.all([milliseconds(theirs), milliseconds(ours)]),
            ([theirs, ours]) => ({ ours, theirs })
          )).pipe(Effect.map(Chunk.fromIterable))
    )
    const ratio = median(rounds.map(({ ours, theirs }) => ours / theirs))
    const line = (name: string, value: number) => `  ${name.padEnd(44)} ${value.toFixed(1).padStart(9)} ms`
    yield* Console.log(
      [
        `${title} (${options.rounds} rounds, medians)`,
        line(ours.name, median(rounds.map((round) => round.ours))),
        line(theirs.name, median(rounds.map((round) => round.theirs))),
        `  ${"ratio".padEnd(44)} ${ratio.toFixed(3).padStart(9)}    (expected: at most ${options.expected})`
      ].join("\n")
    )
  })
