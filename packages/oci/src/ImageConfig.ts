/**
 * Image configurations: how to run an image, and how it was made. Docker's configurations are read as well.
 *
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/config.md
 * @since 0.1.0
 */
import * as Chunk from "effect/Chunk"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { Codec } from "./Content.js"
import * as digests from "./Digest.js"
import * as document from "./internal/documents/document.js"
import * as mediaTypes from "./MediaType.js"
import * as platforms from "./Platform.js"

const Texts = Schema.Array(Schema.String)

/** Set of strings in Go's JSON encoding. */
const Keys = Schema.Record({
  key: Schema.String,
  value: Schema.Record({ key: Schema.String, value: Schema.Unknown })
}).annotations({ arbitrary: () => (fc) => fc.dictionary(fc.stringMatching(/^[a-z0-9/]{1,9}$/), fc.constant({})) })

const Labels = Schema.Record({ key: Schema.String, value: Schema.String }).annotations({
  arbitrary: () => (fc) => fc.dictionary(fc.string().filter((key) => key !== "__proto__"), fc.string())
})

const EnvironmentVariable = Schema.String.pipe(
  Schema.filter((text) => text.indexOf("=") > 0, {
    message: () => "an environment variable must have the form NAME=VALUE"
  })
).annotations({
  arbitrary: () => (fc) => fc.tuple(fc.stringMatching(/^\w{1,9}$/), fc.string()).map((_) => _.join("="))
})

const Nanoseconds = Schema.NonNegativeInt

/**
 * Schema of the health check of a container, an extension of Docker. Podman reads it only from images in Docker's
 * format.
 *
 * @see https://github.com/moby/docker-image-spec/blob/v1.3.1/spec.md
 * @since 0.1.0
 * @category schemas
 */
export const HealthCheck = Schema.Struct({
  /** `["CMD", …]`, `["CMD-SHELL", command]`, `["NONE"]`, or empty to inherit from the base. */
  Test: document.nullable(Texts),
  /** In nanoseconds, like the other durations. */
  Interval: document.nullable(Nanoseconds),
  Timeout: document.nullable(Nanoseconds),
  StartPeriod: document.nullable(Nanoseconds),
  StartInterval: document.nullable(Nanoseconds),
  Retries: document.nullable(Schema.NonNegativeInt)
}).annotations({ identifier: "ImageConfig.HealthCheck" })

/**
 * Health check of a container.
 *
 * @since 0.1.0
 * @category models
 */
export interface HealthCheck extends Schema.Schema.Type<typeof HealthCheck> {}

/**
 * Schema of the execution parameters of an image. `null`, as written by Docker, is read as an absent field.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Execution = Schema.Struct({
  /** `user`, `uid`, `user:group`, `uid:gid`, and so on. */
  User: document.nullable(Schema.String),
  /** Keys like `8080/tcp`. */
  ExposedPorts: document.nullable(Keys),
  Env: document.nullable(Schema.Array(EnvironmentVariable)),
  Entrypoint: document.nullable(Texts),
  Cmd: document.nullable(Texts),
  /** Keys are absolute paths. */
  Volumes: document.nullable(Keys),
  WorkingDir: document.nullable(Schema.String),
  Labels: document.nullable(Labels),
  StopSignal: document.nullable(Schema.String),
  ArgsEscaped: document.nullable(Schema.Boolean),
  Healthcheck: document.nullable(HealthCheck)
}).annotations({ identifier: "ImageConfig.Execution" })

/**
 * Execution parameters of an image.
 *
 * @since 0.1.0
 * @category models
 */
export interface Execution extends Schema.Schema.Type<typeof Execution> {}

/**
 * Schema of a history entry. An entry without `empty_layer: true` made the next layer.
 *
 * @since 0.1.0
 * @category schemas
 */
export const History = Schema.Struct({
  created: document.nullable(document.DateTime),
  author: document.nullable(Schema.String),
  created_by: document.nullable(Schema.String),
  comment: document.nullable(Schema.String),
  empty_layer: document.nullable(Schema.Boolean)
}).annotations({ identifier: "ImageConfig.History" })

