/**
 * `Hasher` for Node.js, implemented with `node:crypto` and `node:fs`.
 *
 * @since 0.1.0
 */
import * as Hasher from "@ociman/oci/Hasher"
import * as Layer from "effect/Layer"
import { createHash } from "node:crypto"
import { reader } from "./internal/fileReader.js"

/**
 * Starts a digest with OpenSSL, computed on the calling thread in chunks of at most a megabyte.
 *
 * @since 0.1.0
 * @category constructors
 */
export const start: Hasher.Primitives["start"] = (algorithm) => {
  const hash = createHash(algorithm)
  return {
    update: (bytes) => {
      hash.update(bytes)
    },
    digest: () => hash.digest("hex")
  }
}

/**
 * Provides `Hasher`.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<Hasher.Hasher> = Layer.sync(Hasher.Hasher, () => Hasher.make({ reader, start }))
