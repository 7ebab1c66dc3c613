/**
 * Id of an image on an engine: a digest, `sha256:` and 64 hexadecimal digits. The algorithm, which Podman often omits,
 * is always included.
 *
 * @since 0.1.0
 */
import * as Digest from "@ociman/oci/Digest"
import * as Schema from "effect/Schema"

/**
 * @since 0.1.0
 * @category models
 */
export type ImageId = Digest.Digest

/**
 * Id in the notation of either engine.
 *
 * @since 0.1.0
 * @category schemas
 */
export const FromString: Schema.Schema<ImageId, string> = Schema.transform(Schema.String, Digest.Digest, {
  strict: false,
  decode: (text) => /^[0-9a-f]{64}$/.test(text) ? `sha256:${text}` : text,
  encode: (id) => id
}).annotations({ identifier: "ImageId" })
