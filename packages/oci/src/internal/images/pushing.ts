import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as Annotations from "../../Annotations.js"
import * as FastPath from "../../author/FastPath.js"
import * as Content from "../../Content.js"
import { type ContentError, InvalidDocument } from "../../ContentError.js"
import * as Copy from "../../Copy.js"
import * as Descriptor from "../../Descriptor.js"
import type * as Digest from "../../Digest.js"
import type * as Hasher from "../../Hasher.js"
import * as ImageConfig from "../../ImageConfig.js"
import * as ImageLayer from "../../ImageLayer.js"
import * as ImageManifest from "../../ImageManifest.js"
import * as ImageStore from "../../ImageStore.js"
import * as MediaType from "../../MediaType.js"
import type * as Platform from "../../Platform.js"
import * as packing from "../layers/packing.js"
import { runAtOnce } from "../layers/running.js"
import { ArtifactError } from "./errors.js"
import type { Base, PushOptions, RunnableImage } from "./model.js"

/** Configuration, layers and annotations of the base. */
interface Foundation {
  readonly config: ImageConfig.ImageConfig
  readonly layers: ReadonlyArray<Descriptor.Descriptor>
  readonly annotations: Annotations.Annotations
}

const readBase = (
  { name, store: from }: Base,
  platform: Platform.Platform,
  to: ImageStore.Writable
): Effect.Effect<Foundation, ArtifactError | ContentError, Hasher.Hasher> =>
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
        rule: `there are ${diffIds.length} digests, but ${manifest.layers.length} layers in the manifest`
      })
    }
    const fetch = FastPath.ofFetch(from).unverified ?? from.fetch
    yield* Effect.forEach(manifest.layers, (layer) => to.push(layer, fetch(layer)), {
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
    // Docker has no media type of its own for zstd.
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

const pushLayer = <E, R>(store: ImageStore.Receiver, layer: ImageLayer.ImageLayer<E, R>) =>
  store.receive((sink) =>
    Effect.map(runAtOnce(layer, sink), ([description]) => [description.descriptor, description] as const)
  )

const addLayers = (
  { config }: Foundation,
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

/** Builds an image in a store, without a name. */
export const pushImage = <E, R>(
  self: RunnableImage<E, R>,
  store: ImageStore.Writable & ImageStore.Receiver,
  options: PushOptions
) =>
  Effect.gen(function*() {
    const format = options.format ?? "oci"
    const platform = yield* self.platform
    const created = (yield* packing.time(options.created)).toISOString().replace(".000Z", "Z")
    const foundation: Foundation = yield* Option.match(self.base, {
      onNone: () => Effect.succeed({ config: ImageConfig.make(platform, []), layers: [], annotations: {} }),
      onSome: (base) => readBase(base, platform, store)
    })
    // A manifest must have at least one layer.
    const layers = self.layers.length + foundation.layers.length === 0 ? [ImageLayer.empty] : self.layers
    const added = yield* Effect.forEach(layers, (layer) => pushLayer(store, layer))
    const written = yield* Content.make(
      ImageConfig.codec,
      addLayers(foundation, self, added.map(({ diffId }) => diffId), created)
    )
    const config = { ...written.descriptor, mediaType: formats[format].config }
    yield* store.push(config, Stream.make(written.bytes))
    const [first, ...rest] = [...foundation.layers, ...added.map(({ descriptor }) => descriptor)]
      .map((descriptor) => inFormat(descriptor, format))
    if (first === undefined) return yield* Effect.dieMessage("An image was made without a layer")
    const annotations = { ...foundation.annotations, ...self.annotations }
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
