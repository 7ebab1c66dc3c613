/** Reports whether this version of Node.js supports zstd. */
import * as zlib from "node:zlib"

type Zstd = typeof zlib & { readonly zstdCompressSync?: (bytes: Uint8Array, options?: object) => Buffer }

/** Part of `zlib` that older versions do not have. */
export const { zstdCompressSync }: Zstd = zlib

const base64 =
  "KLUv/QRoQAAAZXRjLwAAAABVAwDiwwwUkDkB8eIeClsePTzJhJ37RXIp5wc1wFIqEafDht/xN0P/Ry4kMDJ9kyKV5U4XDv13+B8TAJmB4QcJJ" +
  "uYPECqIy5XQS6SZF+wTYpV/A4DFZ0ADZwEQGIqAFzPtJYObHFjBsXJZMjkgIBrvGQ=="

/** A layer with a file `etc/motd`, as `skopeo copy --dest-compress-format zstd` of version 1.9 wrote it. */
export const layerBySkopeo = new Uint8Array(Buffer.from(base64, "base64"))
