/** Layers and their blobs. `ImageLayer` exports and documents these types. */
import type { Pipeable } from "effect/Pipeable"
import type * as Stream from "effect/Stream"
import type { Descriptor } from "../../Descriptor.js"
import type * as Digest from "../../Digest.js"
import type * as MediaType from "../../MediaType.js"

/** Description of a layer. */
export interface ImageLayer<out E = never, out R = never> extends Pipeable {
  readonly compression: MediaType.Compression
  /** Compression level from fastest to smallest; see `Compression.Options`. */
  readonly level: number | undefined
  /** Uncompressed archive. The stream can be run any number of times. */
  readonly archive: Stream.Stream<Uint8Array, E, R>
  /**
   * The same archive in buffers that are overwritten when the next one is requested.
   *
   * @internal
   */
  readonly reused?: Stream.Stream<Uint8Array, E, R>
}

/** Descriptor, digests and sizes of a layer, known after all its bytes were read. */
export interface Description {
  /** Descriptor of the compressed layer, for the manifest. */
  readonly descriptor: Descriptor & { readonly digest: Digest.Digest }
  /** Digest of the uncompressed archive, for `rootfs.diff_ids` of the configuration. */
  readonly diffId: Digest.Digest
  /** Size of the uncompressed archive in bytes. */
  readonly archiveSize: number
}

/** Layer as stored in a registry or store. */
export interface Blob<out E = never, out R = never> {
  /** Media type from the descriptor. */
  readonly mediaType: string
  readonly bytes: Stream.Stream<Uint8Array, E, R>
  /** Digest of the uncompressed archive from the configuration. If present, unpacking verifies it. */
  readonly diffId?: Digest.Digest | undefined
}
