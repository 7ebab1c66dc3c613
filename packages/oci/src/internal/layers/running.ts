import * as Effect from "effect/Effect"
import { pipeArguments } from "effect/Pipeable"
import * as Sink from "effect/Sink"
import * as Stream from "effect/Stream"
import * as Compression from "../../Compression.js"
import * as MediaType from "../../MediaType.js"
import { makeMeter, type Measured } from "./digestMeter.js"
import type { Description, ImageLayer } from "./model.js"

export const mediaTypes: Record<MediaType.Compression, MediaType.MediaType> = {
  none: MediaType.ImageLayer,
  gzip: MediaType.ImageLayerGzip,
  zstd: MediaType.ImageLayerZstd
}

export const make = <E, R>(fields: Omit<ImageLayer<E, R>, "pipe">): ImageLayer<E, R> => ({
  ...fields,
  pipe() {
    return pipeArguments(this, arguments)
  }
})

/** Transforms the archive of a layer. */
export const mapArchive = <E, R, E2, R2>(
  self: ImageLayer<E, R>,
  f: (archive: Stream.Stream<Uint8Array, E, R>) => Stream.Stream<Uint8Array, E2, R2>
): ImageLayer<E2, R2> => {
  const { archive, compression, level, reused = archive } = self
  return make({ archive: f(archive), reused: f(reused), compression, level })
}

/** Runs the bytes of a layer, compressed, into a sink. Also returns their description. */
export const run = <E, R, A, E2, R2>(
  { archive, compression, level }: ImageLayer<E, R>,
  sink: Sink.Sink<A, Uint8Array, Uint8Array, E2, R2>
) =>
  Effect.gen(function*() {
    // A sink may stop early, but the digest is of all bytes.
    const whole = Sink.zipLeft(sink, Sink.drain)
    const meter = yield* makeMeter()
    const counted = meter.count(archive)
    // Without compression, both digests are of the same bytes.
    if (compression === "none") {
      const result = yield* Stream.run(counted, whole)
      return [describeAs(compression, meter.end(), undefined), result] as const
    }
    const { compress } = yield* Compression.Compression
    const compressed = yield* makeMeter()
    const result = yield* counted.pipe(compress(compression, { level }), compressed.count, Stream.run(whole))
    return [describeAs(compression, meter.end(), compressed.end()), result] as const
  })

/** Runs a layer like {@link run} into a sink that does not keep buffers between pulls, so buffers can be reused. */
export const runAtOnce = <E, R, A, E2, R2>(
  self: ImageLayer<E, R>,
  sink: Sink.Sink<A, Uint8Array, Uint8Array, E2, R2>
) => {
  const { archive, compression, level, reused = archive } = self
  // Compression keeps its input in another thread, so buffers cannot be reused.
  return run(compression === "none" ? make({ archive: reused, compression, level }) : self, sink)
}

const describeAs = (compression: MediaType.Compression, archive: Measured, compressed = archive): Description => ({
  descriptor: { mediaType: mediaTypes[compression], ...compressed },
  diffId: archive.digest,
  archiveSize: archive.size
})
