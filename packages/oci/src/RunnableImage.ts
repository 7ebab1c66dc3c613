/**
 * Images that run, made without an engine: of programs that are linked statically, of layers, or on top of another
 * image.
 *
 * An image is a description. {@link push} puts it into a store, in one pass and in bounded memory, and the same input
 * gives the same digests on every machine: entries in one order, no owners, and no times but `SOURCE_DATE_EPOCH`.
 *
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/config.md
 * @since 0.1.0
 */
import type * as ConfigError from "effect/ConfigError"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { dual } from "effect/Function"
import * as Option from "effect/Option"
import { type Pipeable, pipeArguments } from "effect/Pipeable"
import type * as Annotations from "./Annotations.js"
import { type ArtifactError, ExecutableError } from "./ArtifactError.js"
import type * as Compression from "./Compression.js"
import * as Content from "./Content.js"
import type { ContentError } from "./ContentError.js"
import type * as FileTree from "./FileTree.js"
import type * as Hasher from "./Hasher.js"
import type * as ImageConfig from "./ImageConfig.js"
import * as ImageIndex from "./ImageIndex.js"
import type * as ImageManifest from "./ImageManifest.js"
import * as ImageStore from "./ImageStore.js"
import * as elf from "./internal/elf.js"
import { pushImage } from "./internal/imagePushing.js"
import * as packing from "./internal/layerPacking.js"
import * as Layer from "./Layer.js"
import type { LayerError } from "./LayerError.js"
import * as LocalFiles from "./LocalFiles.js"
import * as MediaType from "./MediaType.js"
import * as Platform from "./Platform.js"
import type * as Tar from "./Tar.js"

/**
 * What an image is made on top of.
 *
 * @since 0.1.0
 * @category models
 */
export interface Base {
  readonly store: ImageStore.Readable
  readonly name: string
}

/**
 * How an image is made.
 *
 * @since 0.1.0
 * @category models
 */
export interface RunnableImage<out E = never, out R = never> extends Pipeable {
  /** For what it is; asked for when it is pushed. */
  readonly platform: Effect.Effect<Platform.Platform, E, R>
  readonly base: Option.Option<Base>
  /** From the base upwards. */
  readonly layers: ReadonlyArray<Layer.Layer<E, R>>
  /** Changes how the base is run. */
  readonly configure: (execution: ImageConfig.Execution) => ImageConfig.Execution
  readonly annotations: Annotations.Annotations
  readonly author: string | undefined
}

const make = <E, R>(fields: Omit<RunnableImage<E, R>, "pipe">): RunnableImage<E, R> => ({
  ...fields,
  pipe() {
    return pipeArguments(this, arguments)
  }
})

/**
 * An image with nothing in it.
 *
 * @since 0.1.0
 * @category constructors
 */
export const scratch = (platform: Platform.Platform): RunnableImage =>
  make({
    platform: Effect.succeed(platform),
    base: Option.none(),
    layers: [],
    configure: (execution) => execution,
    annotations: {},
    author: undefined
  })

/**
 * An image on top of one in a store, for a platform of it. What is run, and how, is that of the base until it is
 * changed.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromImage = (base: Base, platform: Platform.Platform): RunnableImage =>
  make({ ...scratch(platform), base: Option.some(base) })

const baseName = (path: string): string => path.slice(path.lastIndexOf("/") + 1)

/**
 * The platform of a program, by its headers. It must be for Linux, and be linked statically unless that is not wanted.
 *
 * @since 0.1.0
 * @category getters
 */
export const platformOf = (
  path: string,
  options: { readonly dynamic?: boolean | undefined } = {}
): Effect.Effect<Platform.Platform, ExecutableError, LocalFiles.LocalFiles> =>
  Effect.gen(function*() {
    const { reader } = yield* LocalFiles.LocalFiles
    const [file] = yield* Effect.mapError(
      reader.readFiles([path]),
      (cause) => new ExecutableError({ path, reason: "CannotRead", detail: cause.message, cause })
    )
    const bytes = yield* Effect.mapError(
      packing.beginning(file?.content ?? new Uint8Array(0), elf.headerLimit),
      (cause) => new ExecutableError({ path, reason: "CannotRead", detail: cause.message, cause })
    )
    return yield* Effect.mapError(
      elf.platformOf(bytes, { dynamic: options.dynamic ?? false }),
      (fault) => new ExecutableError({ path, ...fault })
    )
  })

