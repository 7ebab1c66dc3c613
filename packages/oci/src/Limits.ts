/**
 * How much of what others have made is read at most.
 *
 * @since 0.1.0
 */

/**
 * What the layers of an image, or what is squashed to one layer, may be. A layer that is looked at alone counts as all
 * of them.
 *
 * @since 0.1.0
 * @category models
 */
export interface Limits {
  /** Bytes of the archives of all layers, decompressed. Default: 32 GiB. */
  readonly size: number
  /** How many times its own size a layer may have when it is decompressed, once that is 64 MiB. Default: 200. */
  readonly ratio: number
  /** Entries of all layers. Default: 1,000,000. */
  readonly entries: number
  /** Bytes of a path, and of what a link points to. Default: 4096. */
  readonly pathLength: number
  /** Directories in each other. Default: 256. */
  readonly depth: number
  /** Bytes of the extended header of an entry. Default: 1 MiB. */
  readonly extendedHeaderSize: number
}

/**
 * @since 0.1.0
 * @category constants
 */
export const defaults: Limits = {
  size: 32 * 1024 ** 3,
  ratio: 200,
  entries: 1_000_000,
  pathLength: 4096,
  depth: 256,
  extendedHeaderSize: 1024 ** 2
}

/**
 * Limits on the manifests, indexes and referrers that one root leads to, such as those of an image that is copied.
 *
 * @since 0.1.0
 * @category models
 */
export interface GraphLimits {
  /** Number of manifests and indexes, and of referrers in the lists of a registry. Default: 10,000. */
  readonly documents: number
  /** Bytes of all manifests and indexes together. Default: 64 MiB. */
  readonly documentSize: number
}

/**
 * The default of every limit of a graph.
 *
 * @since 0.1.0
 * @category constants
 */
export const graphDefaults: GraphLimits = {
  documents: 10_000,
  documentSize: 64 * 1024 ** 2
}
