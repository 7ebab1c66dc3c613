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
import * as Digest from "./Digest.js"
import * as FileTree from "./FileTree.js"
import { collect } from "./internal/bytes.js"

/**
 * A digest being computed. It is mutable, belongs to one fiber, and is over once the digest is taken.
 *
 * @since 0.1.0
 * @category models
 */
export interface Incremental {
  readonly update: (bytes: Uint8Array) => void
  /** The hexadecimal digits, in lower case. */
  readonly digest: () => string
}

/**
 * What a platform must be able to do; everything else is derived by {@link make}.
 *
 * @since 0.1.0
 * @category models
 */
export interface Primitives {
  readonly start: (algorithm: Digest.Algorithm) => Incremental
  readonly reader: FileTree.Reader
}

/**
 * Computes digests. The algorithm is `sha256` where none is given.
 *
 * @since 0.1.0
 * @category tags
 */
export class Hasher extends Context.Tag("@ociman/oci/Hasher")<Hasher, {
  /** Begins a digest that is fed step by step. */
  readonly start: (algorithm?: Digest.Algorithm) => Effect.Effect<Incremental>
  readonly bytes: (bytes: Uint8Array, algorithm?: Digest.Algorithm) => Effect.Effect<Digest.Digest>
  /** Digests what a stream yields, without keeping it. */
  readonly stream: <E, R>(
    stream: Stream.Stream<Uint8Array, E, R>,
    algorithm?: Digest.Algorithm
  ) => Effect.Effect<Digest.Digest, E, R>
  /** Digests a file, in bounded memory. */
  readonly file: (
    path: string,
    algorithm?: Digest.Algorithm
  ) => Effect.Effect<Digest.Digest, FileTree.FileTreeError>
  /** What a file has in it, in memory. A link is followed. */
  readonly content: (path: string) => Effect.Effect<Uint8Array, FileTree.FileTreeError>
  /** The entries of a directory with their contents, to be digested. */
  readonly tree: (
    root: string,
    options?: FileTree.Options
  ) => Stream.Stream<FileTree.Entry, FileTree.FileTreeError>
}>() {}

/**
 * Ends a digest that was fed step by step.
 *
 * @since 0.1.0
 * @category constructors
 */
export const digestOf = (algorithm: Digest.Algorithm, incremental: Incremental): Digest.Digest =>
  Digest.Digest.make(`${algorithm}:${incremental.digest()}`)

/**
 * A hasher from what the platform can do.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = ({ reader, start }: Primitives): Hasher["Type"] => {
  const readFile = (path: string) =>
    Effect.flatMap(reader.readFiles([path]), ([file]) =>
      file === undefined
        ? Effect.dieMessage("A reader returned fewer files than it was asked for")
        : Effect.succeed(file))

  const bytes: Hasher["Type"]["bytes"] = (bytes, algorithm = "sha256") =>
    Effect.sync(() => {
      const incremental = start(algorithm)
      incremental.update(bytes)
      return digestOf(algorithm, incremental)
    })

  const stream: Hasher["Type"]["stream"] = (stream, algorithm = "sha256") =>
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
 * A hasher that reads files by the platform's `FileSystem`, given what computes a digest.
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
 * The digest of bytes.
 *
 * @since 0.1.0
 * @category accessors
 */
export const bytes = (
  bytes: Uint8Array,
  algorithm?: Digest.Algorithm
): Effect.Effect<Digest.Digest, never, Hasher> => Effect.flatMap(Hasher, (_) => _.bytes(bytes, algorithm))

/**
 * The digest of what a stream yields, which is not kept.
 *
 * @since 0.1.0
 * @category accessors
 */
export const stream = <E, R>(
  stream: Stream.Stream<Uint8Array, E, R>,
  algorithm?: Digest.Algorithm
): Effect.Effect<Digest.Digest, E, R | Hasher> => Effect.flatMap(Hasher, (_) => _.stream(stream, algorithm))

/**
 * The digest of a file, whatever its size.
 *
 * @since 0.1.0
 * @category accessors
 */
export const file = (
  path: string,
  algorithm?: Digest.Algorithm
): Effect.Effect<Digest.Digest, FileTree.FileTreeError, Hasher> =>
  Effect.flatMap(Hasher, (_) => _.file(path, algorithm))