/**
 * What making a layer of files may fail with.
 *
 * @since 0.1.0
 * @category errors
 */
export type FilesError = ConfigError.ConfigError | FileTree.FileTreeError | LayerError | Tar.TarError

/**
 * An image of a program that is linked statically, which it runs. The platform is the one the program is for.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromExecutable = (
  path: string,
  options: {
    /** Where it lies in the image. Default: at the root, by its base name. */
    readonly at?: string | undefined
  } = {}
): RunnableImage<ExecutableError | FilesError, LocalFiles.LocalFiles> => {
  const at = `/${(options.at ?? baseName(path)).replace(/^\/+/, "")}`
  return make<ExecutableError | FilesError, LocalFiles.LocalFiles>({
    ...scratch(Platform.make("linux/amd64")),
    platform: platformOf(path),
    layers: [Layer.fromFiles({ [at]: path })],
    configure: (execution) => ({ WorkingDir: "/", ...execution, Entrypoint: [at] })
  })
}

/**
 * The image with a layer more, on top of the others.
 *
 * @since 0.1.0
 * @category combinators
 */
export const addLayer: {
  <E2, R2>(layer: Layer.Layer<E2, R2>): <E, R>(self: RunnableImage<E, R>) => RunnableImage<E | E2, R | R2>
  <E, R, E2, R2>(self: RunnableImage<E, R>, layer: Layer.Layer<E2, R2>): RunnableImage<E | E2, R | R2>
} = dual(
  2,
  <E, R, E2, R2>(self: RunnableImage<E, R>, layer: Layer.Layer<E2, R2>): RunnableImage<E | E2, R | R2> =>
    make<E | E2, R | R2>({ ...self, layers: [...self.layers, layer] })
)

/**
 * The image, which runs differently: the function is given what there is so far.
 *
 * @since 0.1.0
 * @category combinators
 */
export const configure: {
  (
    f: (execution: ImageConfig.Execution) => ImageConfig.Execution
  ): <E, R>(self: RunnableImage<E, R>) => RunnableImage<E, R>
  <E, R>(
    self: RunnableImage<E, R>,
    f: (execution: ImageConfig.Execution) => ImageConfig.Execution
  ): RunnableImage<E, R>
} = dual(
  2,
  <E, R>(
    self: RunnableImage<E, R>,
    f: (execution: ImageConfig.Execution) => ImageConfig.Execution
  ): RunnableImage<E, R> => make({ ...self, configure: (execution) => f(self.configure(execution)) })
)

/**
 * What is run. As in a `Dockerfile`, the command of the base is then not used.
 *
 * @since 0.1.0
 * @category combinators
 */
export const entrypoint = (...words: ReadonlyArray<string>) => <E, R>(self: RunnableImage<E, R>): RunnableImage<E, R> =>
  configure(self, ({ Cmd: _, ...execution }) => ({ ...execution, Entrypoint: words }))

/**
 * What is run, or the arguments of the entrypoint, if there is one.
 *
 * @since 0.1.0
 * @category combinators
 */
export const command = (...words: ReadonlyArray<string>) => <E, R>(self: RunnableImage<E, R>): RunnableImage<E, R> =>
  configure(self, (execution) => ({ ...execution, Cmd: words }))

/**
 * Variables of the environment. Those that the base has are replaced where they are.
 *
 * @since 0.1.0
 * @category combinators
 */
