/**
 * Content: bytes that are what their descriptor says.
 *
 * A document that was read keeps its bytes beside its value. They are what has the digest, and what is sent on; a value
 * is written anew only where somebody made or changed it, and then always in the same way: by RFC 8785, without spaces
 * and with the members of an object in the order of their names.
 *
 * @since 0.1.0
 */
import type * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import type * as Either from "effect/Either"
import { dual } from "effect/Function"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { DigestMismatch, InvalidDocument, SizeMismatch, UnsupportedDigest } from "./ContentError.js"
import type { Descriptor } from "./Descriptor.js"
import * as Digest from "./Digest.js"
import * as Hasher from "./Hasher.js"
import { collect as collectAll } from "./internal/bytes.js"
import type { MediaType } from "./MediaType.js"

/**
 * How a kind of documents is read and written.
 *
 * @since 0.1.0
 * @category models
 */
export interface Codec<in out A> {
  /** What the documents are called in an error. */
  readonly name: string
  /** How many bytes are read at most. */
  readonly limit: number
  readonly decode: (bytes: Uint8Array) => Either.Either<A, InvalidDocument>
  readonly encode: (value: A) => Either.Either<Uint8Array, InvalidDocument>
  /** What a value is written as. */
  readonly mediaType: (value: A) => MediaType
  /** What can be read. */
  readonly mediaTypes: ReadonlyArray<MediaType>
}

/**
 * A document: its value, the bytes it was read from or is written as, and the descriptor of the bytes.
 *
 * @since 0.1.0
 * @category models
 */
export interface Content<out A> {
  readonly descriptor: Descriptor
  readonly bytes: Uint8Array
  readonly value: A
}

/**
 * A document of a value.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = <A>(
  codec: Codec<A>,
  value: A,
  algorithm?: Digest.Algorithm
): Effect.Effect<Content<A>, InvalidDocument, Hasher.Hasher> =>
  Effect.gen(function*() {
    const bytes = yield* codec.encode(value)
    const descriptor = yield* describe(codec.mediaType(value), bytes, algorithm)
    return { descriptor, bytes, value }
  })

/**
 * The descriptor of bytes.
 *
 * @since 0.1.0
 * @category constructors
 */
export const describe = (
  mediaType: MediaType,
  bytes: Uint8Array,
  algorithm?: Digest.Algorithm
): Effect.Effect<Descriptor, never, Hasher.Hasher> =>
  Effect.map(Hasher.bytes(bytes, algorithm), (digest) => ({ mediaType, digest, size: bytes.length }))

const mediaTypeMismatch = (document: string, rule: string) =>
  new InvalidDocument({ document, path: "mediaType", reason: "MediaTypeMismatch", rule })

/**
 * Reads a document from the bytes that a descriptor describes. The bytes are verified, and what they say of their media
 * type must be what the descriptor says.
 *
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/media-types.md#media-type-conflicts
 * @since 0.1.0
 * @category constructors
 */
export const fromBytes = <A>(
  codec: Codec<A>,
  descriptor: Descriptor,
  bytes: Uint8Array
): Effect.Effect<Content<A>, InvalidDocument | VerifyError, Hasher.Hasher> =>
  fromStream(codec, descriptor, Stream.make(bytes))

/**
 * Reads a document from a stream of the bytes that a descriptor describes, like {@link fromBytes}. What is larger than
 * such documents may be is not read at all.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromStream = <A, E, R>(
  codec: Codec<A>,
  descriptor: Descriptor,
  stream: Stream.Stream<Uint8Array, E, R>
): Effect.Effect<Content<A>, E | InvalidDocument | VerifyError, R | Hasher.Hasher> =>
  Effect.gen(function*() {
    const { mediaType } = descriptor
    if (!codec.mediaTypes.includes(mediaType)) {
      return yield* mediaTypeMismatch(codec.name, `its descriptor says that it is ${mediaType}`)
    }
    const bytes = yield* collect(stream, descriptor, codec)
    const value = yield* codec.decode(bytes)
    const own = declaredMediaType(value)
    if (Option.isSome(own) && own.value !== mediaType) {
      return yield* mediaTypeMismatch(
        codec.name,
        `it says that it is ${own.value}, and its descriptor that it is ${mediaType}`
      )
    }
    return { descriptor, bytes, value }
  })

const declaredMediaType = (value: unknown): Option.Option<string> =>
  typeof value === "object" && value !== null && "mediaType" in value && typeof value.mediaType === "string"
    ? Option.some(value.mediaType)
    : Option.none()

/**
 * All bytes of a stream, verified, unless there are more than such documents may have.
 *
 * @since 0.1.0
 * @category verifying
 */
