import * as Effect from "effect/Effect"
import { pipeArguments } from "effect/Pipeable"
import * as Sink from "effect/Sink"
import * as Stream from "effect/Stream"
import * as Compression from "../Compression.js"
import type { Description, Layer } from "../Layer.js"
import * as MediaType from "../MediaType.js"
import { makeMeter, type Measured } from "./digestMeter.js"

export const mediaTypes: Record<MediaType.Compression, MediaType.MediaType> = {
  none: MediaType.ImageLayer,
  gzip: MediaType.ImageLayerGzip,
  zstd: MediaType.ImageLayerZstd
}

export const make = <E, R>(fields: Omit<Layer<E, R>, "pipe">): Layer<E, R> => ({
  ...fields,
  pipe() {
    return pipeArguments(this, arguments)
  }
})

/**
 * The same layer, of whose archive something else is done on the way.
 */
export const mapArchive = <E, R, E2, R2>(
  self: Layer<E, R>,
  f: (archive: Stream.Stream<Uint8Array, E, R>) => Stream.Stream<Uint8Array, E2, R2>
): Layer<E2, R2> => {
  const { archive, compression, level, reused = archive } = self
  return make({ archive: f(archive), reused: f(reused), compression, level })
}

/** Runs the bytes of a layer, compressed as it says, into a sink, and tells what they were. */
export const run = <E, R, A, E2, R2>(
  { archive, compression, level }: Layer<E, R>,
  sink: Sink.Sink<A, Uint8Array, Uint8Array, E2, R2>
) =>
  Effect.gen(function*() {
    // A sink may have enough before the end, and the digest is of everything.
    const whole = Sink.zipLeft(sink, Sink.drain)
    const meter = yield* makeMeter()
    const counted = meter.count(archive)
    // Without compression both digests are of the same bytes.
    if (compression === "none") {
      const result = yield* Stream.run(counted, whole)
      return [describeAs(compression, meter.end(), undefined), result] as const
    }
    const { compress } = yield* Compression.Compression
    const compressed = yield* makeMeter()
    const result = yield* counted.pipe(compress(compression, { level }), compressed.count, Stream.run(whole))
    return [describeAs(compression, meter.end(), compressed.end()), result] as const
  })

/**
 * Like {@link run}, into a sink that is done with each piece before the next is asked for.
 */
export const runAtOnce = <E, R, A, E2, R2>(
  self: Layer<E, R>,
  sink: Sink.Sink<A, Uint8Array, Uint8Array, E2, R2>
) => {
  const { archive, compression, level, reused = archive } = self
  // What is compressed is done with later, in another thread.
  return run(compression === "none" ? make({ archive: reused, compression, level }) : self, sink)
}

const describeAs = (compression: MediaType.Compression, archive: Measured, compressed = archive): Description => ({
  descriptor: { mediaType: mediaTypes[compression], ...compressed },
  diffId: archive.digest,
  archiveSize: archive.size
})
