/**
 * Documents with their bytes and descriptors, and verification of bytes.
 *
 * A decoded document keeps the bytes it was read from: the digest is of these bytes, and they are what is sent on. A
 * new or changed value is encoded in canonical form (RFC 8785): without spaces and with sorted object members.
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
import { collect as collectAll } from "./internal/values/bytes.js"
import type { MediaType } from "./MediaType.js"

/**
 * Codec of one kind of document.
 *
 * @since 0.1.0
 * @category models
 */
export interface Codec<in out A> {
  /** Name of the document in error messages. */
  readonly name: string
  /** Maximum number of bytes to read. */
  readonly limit: number
  readonly decode: (bytes: Uint8Array) => Either.Either<A, InvalidDocument>
  readonly encode: (value: A) => Either.Either<Uint8Array, InvalidDocument>
  /** Media type for writing a value. */
  readonly mediaType: (value: A) => MediaType
  /** Media types that can be read. */
  readonly mediaTypes: ReadonlyArray<MediaType>
}

/**
 * Document: its value, its bytes, and their descriptor.
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
 * Encodes a value to a document.
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
 * Computes the descriptor of bytes.
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
 * Decodes a document from the bytes of a descriptor. The bytes are verified, and the media type inside the document
 * must equal that of the descriptor.
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
 * Decodes a document from a stream, like {@link fromBytes}. A document larger than the codec's limit fails without
 * being read.
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
      return yield* mediaTypeMismatch(codec.name, `the media type of its descriptor is ${mediaType}`)
    }
    const bytes = yield* collect(stream, descriptor, codec)
    const value = yield* codec.decode(bytes)
    const own = declaredMediaType(value)
    if (Option.isSome(own) && own.value !== mediaType) {
      return yield* mediaTypeMismatch(
        codec.name,
        `its mediaType is ${own.value}, and that of its descriptor ${mediaType}`
      )
    }
    return { descriptor, bytes, value }
  })

const declaredMediaType = (value: unknown): Option.Option<string> =>
  typeof value === "object" && value !== null && "mediaType" in value && typeof value.mediaType === "string"
    ? Option.some(value.mediaType)
    : Option.none()

/**
 * Collects and verifies all bytes of a stream. Fails if the descriptor's size exceeds the limit.
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
 * Changes the value of a document. Everything that `f` leaves alone is preserved, unknown fields included. A document
 * with an integer beyond 2^53 is refused, since the integer cannot be preserved.
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
 * Errors of verifying bytes against a descriptor.
 *
 * @since 0.1.0
 * @category errors
 */
export type VerifyError = DigestMismatch | SizeMismatch | UnsupportedDigest

/**
 * Verifies bytes against a descriptor.
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
 * Verifies a stream against a descriptor while it passes. Fails at the first excess byte, or at the end. Do not trust
 * the bytes before the stream has ended successfully.
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
