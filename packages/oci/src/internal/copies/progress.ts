/** Formats the progress of a copy as lines of text. */
import * as Stream from "effect/Stream"
import { formatBytes } from "../values/text.js"
import type { Event } from "./model.js"

interface Progress {
  readonly total: number
  /** Bytes received or skipped, by digest of each blob to copy. */
  readonly done: ReadonlyMap<string, number>
  /** Last printed tenth. */
  readonly tenth: number
}

const nothing: Progress = { total: 0, done: new Map(), tenth: 0 }

/** @internal */
export const lines = <E, R>(events: Stream.Stream<Event, E, R>): Stream.Stream<string, E, R> =>
  Stream.mapConcat(Stream.mapAccum(events, nothing, next), (lines) => lines)

const next = (self: Progress, event: Event): readonly [Progress, ReadonlyArray<string>] => {
  switch (event._tag) {
    case "Planned": {
      const steps = event.plan.groups.flat()
      const copied = steps.filter(({ action }) => action === "Copy")
      return [
        { ...nothing, total: event.plan.bytes, done: new Map(copied.map(({ descriptor }) => [descriptor.digest, 0])) },
        [`${copied.length} of ${steps.length} blobs to copy, ${formatBytes(event.plan.bytes)}`]
      ]
    }
    case "Started":
      return [self, []]
    case "Advanced":
      return advance(self, event.descriptor.digest, event.bytes)
    case "Copied":
    case "Skipped":
      return advance(self, event.descriptor.digest, event.descriptor.size)
    case "Tagged":
      return [self, [`${event.name}: ${event.descriptor.digest}`]]
  }
}

const advance = (self: Progress, digest: string, bytes: number): readonly [Progress, ReadonlyArray<string>] => {
  if (!self.done.has(digest) || self.total === 0) return [self, []]
  const done = new Map(self.done).set(digest, bytes)
  const sum = [...done.values()].reduce((sum, bytes) => sum + bytes, 0)
  const tenth = Math.min(10, Math.floor(10 * sum / self.total))
  const line = `${String(tenth * 10).padStart(3)} %  ${formatBytes(sum)} of ${formatBytes(self.total)}`
  return [{ ...self, done, tenth: Math.max(tenth, self.tenth) }, tenth > self.tenth ? [line] : []]
}