export const collect: {
  (
    descriptor: Descriptor,
    bounds: { readonly name: string; readonly limit: number }
  ): <E, R>(
    stream: Stream.Stream<Uint8Array, E, R>
  ) => Effect.Effect<Uint8Array, E | InvalidDocument | VerifyError, R | Hasher.Hasher>
  <E, R>(
    stream: Stream.Stream<Uint8Array, E, R>,
    descriptor: Descriptor,
    bounds: { readonly name: string; readonly limit: number }
  ): Effect.Effect<Uint8Array, E | InvalidDocument | VerifyError, R | Hasher.Hasher>
} = dual(3, <E, R>(
  stream: Stream.Stream<Uint8Array, E, R>,
  descriptor: Descriptor,
  { limit, name }: { readonly name: string; readonly limit: number }
): Effect.Effect<Uint8Array, E | InvalidDocument | VerifyError, R | Hasher.Hasher> =>
  descriptor.size > limit
    ? new InvalidDocument({
      document: name,
      path: "",
      reason: "TooLarge",
      rule: `it has ${descriptor.size} bytes, and at most ${limit} are read`
    })
    : collectAll(verify(descriptor)(stream)))

/**
 * Changes the value of a document. What the change left alone is written as it was read, unknown fields too; that is
 * not possible for integers beyond 2^53, so a document with one is not changed but refused.
 *
 * @since 0.1.0
 * @category combinators
 */
export const update: {
  <A>(codec: Codec<A>, f: (value: A) => A): (
    self: Content<A>
  ) => Effect.Effect<Content<A>, InvalidDocument, Hasher.Hasher>
  <A>(self: Content<A>, codec: Codec<A>, f: (value: A) => A): Effect.Effect<
    Content<A>,
    InvalidDocument,
    Hasher.Hasher
  >
} = dual(
  3,
  <A>(self: Content<A>, codec: Codec<A>, f: (value: A) => A): Effect.Effect<
    Content<A>,
    InvalidDocument,
    Hasher.Hasher
  > =>
    Effect.gen(function*() {
      const algorithm = Digest.isDigest(self.descriptor.digest) ? Digest.algorithm(self.descriptor.digest) : undefined
      const changed = yield* make(codec, f(self.value), algorithm)
      const mediaType = Option.isSome(declaredMediaType(changed.value))
        ? changed.descriptor.mediaType
        : self.descriptor.mediaType
      const { data: _, ...descriptor } = self.descriptor
      return { ...changed, descriptor: { ...descriptor, ...changed.descriptor, mediaType } }
    })
)

/**
 * Why bytes are not what their descriptor says.
 *
 * @since 0.1.0
 * @category errors
 */
export type VerifyError = DigestMismatch | SizeMismatch | UnsupportedDigest

/**
 * Fails if bytes are not what the descriptor says.
 *
 * @since 0.1.0
 * @category verifying
 */
export const verifyBytes = (
  descriptor: Descriptor,
  bytes: Uint8Array
): Effect.Effect<void, VerifyError, Hasher.Hasher> => {
  const { digest, size } = descriptor
  if (!Digest.isDigest(digest)) return new UnsupportedDigest({ digest })
  if (bytes.length !== size) return new SizeMismatch({ digest, expected: size, actual: bytes.length })
  return Effect.flatMap(
    Hasher.bytes(bytes, Digest.algorithm(digest)),
    (actual) => actual === digest ? Effect.void : new DigestMismatch({ expected: digest, actual })
  )
}

/**
 * Lets a stream pass and fails if it is not what the descriptor says: with the first byte that is too many, or at its
 * end. Until the end was reached nothing that came through is to be trusted.
 *
 * @since 0.1.0
 * @category verifying
 */
export const verify = (descriptor: Descriptor) =>
<E, R>(
  stream: Stream.Stream<Uint8Array, E, R>
): Stream.Stream<Uint8Array, E | VerifyError, R | Hasher.Hasher> =>
  Stream.unwrap(Effect.gen(function*() {
    const { digest, size } = descriptor
    if (!Digest.isDigest(digest)) return yield* new UnsupportedDigest({ digest })
    const algorithm = Digest.algorithm(digest)
    const hash = yield* Effect.flatMap(Hasher.Hasher, (_) => _.start(algorithm))
    let received = 0

    const take = (chunks: Chunk.Chunk<Uint8Array>) =>
      Effect.suspend((): Effect.Effect<void, SizeMismatch> => {
        for (const bytes of chunks) {
          received += bytes.length
          if (received > size) return new SizeMismatch({ digest, expected: size, actual: received })
          hash.update(bytes)
        }
        return Effect.void
      })

    const end = Effect.suspend((): Effect.Effect<void, SizeMismatch | DigestMismatch> => {
      if (received < size) return new SizeMismatch({ digest, expected: size, actual: received })
      const actual = `${algorithm}:${hash.digest()}`
      return actual === digest ? Effect.void : new DigestMismatch({ expected: digest, actual })
    })

    return stream.pipe(
      Stream.chunks,
      Stream.tap(take),
      Stream.flattenChunks,
      Stream.concat(Stream.execute(end))
    )
  }))
