/** Parts of artifacts. `Artifact` exports and documents this type. */
import type * as Stream from "effect/Stream"
import type * as Annotations from "../../Annotations.js"
import type * as MediaType from "../../MediaType.js"
import type { ImageLayer } from "../layers/model.js"

/** Part of an artifact: an archive of files, or bytes of any media type. */
export type Part<E = never, R = never> =
  | {
    readonly _tag: "Files"
    readonly layer: ImageLayer<E, R>
    /** Default: the layer media type of the crate ocipkg for the compression of the layer. */
    readonly mediaType: MediaType.MediaType | undefined
    readonly annotations: Annotations.Annotations
  }
  | {
    readonly _tag: "Bytes"
    readonly content: Stream.Stream<Uint8Array, E, R>
    readonly mediaType: MediaType.MediaType
    readonly annotations: Annotations.Annotations
  }
