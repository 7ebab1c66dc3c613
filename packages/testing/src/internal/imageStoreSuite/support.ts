import * as Content from "@ociman/oci/Content"
import type * as ContentError from "@ociman/oci/ContentError"
import type * as Descriptor from "@ociman/oci/Descriptor"
import type * as Hasher from "@ociman/oci/Hasher"
import * as ImageConfig from "@ociman/oci/ImageConfig"
import * as ImageIndex from "@ociman/oci/ImageIndex"
import * as ImageManifest from "@ociman/oci/ImageManifest"
import * as ImageStore from "@ociman/oci/ImageStore"
import * as MediaType from "@ociman/oci/MediaType"
import * as Platform from "@ociman/oci/Platform"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Stream from "effect/Stream"

/** @internal */
export type Test = <E>(
  title: string,
  effect: Effect.Effect<void, E, ImageStore.ImageStore | Hasher.Hasher>
) => void

/** @internal */
export const octets = MediaType.MediaType.make("application/octet-stream")

/** @internal */
export const bytesOf = (size: number, seed = 1): Uint8Array => Uint8Array.from({ length: size }, (_, i) => i * seed + i)

/**
 * The bytes as a stream of pieces of the given size.
 *
 * @internal
 */
export const cut = (bytes: Uint8Array, size: number): Stream.Stream<Uint8Array> =>
  Stream.map(Stream.range(0, Math.ceil(bytes.length / size) - 1), (i) => bytes.subarray(i * size, (i + 1) * size))

/**
 * Reads content as an array of numbers.
 *
 * @internal
 */
export const read = (
  store: ImageStore.Readable,
  descriptor: Descriptor.Descriptor
): Effect.Effect<ReadonlyArray<number>, ContentError.ContentError> =>
  Effect.map(Stream.runCollect(store.fetch(descriptor)), (chunks) => [...chunks].flatMap((chunk) => [...chunk]))

/** @internal */
export const pushBlob = (store: ImageStore.Writable, bytes: Uint8Array, mediaType = octets) =>
  Effect.tap(Content.describe(mediaType, bytes), (descriptor) => store.push(descriptor, Stream.make(bytes)))

/**
 * Pushes an image of one layer.
 *
 * @internal
 */
export const pushImage = (store: ImageStore.Writable, seed: number, platform = Platform.make("linux/amd64")) =>
  Effect.gen(function*() {
    const layer = yield* pushBlob(store, bytesOf(300, seed), MediaType.ImageLayer)
    const config = yield* Content.make(ImageConfig.codec, ImageConfig.make(platform, [layer.digest]))
    yield* ImageStore.pushDocument(store, config)
    const manifest = yield* Content.make(
      ImageManifest.codec,
      ImageManifest.make({ config: config.descriptor, layers: [layer] })
    )
    yield* ImageStore.pushDocument(store, manifest)
    return { layer, config, manifest, platform }
  })

/** @internal */
export const pushIndex = (store: ImageStore.Writable, platforms: ReadonlyArray<Platform.Platform>) =>
  Effect.gen(function*() {
    const images = yield* Effect.forEach(platforms, (platform, i) => pushImage(store, i + 2, platform))
    const index = yield* Content.make(
      ImageIndex.codec,
      ImageIndex.make(images.map(({ manifest, platform }) => ({ ...manifest.descriptor, platform })))
    )
    yield* ImageStore.pushDocument(store, index)
    return { index, images }
  })

/**
 * Pushes a manifest with a subject, such as a signature.
 *
 * @internal
 */
export const pushReferrer = (store: ImageStore.Writable, subject: Descriptor.Descriptor, type: string) =>
  Effect.gen(function*() {
    yield* pushBlob(store, new TextEncoder().encode("{}"), MediaType.Empty)
    const manifest = yield* Content.make(
      ImageManifest.codec,
      ImageManifest.artifact(MediaType.MediaType.make(type), { subject, annotations: { "com.example": type } })
    )
    yield* ImageStore.pushDocument(store, manifest)
    return manifest
  })

/**
 * Returns the tag of the error, or `no failure`.
 *
 * @internal
 */
export const failure = <A, E extends { readonly _tag: string }, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.map(Effect.either(effect), Either.match({ onLeft: ({ _tag }) => _tag, onRight: () => "no failure" }))
