import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type * as Annotations from "../Annotations.js"
import type { Part } from "../Artifact.js"
import * as Descriptor from "../Descriptor.js"
import type * as Digest from "../Digest.js"
import type { Receiving } from "../ImageStore.js"
import * as MediaType from "../MediaType.js"
import { makeMeter } from "./digestMeter.js"
import * as listing from "./fileListing.js"
import * as layer from "./layer.js"

/** A part of an artifact that is in a store. */
export interface Packed {
  readonly descriptor: Descriptor.Descriptor
  /** Those that an archive has, sorted. */
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

/** Puts a part into a store as it is made. */
export const pack = <E, R>(store: Receiving, part: Part<E, R>) =>
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