export const environment =
  (variables: Readonly<Record<string, string>>) => <E, R>(self: RunnableImage<E, R>): RunnableImage<E, R> =>
    configure(self, ({ Env = [], ...execution }) => {
      const all = new Map(Env.map((text) => [text.slice(0, text.indexOf("=")), text] as const))
      for (const [name, value] of Object.entries(variables)) all.set(name, `${name}=${value}`)
      return { ...execution, Env: [...all.values()] }
    })

/**
 * Who runs it: `user`, `uid`, `user:group` or `uid:gid`.
 *
 * @since 0.1.0
 * @category combinators
 */
export const user = (name: string) => <E, R>(self: RunnableImage<E, R>): RunnableImage<E, R> =>
  configure(self, (execution) => ({ ...execution, User: name }))

/**
 * In which directory it is run.
 *
 * @since 0.1.0
 * @category combinators
 */
export const workingDirectory = (path: string) => <E, R>(self: RunnableImage<E, R>): RunnableImage<E, R> =>
  configure(self, (execution) => ({ ...execution, WorkingDir: path }))

const keys = (before: ImageConfig.Execution["ExposedPorts"], added: ReadonlyArray<string>) => ({
  ...before,
  ...Object.fromEntries(added.map((key) => [key, {}]))
})

/**
 * Ports that it listens on.
 *
 * @since 0.1.0
 * @category combinators
 */
export const expose =
  (port: number, protocol: "tcp" | "udp" | "sctp" = "tcp") => <E, R>(self: RunnableImage<E, R>): RunnableImage<E, R> =>
    configure(self, (execution) => ({
      ...execution,
      ExposedPorts: keys(execution.ExposedPorts, [`${port}/${protocol}`])
    }))

/**
 * A directory of which each container has a volume.
 *
 * @since 0.1.0
 * @category combinators
 */
export const volume = (path: string) => <E, R>(self: RunnableImage<E, R>): RunnableImage<E, R> =>
  configure(self, (execution) => ({ ...execution, Volumes: keys(execution.Volumes, [path]) }))

/**
 * Labels, which its containers have too. Those that the base has are replaced.
 *
 * @since 0.1.0
 * @category combinators
 */
export const labels =
  (added: Readonly<Record<string, string>>) => <E, R>(self: RunnableImage<E, R>): RunnableImage<E, R> =>
    configure(self, (execution) => ({ ...execution, Labels: { ...execution.Labels, ...added } }))

/**
 * What a container is asked to stop by, like `SIGINT`. Default: that of the base, else `SIGTERM`.
 *
 * @since 0.1.0
 * @category combinators
 */
export const stopSignal = (signal: string) => <E, R>(self: RunnableImage<E, R>): RunnableImage<E, R> =>
  configure(self, (execution) => ({ ...execution, StopSignal: signal }))

/**
 * How an engine finds out whether a container is well. Podman reads that only of images in Docker's format; see
 * {@link PushOptions}.
 *
 * @since 0.1.0
 * @category combinators
 */
export const healthCheck = (test: readonly [string, ...Array<string>], options: {
  /** Default: 30 seconds. */
  readonly interval?: Duration.DurationInput | undefined
  /** Default: 30 seconds. */
  readonly timeout?: Duration.DurationInput | undefined
  /** How long failures do not count. Default: 0. */
  readonly startPeriod?: Duration.DurationInput | undefined
  /** Default: 3. */
  readonly retries?: number | undefined
} = {}) =>
<E, R>(self: RunnableImage<E, R>): RunnableImage<E, R> => {
  const nanoseconds = (key: string, duration: Duration.DurationInput | undefined) =>
    duration === undefined ? {} : { [key]: Math.round(Duration.toMillis(duration) * 1e6) }
  const Healthcheck: ImageConfig.HealthCheck = {
    Test: ["CMD", ...test],
    ...nanoseconds("Interval", options.interval),
    ...nanoseconds("Timeout", options.timeout),
    ...nanoseconds("StartPeriod", options.startPeriod),
    ...(options.retries === undefined ? {} : { Retries: options.retries })
  }
  return configure(self, (execution) => ({ ...execution, Healthcheck }))
}

