import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as ImageLayout from "../../author/ImageLayout.js"
import { Compression, type CompressionError } from "../../Compression.js"
import type { ContentError } from "../../ContentError.js"
import { StoreFailed } from "../../ContentError.js"
import type * as Digest from "../../Digest.js"
import * as ImageIndex from "../../ImageIndex.js"
import type * as MediaType from "../../MediaType.js"
import * as Tar from "../../Tar.js"
import * as dockerManifest from "../documents/dockerManifest.js"

export interface Blob<out E> {
  readonly digest: Digest.WellFormed
  readonly size: number
  readonly content: Stream.Stream<Uint8Array, E>
}

const compare = (a: string, b: string): number => a < b ? -1 : a > b ? 1 : 0

/**
 * Writes an archive that is an image layout, and also a Docker archive if it has runnable images. The same content
 * gives the same bytes: files are sorted and have neither times nor owners.
 */
export const write = <E>(
  store: string,
  index: ImageIndex.ImageIndex,
  images: ReadonlyArray<dockerManifest.Image>,
  blobs: ReadonlyArray<Blob<E>>
): Stream.Stream<Uint8Array, E | ContentError> =>
  Stream.unwrap(Effect.gen(function*() {
    const marker = yield* ImageLayout.codec.encode(ImageLayout.current)
    const sorted = [...new Map(blobs.map((blob) => [blob.digest, blob])).values()]
      .sort((a, b) => compare(a.digest, b.digest))
    const directories = ["blobs", ...new Set(["blobs/sha256", ...sorted.map(({ digest }) => directoryOf(digest))])]
    const entries: Stream.Stream<Tar.Entry<E>> = Stream.fromIterable([
      ...directories.map((path) => Tar.directory(path)),
      ...sorted.map(({ content, digest, size }) => Tar.fileStream(ImageLayout.blobPath(digest), size, content)),
      Tar.file(ImageLayout.indexName, yield* ImageIndex.codec.encode(index)),
      ...(images.length === 0 ? [] : [Tar.file(dockerManifest.fileName, yield* dockerManifest.encode(images))]),
      Tar.file(ImageLayout.markerName, marker)
    ])
    return Stream.mapError(
      Tar.write(entries),
      (error) =>
        isTarError(error) ? new StoreFailed({ store, operation: "write", reason: "Unknown", cause: error }) : error
    )
  }))

const directoryOf = (digest: Digest.WellFormed): string => {
  const path = ImageLayout.blobPath(digest)
  return path.slice(0, path.lastIndexOf("/"))
}

const isTarError = (error: unknown): error is Tar.TarError => error instanceof Tar.TarError

const compressions: ReadonlyArray<readonly [RegExp, MediaType.Compression]> = [
  [/\.t?gz$/i, "gzip"],
  [/\.t?zst$/i, "zstd"]
]

/** Compression of an archive by its file name. */
export const compressionOf = (path: string): MediaType.Compression =>
  compressions.find(([name]) => name.test(path))?.[1] ?? "none"

export const compressed = <E, R>(
  compression: MediaType.Compression,
  archive: Stream.Stream<Uint8Array, E, R>
): Stream.Stream<Uint8Array, E | CompressionError, R | Compression> =>
  compression === "none"
    ? archive
    : Stream.unwrap(Effect.map(Compression, ({ compress }) => compress(compression)(archive)))
