/**
 * Runnable images, built without a container engine: from statically linked programs, from layers, or on top of another
 * image.
 *
 * An image is a description. {@link push} builds it in a store in one pass and in bounded memory. The same input gives
 * the same digests on every machine: entries are sorted, have no owners, and no times but `SOURCE_DATE_EPOCH`.
 *
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/config.md
 * @since 0.1.0
 */
import type * as ConfigError from "effect/ConfigError"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { dual } from "effect/Function"
import * as Option from "effect/Option"
import { pipeArguments } from "effect/Pipeable"
import type * as Annotations from "./Annotations.js"
import type { ArtifactError } from "./Artifact.js"
import type * as FileTree from "./author/FileTree.js"
import type * as Compression from "./Compression.js"
import * as Content from "./Content.js"
import type { ContentError } from "./ContentError.js"
import type * as Hasher from "./Hasher.js"
import type * as ImageConfig from "./ImageConfig.js"
import * as ImageIndex from "./ImageIndex.js"
import * as ImageLayer from "./ImageLayer.js"
import type * as ImageManifest from "./ImageManifest.js"
import * as ImageStore from "./ImageStore.js"
import * as elf from "./internal/images/elf.js"
import { ExecutableError } from "./internal/images/errors.js"
import type { Base, PushOptions, RunnableImage } from "./internal/images/model.js"
import { pushImage } from "./internal/images/pushing.js"
import * as packing from "./internal/layers/packing.js"
import * as LocalFiles from "./LocalFiles.js"
import * as MediaType from "./MediaType.js"
import * as Platform from "./Platform.js"
import type * as Tar from "./Tar.js"

export type {
  /**
   * Base image in a store.
   *
   * @since 0.1.0
   * @category models
   */
  Base,
  /**
   * Options of pushing an image.
   *
   * @since 0.1.0
   * @category models
   */
  PushOptions,
  /**
   * Description of an image.
   *
   * @since 0.1.0
   * @category models
   */
  RunnableImage
} from "./internal/images/model.js"

export {
  /**
   * A file is not a program that an image can run by itself.
   *
   * - `NotElf`: not an ELF file, or damaged.
   * - `NotExecutable`: an object file or a library.
   * - `Dynamic`: needs an interpreter, which an image with nothing else in it does not have.
   * - `UnsupportedMachine`, `UnsupportedSystem`: no image platform is known for its processor or operating system.
   * - `CannotRead`: the file could not be read; see `cause`.
   *
   * @since 0.1.0
   * @category errors
   */
  ExecutableError
} from "./internal/images/errors.js"

const make = <E, R>(fields: Omit<RunnableImage<E, R>, "pipe">): RunnableImage<E, R> => ({
  ...fields,
  pipe() {
    return pipeArguments(this, arguments)
  }
})

/**
 * Makes an image without layers.
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
 * Makes an image on top of an image in a store, for one of its platforms. Execution parameters are inherited from the
 * base.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromImage = (base: Base, platform: Platform.Platform): RunnableImage =>
  make({ ...scratch(platform), base: Option.some(base) })

const baseName = (path: string): string => path.slice(path.lastIndexOf("/") + 1)

/**
 * Determines the platform of a Linux program from its ELF header. Fails if it is linked dynamically, unless `dynamic`
 * is true.
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
 * Errors of making a layer of files.
 *
 * @since 0.1.0
 * @category errors
 */
export type FilesError = ConfigError.ConfigError | FileTree.FileTreeError | ImageLayer.LayerError | Tar.TarError

/**
 * Makes an image that runs a statically linked program. The platform is that of the program.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromExecutable = (
  path: string,
  options: {
    /** Path of the program in the image. Default: its base name, in the root directory. */
    readonly at?: string | undefined
  } = {}
): RunnableImage<ExecutableError | FilesError, LocalFiles.LocalFiles> => {
  const at = `/${(options.at ?? baseName(path)).replace(/^\/+/, "")}`
  return make<ExecutableError | FilesError, LocalFiles.LocalFiles>({
    ...scratch(Platform.make("linux/amd64")),
    platform: platformOf(path),
    layers: [ImageLayer.fromFiles({ [at]: path })],
    configure: (execution) => ({ WorkingDir: "/", ...execution, Entrypoint: [at] })
  })
}

/**
 * Adds a layer on top of the others.
 *
 * @since 0.1.0
 * @category combinators
 */