/**
 * History entry of an image.
 *
 * @since 0.1.0
 * @category models
 */
export interface History extends Schema.Schema.Type<typeof History> {}

/**
 * Schema of the layers of an image, as digests of their uncompressed archives, from the base upwards.
 *
 * @since 0.1.0
 * @category schemas
 */
export const RootFs = Schema.Struct({
  type: Schema.Literal("layers"),
  diff_ids: document.list(digests.WellFormed)
}).annotations({ identifier: "ImageConfig.RootFs" })

/**
 * Layers of an image, as digests of their uncompressed archives.
 *
 * @since 0.1.0
 * @category models
 */
export interface RootFs extends Schema.Schema.Type<typeof RootFs> {}

/**
 * Schema of image configurations, with the field names of the specification. Unknown fields are preserved by a spread
 * and written again.
 *
 * @since 0.1.0
 * @category schemas
 */
export const ImageConfig = Schema.Struct({
  /** Date and time in RFC 3339 form, in its original precision. */
  created: document.nullable(document.DateTime),
  author: document.nullable(Schema.String),
  architecture: Schema.String,
  variant: document.nullable(Schema.String),
  os: Schema.String,
  "os.version": document.nullable(Schema.String),
  "os.features": document.nullable(Texts),
  config: document.nullable(Execution),
  rootfs: RootFs,
  history: document.nullable(Schema.Array(History))
}).annotations({ identifier: "ImageConfig" })

/**
 * Image configuration, with the field names of the specification.
 *
 * @since 0.1.0
 * @category models
 */
export interface ImageConfig extends Schema.Schema.Type<typeof ImageConfig> {}

/**
 * Reports whether a value is an image configuration.
 *
 * @since 0.1.0
 * @category refinements
 */
export const isImageConfig: (u: unknown) => u is ImageConfig = Schema.is(ImageConfig)

/**
 * Makes a configuration for a platform and the digests of the uncompressed layers.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (
  platform: platforms.Platform,
  diffIds: ReadonlyArray<digests.WellFormed>,
  options: {
    readonly created?: string | undefined
    readonly author?: string | undefined
    readonly config?: Execution | undefined
    readonly history?: ReadonlyArray<History> | undefined
  } = {}
): ImageConfig => {
  const { author, config, created, history } = options
  return {
    ...(created === undefined ? {} : { created }),
    ...(author === undefined ? {} : { author }),
    architecture: platform.architecture,
    os: platform.os,
    ...(Option.isNone(platform.variant) ? {} : { variant: platform.variant.value }),
    ...(Option.isNone(platform.osVersion) ? {} : { "os.version": platform.osVersion.value }),
    ...(Chunk.isEmpty(platform.osFeatures) ? {} : { "os.features": Chunk.toReadonlyArray(platform.osFeatures) }),
    ...(config === undefined ? {} : { config }),
    rootfs: { type: "layers", diff_ids: diffIds },
    ...(history === undefined ? {} : { history })
  }
}

/**
 * Gets the platform of the image. None if the fields are not a valid platform, as in configurations of some artifacts.
 *
 * @since 0.1.0
 * @category getters
 */
export const platform = (self: ImageConfig): Option.Option<platforms.Platform> =>
  Either.getRight(
    Schema.decodeEither(platforms.Platform)({
      os: self.os,
      architecture: self.architecture,
      ...(self.variant === undefined || self.variant === "" ? {} : { variant: self.variant }),
      ...(self["os.version"] === undefined ? {} : { "os.version": self["os.version"] }),
      ...(self["os.features"] === undefined ? {} : { "os.features": self["os.features"] })
    })
  )

/**
 * Codec of image configurations. Reads at most 8 MiB.
 *
 * @since 0.1.0
 * @category codecs
 */
export const codec: Codec<ImageConfig> = {
  ...document.bytes("image configuration", ImageConfig, 2 * document.manifestLimit),
  mediaType: () => mediaTypes.ImageConfig,
  mediaTypes: [mediaTypes.ImageConfig, mediaTypes.DockerConfig]
}
