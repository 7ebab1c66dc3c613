import * as Content from "@ociman/oci/Content"
import type * as Descriptor from "@ociman/oci/Descriptor"
import * as Digest from "@ociman/oci/Digest"
import type * as Hasher from "@ociman/oci/Hasher"
import * as ImageConfig from "@ociman/oci/ImageConfig"
import * as ImageIndex from "@ociman/oci/ImageIndex"
import * as ImageManifest from "@ociman/oci/ImageManifest"
import * as MediaType from "@ociman/oci/MediaType"
import * as Platform from "@ociman/oci/Platform"
import * as Reference from "@ociman/oci/Reference"
import * as Registry from "@ociman/registry/Registry"
import * as Repository from "@ociman/registry/Repository"
import type * as Arr from "effect/Array"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Stream from "effect/Stream"

/** @internal */
export type Test = <E>(
  title: string,
  /** Receives the host of the registry and a repository path that is unique to the test, also as a prefix. */
  effect: (host: string, path: string) => Effect.Effect<void, E, Registry.Registry | Hasher.Hasher>
) => void

/** @internal */
export interface Features {
  readonly untag: boolean
}

/** @internal */
export const octets = MediaType.OctetStream

/** @internal */
export const tag = (text: string): Reference.Tag => Reference.Tag.make(text)

/** @internal */
export const absent = Digest.Digest.make(`sha256:${"0".repeat(64)}`)

/** @internal */
export const at = (host: string, path: string): Repository.Repository => Repository.make(`${host}/${path}`)

/** @internal */
export const bytesOf = (size: number, seed = 1): Uint8Array => Uint8Array.from({ length: size }, (_, i) => i * seed + i)

/**
 * The bytes as a stream of pieces of the given size.
 *
 * @internal
 */
export const cut = (bytes: Uint8Array, size: number): Stream.Stream<Uint8Array> =>
  bytes.length === 0
    ? Stream.empty
    : Stream.map(Stream.range(0, Math.ceil(bytes.length / size) - 1), (i) => bytes.subarray(i * size, (i + 1) * size))

/** @internal */
export const collect = <E, R>(stream: Stream.Stream<Uint8Array, E, R>): Effect.Effect<ReadonlyArray<number>, E, R> =>
  Effect.map(Stream.runCollect(stream), (pieces) => [...pieces].flatMap((piece) => [...piece]))

/** @internal */
export const pushBlob = (repository: Repository.Repository, bytes: Uint8Array, mediaType = octets) =>
  Effect.tap(
    Content.describe(mediaType, bytes),
    (descriptor) => Registry.pushBlob(repository, descriptor, Stream.make(bytes))
  )

/**
 * Pushes the config and layer of an image, but not its manifest.
 *
 * @internal
 */
export const image = (repository: Repository.Repository, seed: number, platform = Platform.make("linux/amd64")) =>
  Effect.gen(function*() {
    const layer = yield* pushBlob(repository, bytesOf(300, seed), MediaType.ImageLayer)
    const config = yield* Content.make(ImageConfig.codec, ImageConfig.make(platform, [layer.digest]))
    yield* Registry.pushBlob(repository, config.descriptor, Stream.make(config.bytes))
    const manifest = yield* Content.make(
      ImageManifest.codec,
      ImageManifest.make({ config: config.descriptor, layers: [layer] })
    )
    return { layer, config, manifest }
  })

/** @internal */
export const pushImage = (repository: Repository.Repository, seed: number, ...tags: ReadonlyArray<string>) =>
  Effect.tap(
    image(repository, seed),
    ({ manifest }) => Registry.pushManifest(repository, manifest, { tags: tags.map(tag) })
  )

/** @internal */
export const indexOf = (manifests: Arr.NonEmptyReadonlyArray<Descriptor.Descriptor>) =>
  Content.make(ImageIndex.codec, ImageIndex.make(manifests))

/**
 * Pushes a manifest with a subject, such as a signature.
 *
 * @internal
 */
export const pushReferrer = (repository: Repository.Repository, subject: Descriptor.Descriptor, type: string, n = 0) =>
  Effect.gen(function*() {
    yield* pushBlob(repository, new TextEncoder().encode("{}"), MediaType.Empty)
    const manifest = yield* Content.make(
      ImageManifest.codec,
      ImageManifest.artifact(MediaType.MediaType.make(type), { subject, annotations: { "com.example.n": String(n) } })
    )
    yield* Registry.pushManifest(repository, manifest)
    return manifest
  })

/**
 * Returns the digest of a descriptor as a supported one.
 *
 * @internal
 */
export const digestOf = ({ digest }: Descriptor.Descriptor): Digest.Digest => Digest.Digest.make(digest)

/**
 * Returns the tag of the error, with its reason if it has one, or `no failure`.
 *
 * @internal
 */
export const failure = <A, E extends { readonly _tag: string }, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.map(
    Effect.either(effect),
    Either.match({
      onLeft: (error) => "reason" in error ? `${error._tag} ${String(error.reason)}` : error._tag,
      onRight: () => "no failure"
    })
  )
