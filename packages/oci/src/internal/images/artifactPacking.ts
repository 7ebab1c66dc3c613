import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type * as Annotations from "../../Annotations.js"
import * as Descriptor from "../../Descriptor.js"
import type * as Digest from "../../Digest.js"
import * as MediaType from "../../MediaType.js"
import { makeMeter } from "../layers/digestMeter.js"
import * as listing from "../layers/fileListing.js"
import * as layer from "../layers/running.js"
import type { Receiver } from "../stores/model.js"
import type { Part } from "./artifactModel.js"

/** Part of an artifact after it was pushed. */
export interface Packed {
  readonly descriptor: Descriptor.Descriptor
  /** Paths of the files in the archive, sorted. */
  readonly files: ReadonlyArray<string>
  readonly diffId: Option.Option<Digest.Digest>
}

const layerTypes: Record<MediaType.Compression, MediaType.MediaType> = {
  none: MediaType.OcipkgLayer,
  gzip: MediaType.OcipkgLayerGzip,
  zstd: MediaType.OcipkgLayerZstd
}

const annotated = (descriptor: Descriptor.Descriptor, added: Annotations.Annotations): Descriptor.Descriptor =>
  Object.keys(added).length === 0 ? descriptor : Descriptor.annotate(descriptor, added)

/** Pushes a part to a store while it is produced. */
export const pack = <E, R>(store: Receiver, part: Part<E, R>) =>
  store.receive((sink) =>
    Effect.gen(function*() {
      if (part._tag === "Bytes") {
        const meter = yield* makeMeter()
        yield* Stream.run(meter.count(part.content), sink)
        const descriptor = annotated({ mediaType: part.mediaType, ...meter.end() }, part.annotations)
        const packed: Packed = { descriptor, files: [], diffId: Option.none() }
        return [descriptor, packed] as const
      }
      const files: Array<string> = []
      const listed = layer.mapArchive(part.layer, listing.tap((path) => files.push(path)))
      const [description] = yield* layer.runAtOnce(listed, sink)
      const mediaType = part.mediaType ?? layerTypes[part.layer.compression]
      const descriptor = annotated({ ...description.descriptor, mediaType }, part.annotations)
      const packed: Packed = { descriptor, files: files.sort(listing.compare), diffId: Option.some(description.diffId) }
      return [descriptor, packed] as const
    })
  )
