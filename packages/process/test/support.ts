import { Command } from "@effect/platform"
import { type Duration, Effect, Option, Schedule, Stream, Tracer } from "effect"
import * as fs from "node:fs"

export const mebibyte = 1024 * 1024

export const sh = (script: string, ...args: ReadonlyArray<string>) => Command.make("sh", "-c", script, "sh", ...args)

/** Ignores SIGTERM, and says when it does. */
export const stubborn = sh("trap '' TERM; echo ready; while :; do sleep 0.02; done")

/** Checks if a process is running, and not a zombie. */
export const isAlive = (pid: number): boolean => {
  const stat = readIfThere(`/proc/${pid}/stat`)
  return stat !== undefined && !/\) [ZX] /.test(stat)
}

export const pidsWith = (marker: string): ReadonlyArray<number> =>
  fs.readdirSync("/proc")
    .map(Number)
    .filter((pid) => pid > 0 && pid !== process.pid && isAlive(pid))
    .filter((pid) => readIfThere(`/proc/${pid}/cmdline`)?.includes(marker))

export const openFiles = (): number => fs.readdirSync("/proc/self/fd").length

const readIfThere = (path: string): string | undefined => {
  try {
    return fs.readFileSync(path, "utf8")
  } catch {
    return undefined
  }
}

/** Waits until something has come true, and fails if it does not. */
export const eventually = (condition: () => boolean): Effect.Effect<void> =>
  Effect.sync(condition).pipe(
    Effect.repeat({ until: (isTrue) => isTrue, schedule: Schedule.spaced("5 millis") }),
    Effect.timeoutFail({ duration: "10 seconds", onTimeout: () => new Error(`never: ${condition}`) }),
    Effect.orDie,
    Effect.asVoid
  )

/** The result, or nothing if the effect does not end in time. */
export const within = (duration: Duration.DurationInput) => <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  effect.pipe(Effect.disconnect, Effect.timeoutOption(duration))

export const hangs = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<boolean, never, R> =>
  Effect.exit(effect).pipe(within("400 millis"), Effect.map(Option.isNone))

export const firstLine = <E, R>(stdout: Stream.Stream<Uint8Array, E, R>): Effect.Effect<string, E, R> =>
  stdout.pipe(
    Stream.decodeText(),
    Stream.splitLines,
    Stream.runHead,
    Effect.map(Option.getOrElse(() => ""))
  )

/** Pieces of 64 KiB that are all different. */
export const pieces = (count: number, onPull: () => void = () => {}) =>
  Stream.range(0, count - 1, 1).pipe(
    Stream.map((index) => {
      onPull()
      const bytes = new Uint8Array(65_536).fill(index % 251)
      new DataView(bytes.buffer).setUint32(0, index)
      return bytes
    })
  )

export const recordingTracer = () => {
  const spans: Array<Tracer.Span> = []
  const tracer = Tracer.make({
    span: (name, parent, context, links, startTime, kind) => {
      const attributes = new Map<string, unknown>()
      let status: Tracer.SpanStatus = { _tag: "Started", startTime }
      const span: Tracer.Span = {
        _tag: "Span",
        name,
        spanId: `${spans.length}`,
        traceId: "test",
        parent,
        context,
        links,
        kind,
        sampled: true,
        attributes,
        get status() {
          return status
        },
        end: (endTime, exit) => {
          status = { _tag: "Ended", startTime, endTime, exit }
        },
        attribute: (key, value) => {
          attributes.set(key, value)
        },
        event: () => {},
        addLinks: () => {}
      }
      spans.push(span)
      return span
    },
    context: (f) => f()
  })
  return { spans, tracer }
}