export const addLayer: {
  <E2, R2>(layer: ImageLayer.ImageLayer<E2, R2>): <E, R>(self: RunnableImage<E, R>) => RunnableImage<E | E2, R | R2>
  <E, R, E2, R2>(self: RunnableImage<E, R>, layer: ImageLayer.ImageLayer<E2, R2>): RunnableImage<E | E2, R | R2>
} = dual(
  2,
  <E, R, E2, R2>(self: RunnableImage<E, R>, layer: ImageLayer.ImageLayer<E2, R2>): RunnableImage<E | E2, R | R2> =>
    make<E | E2, R | R2>({ ...self, layers: [...self.layers, layer] })
)

/**
 * Combinator that sets a value: data-first and data-last.
 *
 * @since 0.1.0
 * @category models
 */
export interface With<in A> {
  (value: A): <E, R>(self: RunnableImage<E, R>) => RunnableImage<E, R>
  <E, R>(self: RunnableImage<E, R>, value: A): RunnableImage<E, R>
}

/**
 * Combinator that sets several words: data-first and data-last.
 *
 * @since 0.1.0
 * @category models
 */
export interface WithWords {
  (...words: ReadonlyArray<string>): <E, R>(self: RunnableImage<E, R>) => RunnableImage<E, R>
  <E, R>(self: RunnableImage<E, R>, ...words: ReadonlyArray<string>): RunnableImage<E, R>
}

type Configure = (execution: ImageConfig.Execution) => ImageConfig.Execution

/**
 * Changes the execution parameters. The function receives the current parameters.
 *
 * @since 0.1.0
 * @category combinators
 */
export const configure: With<Configure> = dual(
  2,
  <E, R>(self: RunnableImage<E, R>, f: Configure): RunnableImage<E, R> =>
    make({ ...self, configure: (execution) => f(self.configure(execution)) })
)

const withValue = <A>(f: (value: A) => Configure): With<A> =>
  dual(2, <E, R>(self: RunnableImage<E, R>, value: A): RunnableImage<E, R> => configure(self, f(value)))

const isImage = (input: unknown): boolean => typeof input === "object" && input !== null && "configure" in input

const withWords = (f: (words: ReadonlyArray<string>) => Configure): WithWords =>
  dual(
    (args) => isImage(args[0]),
    <E, R>(self: RunnableImage<E, R>, ...words: ReadonlyArray<string>): RunnableImage<E, R> => configure(self, f(words))
  )

/**
 * Sets the entrypoint. As in a `Dockerfile`, this removes the command of the base.
 *
 * @since 0.1.0
 * @category combinators
 */
export const entrypoint: WithWords = withWords((words) => ({ Cmd: _, ...execution }) => ({
  ...execution,
  Entrypoint: words
}))

/**
 * Sets the command, or the arguments of the entrypoint if there is one.
 *
 * @since 0.1.0
 * @category combinators
 */
export const command: WithWords = withWords((words) => (execution) => ({ ...execution, Cmd: words }))

/**
 * Sets environment variables. Variables of the base are replaced in place.
 *
 * @since 0.1.0
 * @category combinators
 */
export const env: With<Readonly<Record<string, string>>> = withValue((variables) => ({ Env = [], ...execution }) => {
  const all = new Map(Env.map((text) => [text.slice(0, text.indexOf("=")), text] as const))
  for (const [name, value] of Object.entries(variables)) all.set(name, `${name}=${value}`)
  return { ...execution, Env: [...all.values()] }
})

/**
 * Sets the user that runs the program: `user`, `uid`, `user:group` or `uid:gid`.
 *
 * @since 0.1.0
 * @category combinators
 */
export const user: With<string> = withValue((name) => (execution) => ({ ...execution, User: name }))

/**
 * Sets the working directory.
 *
 * @since 0.1.0
 * @category combinators
 */
export const workingDirectory: With<string> = withValue((path) => (execution) => ({ ...execution, WorkingDir: path }))

const keys = (before: ImageConfig.Execution["ExposedPorts"], added: ReadonlyArray<string>) => ({
  ...before,
  ...Object.fromEntries(added.map((key) => [key, {}]))
})

/**
 * Exposes a port. Default protocol: `tcp`.
 *
 * @since 0.1.0
 * @category combinators
 */
export const expose: {
  (port: number, protocol?: "tcp" | "udp" | "sctp"): <E, R>(self: RunnableImage<E, R>) => RunnableImage<E, R>
  <E, R>(self: RunnableImage<E, R>, port: number, protocol?: "tcp" | "udp" | "sctp"): RunnableImage<E, R>
} = dual(
  (args) => isImage(args[0]),
  <E, R>(self: RunnableImage<E, R>, port: number, protocol: "tcp" | "udp" | "sctp" = "tcp"): RunnableImage<E, R> =>
    configure(self, (execution) => ({
      ...execution,
      ExposedPorts: keys(execution.ExposedPorts, [`${port}/${protocol}`])
    }))
)

