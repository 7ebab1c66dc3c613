import * as Chunk from "effect/Chunk"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import * as Stream from "effect/Stream"
import type { LogOptions } from "../../BackendDriver.js"
import type { Output, ProcessEvent } from "../../Output.js"

/**
 * Outputs and exits of a process, or of all runs of a container in order. It
 * outlives the container for its readers.
 *
 * @internal
 */
export type History = Ref.Ref<Written>

interface Written {
  readonly entries: Chunk.Chunk<Entry>
  /** Done when an entry is added. */
  readonly grown: Deferred.Deferred<void>
}

interface Entry {
  readonly event: ProcessEvent
  /** Milliseconds since the epoch. */
  readonly time: number
}

/** @internal */
export const make: Effect.Effect<History> = Effect.flatMap(
  Deferred.make<void>(),
  (grown) => Ref.make<Written>({ entries: Chunk.empty(), grown })
)

/** @internal */
export const record = (history: History, event: ProcessEvent): Effect.Effect<void> =>
  Effect.uninterruptible(Effect.gen(function*() {
    const time = yield* Clock.currentTimeMillis
    const next = yield* Deferred.make<void>()
    const grown = yield* Ref.modify(history, ({ entries, grown }) => [
      grown,
      { entries: Chunk.append(entries, { event, time }), grown: next }
    ])
    yield* Deferred.succeed(grown, undefined)
  }))

/** @internal */
export const length = (history: History): Effect.Effect<number> =>
  Effect.map(history.get, ({ entries }) => Chunk.size(entries))

/**
 * Events from a position on, until a process ends.
 *
 * @internal
 */
export const follow = (history: History, from: number): Stream.Stream<ProcessEvent> =>
  Stream.unfoldChunkEffect(from, (from) => Effect.asSome(entriesFrom(history, from))).pipe(
    Stream.map(({ event }) => event),
    Stream.takeUntil(({ source }) => source === "exit")
  )

const entriesFrom = (
  history: History,
  from: number
): Effect.Effect<readonly [Chunk.Chunk<Entry>, number]> =>
  Effect.flatMap(history.get, ({ entries, grown }) =>
    Chunk.size(entries) > from
      ? Effect.succeed([Chunk.drop(entries, from), Chunk.size(entries)])
      : Effect.zipRight(Deferred.await(grown), entriesFrom(history, from)))

/** @internal */
export const outputs = (events: Stream.Stream<ProcessEvent>): Stream.Stream<Output> =>
  Stream.filterMap(events, (event) => event.source === "exit" ? Option.none() : Option.some(event))

/**
 * Log of a container, in the order of an engine. It can be followed while the
 * process that began at the position `runningSince` runs.
 *
 * @internal
 */
export const logs = (
  history: History,
  { follow: isFollowed = false, since, tail = Infinity }: LogOptions,
  runningSince: Option.Option<number>
): Stream.Stream<Output> =>
  Stream.unwrap(Effect.gen(function*() {
    const { entries } = yield* history.get
    const first = yield* firstTime(since)
    const written = Chunk.toReadonlyArray(entries).filter(({ time }) => time >= first)
    const lines = Stream.fromIterable(lastLines(written, tail))
    const runs = Option.exists(
      runningSince,
      (from) => !Chunk.some(Chunk.drop(entries, from), ({ event }) => event.source === "exit")
    )
    return isFollowed && runs ? Stream.concat(lines, outputs(follow(history, Chunk.size(entries)))) : lines
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
