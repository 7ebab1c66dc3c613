import { FileSystem } from "@effect/platform"
import { Content, type Descriptor, ImageConfig, ImageManifest, ImageStore, MediaType, Platform, Tar } from "@ociman/oci"
import { Effect, Either, Stream } from "effect"

export const temporary = Effect.flatMap(
  FileSystem.FileSystem,
  (fs) => fs.makeTempDirectoryScoped({ prefix: "ociman-" })
)

export const bytesOf = <E, R>(stream: Stream.Stream<Uint8Array, E, R>) =>
  Effect.map(Stream.runCollect(stream), (chunks) => new Uint8Array(Buffer.concat([...chunks])))

export const archiveOf = (entries: ReadonlyArray<Tar.Entry>) => bytesOf(Tar.write(Stream.fromIterable(entries)))

export const pushBlob = (store: ImageStore.Writable, bytes: Uint8Array, mediaType = MediaType.ImageLayer) =>
  Effect.tap(Content.describe(mediaType, bytes), (descriptor) => store.push(descriptor, Stream.make(bytes)))

type Layer = Effect.Effect.Success<ReturnType<typeof pushBlob>>

/** An image of existing layers. */
export const pushImageOf = (
  store: ImageStore.Writable,
  layers: readonly [Layer, ...ReadonlyArray<Layer>],
  platform: Platform.Platform,
  options?: Parameters<typeof ImageConfig.make>[2]
) =>
  Effect.gen(function*() {
    const diffIds = layers.map(({ digest }) => digest)
    const config = yield* Content.make(ImageConfig.codec, ImageConfig.make(platform, diffIds, options))
    yield* ImageStore.pushDocument(store, config)
    const manifest = yield* Content.make(
      ImageManifest.codec,
      ImageManifest.make({ config: config.descriptor, layers })
    )
    yield* ImageStore.pushDocument(store, manifest)
    return { config: config.descriptor, manifest: manifest.descriptor }
  })

/** An image of layers that are archives with one file each. */
export const pushImage = (
  store: ImageStore.Writable,
  files: ReadonlyArray<string>,
  architecture = "amd64"
) =>
  Effect.gen(function*() {
    const layers = yield* Effect.forEach(
      files,
      (file) => Effect.flatMap(archiveOf([Tar.file(file, file)]), (bytes) => pushBlob(store, bytes))
    )
    const [first, ...rest] = layers
    if (first === undefined) return yield* Effect.dieMessage("An image has a layer")
    const documents = yield* pushImageOf(store, [first, ...rest], Platform.make(`linux/${architecture}`), {
      config: { Cmd: ["/nothing"] }
    })
    return { layers, ...documents }
  })

export const read = (store: ImageStore.Readable, descriptor: Descriptor.Descriptor) => bytesOf(store.fetch(descriptor))

export const failure = <A, E extends { readonly _tag: string }, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.map(
    Effect.either(effect),
    Either.match({
      onLeft: (error) => "reason" in error ? `${error._tag} ${String(error.reason)}` : error._tag,
      onRight: () => "no failure"
    })
  )