/**
 * Adds a directory for which each container gets a volume.
 *
 * @since 0.1.0
 * @category combinators
 */
export const volume: With<string> = withValue((path) => (execution) => ({
  ...execution,
  Volumes: keys(execution.Volumes, [path])
}))

/**
 * Adds labels. Labels of the base are overwritten. Containers of the image inherit them.
 *
 * @since 0.1.0
 * @category combinators
 */
export const labels: With<Readonly<Record<string, string>>> = withValue((added) => (execution) => ({
  ...execution,
  Labels: { ...execution.Labels, ...added }
}))

/**
 * Sets the signal that stops a container, such as `SIGINT`. Default: that of the base, else `SIGTERM`.
 *
 * @since 0.1.0
 * @category combinators
 */
export const stopSignal: With<string> = withValue((signal) => (execution) => ({ ...execution, StopSignal: signal }))

/**
 * Options of a health check.
 *
 * @since 0.1.0
 * @category models
 */
export interface HealthCheckOptions {
  /** Interval between checks. Default: 30 seconds. */
  readonly interval?: Duration.DurationInput | undefined
  /** Timeout of one check. Default: 30 seconds. */
  readonly timeout?: Duration.DurationInput | undefined
  /** Time after start in which failures are not counted. Default: 0. */
  readonly startPeriod?: Duration.DurationInput | undefined
  /** Number of consecutive failures until the container is unhealthy. Default: 3. */
  readonly retries?: number | undefined
}

const nanoseconds = (key: string, duration: Duration.DurationInput | undefined) =>
  duration === undefined ? {} : { [key]: Math.round(Duration.toMillis(duration) * 1e6) }

/**
 * Sets the health check. Podman reads it only from images in Docker's format; see {@link PushOptions}.
 *
 * @since 0.1.0
 * @category combinators
 */
export const healthCheck: {
  (
    test: readonly [string, ...Array<string>],
    options?: HealthCheckOptions
  ): <E, R>(self: RunnableImage<E, R>) => RunnableImage<E, R>
  <E, R>(
    self: RunnableImage<E, R>,
    test: readonly [string, ...Array<string>],
    options?: HealthCheckOptions
  ): RunnableImage<E, R>
} = dual(
  (args) => isImage(args[0]),
  <E, R>(
    self: RunnableImage<E, R>,
    test: readonly [string, ...Array<string>],
    options: HealthCheckOptions = {}
  ): RunnableImage<E, R> => {
    const Healthcheck: ImageConfig.HealthCheck = {
      Test: ["CMD", ...test],
      ...nanoseconds("Interval", options.interval),
      ...nanoseconds("Timeout", options.timeout),
      ...nanoseconds("StartPeriod", options.startPeriod),
      ...(options.retries === undefined ? {} : { Retries: options.retries })
    }
    return configure(self, (execution) => ({ ...execution, Healthcheck }))
  }
)

/**
 * Adds annotations to the manifest. Existing keys are overwritten.
 *
 * @since 0.1.0
 * @category combinators
 */
export const annotate: With<Annotations.Annotations> = dual(
  2,
  <E, R>(self: RunnableImage<E, R>, added: Annotations.Annotations): RunnableImage<E, R> =>
    make({ ...self, annotations: { ...self.annotations, ...added } })
)

/**
 * Sets the author.
 *
 * @since 0.1.0
 * @category combinators
 */
export const author: With<string> = dual(
  2,
  <E, R>(self: RunnableImage<E, R>, name: string): RunnableImage<E, R> => make({ ...self, author: name })
)

/**
 * Builds an image in a store and, if a name is given, tags it.
 *
 * @since 0.1.0
 * @category destructors
 */
export const push: {
  (
    store: ImageStore.Writable & ImageStore.Receiver,
    name?: string,
    options?: PushOptions
  ): <E, R>(self: RunnableImage<E, R>) => Effect.Effect<
    Content.Content<ImageManifest.ImageManifest>,
    E | ArtifactError | Compression.CompressionError | ConfigError.ConfigError | ContentError,
    R | Compression.Compression | Hasher.Hasher
  >
  <E, R>(
    self: RunnableImage<E, R>,
    store: ImageStore.Writable & ImageStore.Receiver,
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
    store: ImageStore.Writable & ImageStore.Receiver,
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
 * Builds one image for each platform in a store, and an index of them that is tagged if a name is given.
 *
 * @since 0.1.0
 * @category destructors
 */
export const pushIndex = <E, R>(
  images: readonly [RunnableImage<E, R>, ...ReadonlyArray<RunnableImage<E, R>>],
  store: ImageStore.Writable & ImageStore.Receiver,
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
