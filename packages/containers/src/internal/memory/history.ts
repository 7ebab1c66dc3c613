import * as Chunk from "effect/Chunk"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as SubscriptionRef from "effect/SubscriptionRef"
import type { LogOptions } from "../../Backend.js"
import type { Output, ProcessEvent } from "../../Output.js"

/**
 * All that a process, or each process of a container in its turn, wrote, and
 * how it ended. It outlives the container for those who follow it.
 *
 * @internal
 */
export type History = SubscriptionRef.SubscriptionRef<Chunk.Chunk<Entry>>

interface Entry {
  readonly event: ProcessEvent
  /** Milliseconds of the clock. */
  readonly time: number
}

/** @internal */
export const make: Effect.Effect<History> = SubscriptionRef.make(Chunk.empty<Entry>())

/** @internal */
export const record = (history: History, event: ProcessEvent): Effect.Effect<void> =>
  Effect.flatMap(
    Clock.currentTimeMillis,
    (time) => SubscriptionRef.update(history, Chunk.append<Entry>({ event, time }))
  )

/** @internal */
export const length = (history: History): Effect.Effect<number> => Effect.map(history.get, Chunk.size)

/**
 * What happens from a position on, until a process ends.
 *
 * @internal
 */
export const follow = (history: History, from: number): Stream.Stream<ProcessEvent> =>
  history.changes.pipe(
    Stream.mapAccum(from, (seen, entries) => [Chunk.size(entries), Chunk.drop(entries, seen)]),
    Stream.flattenChunks,
    Stream.map(({ event }) => event),
    Stream.takeUntil(({ source }) => source === "exit")
  )

/** @internal */
export const outputs = (events: Stream.Stream<ProcessEvent>): Stream.Stream<Output> =>
  Stream.filterMap(events, (event) => event.source === "exit" ? Option.none() : Option.some(event))

/**
 * The output as an engine's log gives it. It can be followed while the process
 * runs that began at `runningSince`.
 *
 * @internal
 */
export const logs = (
  history: History,
  { follow: wanted = false, since, tail = Infinity }: LogOptions,
  runningSince: Option.Option<number>
): Stream.Stream<Output> =>
  Stream.unwrap(Effect.gen(function*() {
    const entries = yield* history.get
    const first = yield* firstTime(since)
    const written = Chunk.toReadonlyArray(entries).filter(({ time }) => time >= first)
    const lines = Stream.fromIterable(lastLines(written, tail))
    const runs = Option.exists(
      runningSince,
      (from) => !Chunk.some(Chunk.drop(entries, from), ({ event }) => event.source === "exit")
    )
    return wanted && runs ? Stream.concat(lines, outputs(follow(history, Chunk.size(entries)))) : lines
  }))

const firstTime = (since: LogOptions["since"]) =>
  since === undefined
    ? Effect.succeed(-Infinity)
    : since instanceof Date
    ? Effect.succeed(since.getTime())
    : Effect.map(Clock.currentTimeMillis, (now) => now - Duration.toMillis(since))

const lineFeed = 10

const lastLines = (entries: ReadonlyArray<Entry>, count: number): ReadonlyArray<Output> => {
  const pieces = entries.flatMap(({ event }) => event.source === "exit" ? [] : splitAfterLineFeeds(event))
  if (count === Infinity) return pieces
  const unfinished = { stdout: false, stderr: false }
  const begins: Array<number> = []
  for (const [index, { bytes, source }] of pieces.entries()) {
    if (!unfinished[source]) begins.push(index)
    unfinished[source] = bytes.at(-1) !== lineFeed
  }
  return pieces.slice(count <= 0 ? pieces.length : begins.at(-count) ?? 0)
}

const splitAfterLineFeeds = ({ bytes, source }: Output): ReadonlyArray<Output> => {
  const pieces: Array<Output> = []
  let from = 0
  while (from < bytes.length) {
    const lineEnd = bytes.indexOf(lineFeed, from)
    const to = lineEnd === -1 ? bytes.length : lineEnd + 1
    pieces.push({ source, bytes: bytes.subarray(from, to) })
    from = to
  }
  return pieces
}
