/**
 * Services for making and unpacking images on Node.js.
 *
 * @since 0.1.0
 */
import type * as Compression from "@ociman/oci/Compression"
import type * as Hasher from "@ociman/oci/Hasher"
import type * as LocalFiles from "@ociman/oci/LocalFiles"
import * as Layer from "effect/Layer"
import * as compression from "./internal/compression.js"
import * as localFiles from "./internal/localFiles.js"
import * as NodeHasher from "./NodeHasher.js"

/**
 * Provides `Compression`, implemented with `node:zlib`. The zstd format requires Node 22.15.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerCompression: Layer.Layer<Compression.Compression> = compression.layer

/**
 * Provides `LocalFiles`, implemented with `node:fs`.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerLocalFiles: Layer.Layer<LocalFiles.LocalFiles> = localFiles.layer

/**
 * Provides `Compression`, `LocalFiles`, and the `Hasher` of `NodeHasher`.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<Compression.Compression | Hasher.Hasher | LocalFiles.LocalFiles> = Layer.mergeAll(
  layerCompression,
  layerLocalFiles,
  NodeHasher.layer
)