/**
 * Annotations of the manifest.
 *
 * @since 0.1.0
 * @category combinators
 */
export const annotate = (added: Annotations.Annotations) => <E, R>(self: RunnableImage<E, R>): RunnableImage<E, R> =>
  make({ ...self, annotations: { ...self.annotations, ...added } })

/**
 * Who made it.
 *
 * @since 0.1.0
 * @category combinators
 */
export const author = (name: string) => <E, R>(self: RunnableImage<E, R>): RunnableImage<E, R> =>
  make({ ...self, author: name })

/**
 * @since 0.1.0
 * @category models
 */
export interface PushOptions {
  /**
   * In whose words the manifest is written. Docker's are understood by everyone, but have neither annotations nor zstd.
   * Default: `oci`.
   */
  readonly format?: "oci" | "docker" | undefined
  /** When it was made. Default: `SOURCE_DATE_EPOCH`, else the beginning of 1970. */
  readonly created?: Date | undefined
}

/**
 * Puts an image into a store, and gives it a name there.
 *
 * @since 0.1.0
 * @category destructors
 */
export const push: {
  (
    store: ImageStore.Writable & ImageStore.Receiving,
    name?: string,
    options?: PushOptions
  ): <E, R>(self: RunnableImage<E, R>) => Effect.Effect<
    Content.Content<ImageManifest.ImageManifest>,
    E | ArtifactError | Compression.CompressionError | ConfigError.ConfigError | ContentError,
    R | Compression.Compression | Hasher.Hasher
  >
  <E, R>(
    self: RunnableImage<E, R>,
    store: ImageStore.Writable & ImageStore.Receiving,
    name?: string,
    options?: PushOptions
  ): Effect.Effect<
    Content.Content<ImageManifest.ImageManifest>,
    E | ArtifactError | Compression.CompressionError | ConfigError.ConfigError | ContentError,
    R | Compression.Compression | Hasher.Hasher
  >
} = dual(
  (args) => "layers" in args[0],
  <E, R>(
    self: RunnableImage<E, R>,
    store: ImageStore.Writable & ImageStore.Receiving,
    name?: string,
    options: PushOptions = {}
  ) =>
    Effect.gen(function*() {
      const { manifest } = yield* pushImage(self, store, options)
      if (name !== undefined) yield* store.tag(manifest.descriptor, name)
      return manifest
    }).pipe(Effect.withSpan("RunnableImage.push", {
      captureStackTrace: false,
      attributes: { store: store.name, ...(name === undefined ? {} : { reference: name }) }
    }))
)

/**
 * Puts one image for each platform into a store, and an index of them, to which it gives a name.
 *
 * @since 0.1.0
 * @category destructors
 */
export const pushIndex = <E, R>(
  images: readonly [RunnableImage<E, R>, ...ReadonlyArray<RunnableImage<E, R>>],
  store: ImageStore.Writable & ImageStore.Receiving,
  name?: string,
  options: PushOptions = {}
): Effect.Effect<
  Content.Content<ImageIndex.ImageIndex>,
  E | ArtifactError | Compression.CompressionError | ConfigError.ConfigError | ContentError,
  R | Compression.Compression | Hasher.Hasher
> =>
  Effect.gen(function*() {
    const manifests = yield* Effect.forEach(images, (image) =>
      Effect.map(pushImage(image, store, options), ({ manifest, platform }) => ({ ...manifest.descriptor, platform })))
    const index = yield* Content.make(ImageIndex.codec, {
      ...ImageIndex.make(manifests),
      mediaType: options.format === "docker" ? MediaType.DockerManifestList : MediaType.ImageIndex
    })
    yield* ImageStore.pushDocument(store, index)
    if (name !== undefined) {
      yield* store.tag(index.descriptor, name)
    }
    return index
  }).pipe(Effect.withSpan("RunnableImage.pushIndex", {
    captureStackTrace: false,
    attributes: { store: store.name, ...(name === undefined ? {} : { reference: name }) }
  }))
