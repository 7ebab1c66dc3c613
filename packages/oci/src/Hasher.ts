/**
 * Digests of bytes, streams, files and trees of files.
 *
 * @since 0.1.0
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { isUint8Array } from "effect/Predicate"
import * as Stream from "effect/Stream"
import * as FileTree from "./author/FileTree.js"
import * as Digest from "./Digest.js"
import { collect } from "./internal/values/bytes.js"

/**
 * Incremental computation of a digest. It is mutable, belongs to one fiber, and ends with `digest`.
 *
 * @since 0.1.0
 * @category models
 */
export interface Incremental {
  readonly update: (bytes: Uint8Array) => void
  /** Returns the lower-case hexadecimal digits. */
  readonly digest: () => string
}

/**
 * Operations that a platform provides; {@link make} derives the rest.
 *
 * @since 0.1.0
 * @category models
 */
export interface Primitives {
  readonly start: (algorithm: Digest.Algorithm) => Incremental
  readonly reader: FileTree.Reader
}

/**
 * Service that computes digests. The default algorithm is `sha256`.
 *
 * @since 0.1.0
 * @category tags
 */
export class Hasher extends Context.Tag("@ociman/oci/Hasher")<Hasher, {
  /** Starts an incremental digest. */
  readonly start: (algorithm?: Digest.Algorithm) => Effect.Effect<Incremental>
  readonly bytes: (bytes: Uint8Array, algorithm?: Digest.Algorithm) => Effect.Effect<Digest.Digest>
  /** Digests a stream without keeping its bytes. */
  readonly stream: <E, R>(
    stream: Stream.Stream<Uint8Array, E, R>,
    algorithm?: Digest.Algorithm
  ) => Effect.Effect<Digest.Digest, E, R>
  /** Digests a file in bounded memory. */
  readonly file: (
    path: string,
    algorithm?: Digest.Algorithm
  ) => Effect.Effect<Digest.Digest, FileTree.FileTreeError>
  /** Reads a whole file. A link is followed. */
  readonly content: (path: string) => Effect.Effect<Uint8Array, FileTree.FileTreeError>
  /** Walks a directory with file contents, for hashing. */
  readonly tree: (
    root: string,
    options?: FileTree.Options
  ) => Stream.Stream<FileTree.Entry, FileTree.FileTreeError>
}>() {}

/**
 * Finishes an incremental digest.
 *
 * @since 0.1.0
 * @category constructors
 */
export const digestOf = (algorithm: Digest.Algorithm, incremental: Incremental): Digest.Digest =>
  Digest.Digest.make(`${algorithm}:${incremental.digest()}`)

/**
 * Makes a hasher from the operations of a platform.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = ({ reader, start }: Primitives): Context.Tag.Service<typeof Hasher> => {
  const readFile = (path: string) =>
    Effect.flatMap(reader.readFiles([path]), ([file]) =>
      file === undefined
        ? Effect.dieMessage("A reader returned fewer files than it was asked for")
        : Effect.succeed(file))

  const bytes: Context.Tag.Service<typeof Hasher>["bytes"] = (bytes, algorithm = "sha256") =>
    Effect.sync(() => {
      const incremental = start(algorithm)
      incremental.update(bytes)
      return digestOf(algorithm, incremental)
    })

  const stream: Context.Tag.Service<typeof Hasher>["stream"] = (stream, algorithm = "sha256") =>
    Effect.suspend(() => {
      const incremental = start(algorithm)
      return stream.pipe(
        Stream.runForEachChunk((chunk) =>
          Effect.sync(() => {
            for (const bytes of chunk) incremental.update(bytes)
          })
        ),
        Effect.map(() => digestOf(algorithm, incremental))
      )
    })

  return Hasher.of({
    start: (algorithm = "sha256") => Effect.sync(() => start(algorithm)),
    bytes,
    stream,
    file: (path, algorithm) =>
      Effect.flatMap(
        readFile(path),
        ({ content }) => isUint8Array(content) ? bytes(content, algorithm) : stream(content, algorithm)
      ),
    content: (path) =>
      Effect.flatMap(
        readFile(path),
        ({ content }) => isUint8Array(content) ? Effect.succeed(content) : collect(content)
      ),
    tree: (root, options) => FileTree.walk(reader, root, options)
  })
}

/**
 * Hasher that reads files by the platform's `FileSystem`, given a function that starts a digest.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerFileSystem = (start: Primitives["start"]): Layer.Layer<Hasher, never, FileSystem.FileSystem> =>
  Layer.effect(
    Hasher,
    Effect.map(FileSystem.FileSystem, (fs) => make({ start, reader: FileTree.fromFileSystem(fs) }))
  )

/**
 * Digests bytes.
 *
 * @since 0.1.0
 * @category accessors
 */
export const bytes = (
  bytes: Uint8Array,
  algorithm?: Digest.Algorithm
): Effect.Effect<Digest.Digest, never, Hasher> => Effect.flatMap(Hasher, (_) => _.bytes(bytes, algorithm))

/**
 * Digests a stream without keeping its bytes.
 *
 * @since 0.1.0
 * @category accessors
 */
export const stream = <E, R>(
  stream: Stream.Stream<Uint8Array, E, R>,
  algorithm?: Digest.Algorithm
): Effect.Effect<Digest.Digest, E, R | Hasher> => Effect.flatMap(Hasher, (_) => _.stream(stream, algorithm))

/**
 * Digests a file of any size in bounded memory.
 *
 * @since 0.1.0
 * @category accessors
 */
export const file = (
  path: string,
  algorithm?: Digest.Algorithm
): Effect.Effect<Digest.Digest, FileTree.FileTreeError, Hasher> =>
  Effect.flatMap(Hasher, (_) => _.file(path, algorithm))
