/** Limits on untrusted input. `ImageLayer` and `Copy` export and document them. */

/**
 * Limits on the layers of an image, or on layers that are squashed. They hold for all layers together; a layer that is
 * read alone counts as all of them.
 */
export interface Limits {
  /** Decompressed size of all layers in bytes. Default: 32 GiB. */
  readonly size: number
  /** Ratio of decompressed to compressed size of one layer, checked from 64 MiB on. Default: 200. */
  readonly ratio: number
  /** Number of entries of all layers. Default: 1,000,000. */
  readonly entries: number
  /** Length of a path and of a link target in bytes. Default: 4096. */
  readonly pathLength: number
  /** Depth of nested directories. Default: 256. */
  readonly depth: number
  /** Size of the extended header of an entry in bytes. Default: 1 MiB. */
  readonly extendedHeaderSize: number
}

/** Default limits on layers. */
export const defaultLimits: Limits = {
  size: 32 * 1024 ** 3,
  ratio: 200,
  entries: 1_000_000,
  pathLength: 4096,
  depth: 256,
  extendedHeaderSize: 1024 ** 2
}

/** Limits on the manifests, indexes and referrers of one graph, for example of a copied image. */
export interface GraphLimits {
  /** Number of manifests and indexes, and of referrers in the lists of a registry. Default: 10,000. */
  readonly documents: number
  /** Total size of manifests and indexes in bytes. Default: 64 MiB. */
  readonly documentSize: number
}

/** Default limits on graphs. */
export const defaultGraphLimits: GraphLimits = {
  documents: 10_000,
  documentSize: 64 * 1024 ** 2
}
