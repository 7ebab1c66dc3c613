/**
 * Configurations of images: how to run them and what they were made of. Docker's are read as well.
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
import * as document from "./internal/document.js"
import * as mediaTypes from "./MediaType.js"
import * as platforms from "./Platform.js"

const Texts = Schema.Array(Schema.String)

/** A set, as Go writes one. */
const Keys = Schema.Record({
  key: Schema.String,
  value: Schema.Record({ key: Schema.String, value: Schema.Unknown })
}).annotations({ arbitrary: () => (fc) => fc.dictionary(fc.stringMatching(/^[a-z0-9/]{1,9}$/), fc.constant({})) })

const Labels = Schema.Record({ key: Schema.String, value: Schema.String }).annotations({
  arbitrary: () => (fc) => fc.dictionary(fc.string().filter((key) => key !== "__proto__"), fc.string())
})

const EnvironmentVariable = Schema.String.pipe(
  Schema.filter((text) => text.indexOf("=") > 0, {
    message: () => "a variable of the environment is written NAME=VALUE"
  })
).annotations({
  arbitrary: () => (fc) => fc.tuple(fc.stringMatching(/^\w{1,9}$/), fc.string()).map((_) => _.join("="))
})

const Nanoseconds = Schema.NonNegativeInt

/**
 * How an engine finds out whether a container is well. Docker's alone: Podman reads it of images in Docker's format
 * only.
 *
 * @see https://github.com/moby/docker-image-spec/blob/v1.3.1/spec.md
 * @since 0.1.0
 * @category schemas
 */
export const HealthCheck = Schema.Struct({
  /** `["CMD", …]`, `["CMD-SHELL", command]`, `["NONE"]`, or nothing to have that of the base. */
  Test: document.nullable(Texts),
  /** In nanoseconds, like the others. */
  Interval: document.nullable(Nanoseconds),
  Timeout: document.nullable(Nanoseconds),
  StartPeriod: document.nullable(Nanoseconds),
  StartInterval: document.nullable(Nanoseconds),
  Retries: document.nullable(Schema.NonNegativeInt)
}).annotations({ identifier: "ImageConfig.HealthCheck" })

/**
 * How an engine finds out whether a container is well.
 *
 * @since 0.1.0
 * @category models
 */
export interface HealthCheck extends Schema.Schema.Type<typeof HealthCheck> {}

/**
 * How a container of the image is run. Where Docker writes `null`, the field is absent.
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
 * How a container of the image is run.
 *
 * @since 0.1.0
 * @category models
 */
export interface Execution extends Schema.Schema.Type<typeof Execution> {}

/**
 * A step by which the image was made. One that is not `empty_layer` made the next layer.
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
 * A step by which the image was made.
 *
 * @since 0.1.0
 * @category models
 */
export interface History extends Schema.Schema.Type<typeof History> {}

/**
 * The layers of an image, by the digests of their uncompressed archives, from the base upwards.
 *
 * @since 0.1.0
 * @category schemas
 */
export const RootFs = Schema.Struct({
  type: Schema.Literal("layers"),
  diff_ids: document.list(digests.WellFormed)
}).annotations({ identifier: "ImageConfig.RootFs" })

/**
 * The layers of an image, by the digests of their uncompressed archives.
 *
 * @since 0.1.0
 * @category models
 */
export interface RootFs extends Schema.Schema.Type<typeof RootFs> {}

/**
 * A configuration, with the fields and names of the specification. Unknown fields of one that was read are still there
 * when it is copied with a spread, and are written again.
 *
 * @since 0.1.0
 * @category schemas
 */
export const ImageConfig = Schema.Struct({
  /** In the form of RFC 3339, as precise as it was written. */
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
 * A configuration, with the fields and names of the specification.
 *
 * @since 0.1.0
 * @category models
 */
export interface ImageConfig extends Schema.Schema.Type<typeof ImageConfig> {}

/**
 * Whether a value is a configuration.
 *
 * @since 0.1.0
 * @category refinements
 */
export const isImageConfig: (u: unknown) => u is ImageConfig = Schema.is(ImageConfig)

/**
 * A configuration of an image for a platform, of layers given by the digests of their uncompressed archives.
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
 * What the image is for, unless what stands there is no platform: an artifact's configuration may leave it empty.
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
 * A configuration as bytes. At most 8 MiB are read.
 *
 * @since 0.1.0
 * @category codecs
 */
export const codec: Codec<ImageConfig> = {
  ...document.bytes("image configuration", ImageConfig, 2 * document.manifestLimit),
  mediaType: () => mediaTypes.ImageConfig,
  mediaTypes: [mediaTypes.ImageConfig, mediaTypes.DockerConfig]
}
