/**
 * The identity of an image on an engine: a digest, `sha256:` and 64
 * hexadecimal digits. Podman often leaves the algorithm out; here it is always
 * there.
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
 * Reads an identity as either engine writes it.
 *
 * @since 0.1.0
 * @category schemas
 */
export const FromString: Schema.Schema<ImageId, string> = Schema.transform(Schema.String, Digest.Digest, {
  strict: false,
  decode: (text) => /^[0-9a-f]{64}$/.test(text) ? `sha256:${text}` : text,
  encode: (id) => id
}).annotations({ identifier: "ImageId" })
