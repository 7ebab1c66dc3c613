import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as Annotations from "../Annotations.js"
import { ArtifactError } from "../ArtifactError.js"
import * as Content from "../Content.js"
import { type ContentError, InvalidDocument } from "../ContentError.js"
import * as Copy from "../Copy.js"
import * as Descriptor from "../Descriptor.js"
import type * as Digest from "../Digest.js"
import type * as Hasher from "../Hasher.js"
import * as ImageConfig from "../ImageConfig.js"
import * as ImageManifest from "../ImageManifest.js"
import * as ImageStore from "../ImageStore.js"
import * as Layer from "../Layer.js"
import * as MediaType from "../MediaType.js"
import type * as Platform from "../Platform.js"
import type { Base, PushOptions, RunnableImage } from "../RunnableImage.js"
import { runAtOnce } from "./layer.js"
import * as packing from "./layerPacking.js"

/** What the new image is made of. */
interface Ground {
  readonly config: ImageConfig.ImageConfig
  readonly layers: ReadonlyArray<Descriptor.Descriptor>
  readonly annotations: Annotations.Annotations
}

const readBase = (
  { name, store: from }: Base,
  platform: Platform.Platform,
  to: ImageStore.Writable
): Effect.Effect<Ground, ArtifactError | ContentError, Hasher.Hasher> =>
  Effect.gen(function*() {
    const root = yield* Copy.rootOf({ store: from, name }, platform)
    if (!MediaType.isManifest(root.mediaType)) return yield* new ArtifactError({ path: name, reason: "NotAnArtifact" })
    const { value: manifest } = yield* ImageStore.fetchDocument(from, ImageManifest.codec, root)
    const { value: config } = yield* ImageStore.fetchDocument(from, ImageConfig.codec, manifest.config)
    const { diff_ids: diffIds } = config.rootfs
    if (diffIds.length !== manifest.layers.length) {
      return yield* new InvalidDocument({
        document: ImageConfig.codec.name,
        path: "rootfs.diff_ids",
        reason: "InvalidField",
        rule: `there are ${diffIds.length}, and ${manifest.layers.length} layers in the manifest`
      })
    }
    yield* Effect.forEach(manifest.layers, (layer) => to.push(layer, (from.fetchUnverified ?? from.fetch)(layer)), {
      concurrency: 3
    })
    return {
      config,
      layers: manifest.layers.map(Descriptor.bare),
      annotations: { [Annotations.baseName]: name, [Annotations.baseDigest]: root.digest }
    }
  })

const formats = {
  oci: {
    manifest: MediaType.ImageManifest,
    config: MediaType.ImageConfig,
    none: MediaType.ImageLayer,
    gzip: MediaType.ImageLayerGzip,
    zstd: MediaType.ImageLayerZstd
  },
  docker: {
    manifest: MediaType.DockerManifest,
    config: MediaType.DockerConfig,
    none: MediaType.DockerLayer,
    gzip: MediaType.DockerLayerGzip,
    // Docker has no name of its own for it.
    zstd: MediaType.ImageLayerZstd
  }
} as const

const inFormat = (descriptor: Descriptor.Descriptor, format: "oci" | "docker"): Descriptor.Descriptor =>
  MediaType.isNondistributable(descriptor.mediaType) ? descriptor : {
    ...descriptor,
    mediaType: Option.match(MediaType.compression(descriptor.mediaType), {
      onNone: () => descriptor.mediaType,
      onSome: (compression) => formats[format][compression]
    })
  }

const pushLayer = <E, R>(store: ImageStore.Receiving, layer: Layer.Layer<E, R>) =>
  store.receive((sink) =>
    Effect.map(runAtOnce(layer, sink), ([description]) => [description.descriptor, description] as const)
  )

const addedTo = (
  { config }: Ground,
  self: Pick<RunnableImage, "author" | "configure">,
  diffIds: ReadonlyArray<Digest.Digest>,
  created: string
): ImageConfig.ImageConfig => ({
  ...config,
  created,
  ...(self.author === undefined ? {} : { author: self.author }),
  config: self.configure(config.config ?? {}),
  rootfs: { type: "layers", diff_ids: [...config.rootfs.diff_ids, ...diffIds] },
  history: [...config.history ?? [], ...diffIds.map(() => ({ created, created_by: "ociman" }))]
})

/** Puts an image into a store, without a name. */
export const pushImage = <E, R>(
  self: RunnableImage<E, R>,
  store: ImageStore.Writable & ImageStore.Receiving,
  options: PushOptions
) =>
  Effect.gen(function*() {
    const format = options.format ?? "oci"
    const platform = yield* self.platform
    const created = (yield* packing.time(options.created)).toISOString().replace(".000Z", "Z")
    const ground: Ground = yield* Option.match(self.base, {
      onNone: () => Effect.succeed({ config: ImageConfig.make(platform, []), layers: [], annotations: {} }),
      onSome: (base) => readBase(base, platform, store)
    })
    // A manifest has at least one layer.
    const layers = self.layers.length + ground.layers.length === 0 ? [Layer.empty] : self.layers
    const added = yield* Effect.forEach(layers, (layer) => pushLayer(store, layer))
    const written = yield* Content.make(
      ImageConfig.codec,
      addedTo(ground, self, added.map(({ diffId }) => diffId), created)
    )
    const config = { ...written.descriptor, mediaType: formats[format].config }
    yield* store.push(config, Stream.make(written.bytes))
    const [first, ...rest] = [...ground.layers, ...added.map(({ descriptor }) => descriptor)]
      .map((descriptor) => inFormat(descriptor, format))
    if (first === undefined) return yield* Effect.dieMessage("An image was made without a layer")
    const annotations = { ...ground.annotations, ...self.annotations }
    const manifest = yield* Content.make(ImageManifest.codec, {
      ...ImageManifest.make({
        config,
        layers: [first, ...rest],
        ...(format === "docker" || Object.keys(annotations).length === 0 ? {} : { annotations })
      }),
      mediaType: formats[format].manifest
    })
    yield* ImageStore.pushDocument(store, manifest)
    return { manifest, platform }
  })
