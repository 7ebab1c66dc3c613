import type * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Stream from "effect/Stream"
import * as tarDecoder from "../tar/decoder.js"
import { compareUtf8 } from "../values/text.js"

export const compare = compareUtf8

/** Reports the paths of files and links of an archive while it passes. */
export const tap =
  (found: (path: string) => void) =>
  <E, R>(archive: Stream.Stream<Uint8Array, E, R>): Stream.Stream<Uint8Array, E, R> =>
    Stream.suspend(() => {
      const decoder = tarDecoder.make({ extendedHeaderSize: 1024 * 1024, openEnd: true })
      return Stream.mapChunksEffect(archive, (chunk: Chunk.Chunk<Uint8Array>) =>
        Effect.sync(() => {
          for (const bytes of chunk) {
            const events: Array<tarDecoder.Event> = []
            // Bytes that are not an archive have no files.
            if (Either.isLeft(decoder.push(bytes, events))) continue
            for (const event of events) {
              if (event._tag === "Entry" && event.header.type !== "Directory") found(event.header.path)
            }
          }
          return chunk
        }))
    })
