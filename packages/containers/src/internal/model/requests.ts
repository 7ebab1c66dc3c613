import type * as Platform from "@ociman/oci/Platform"
import type * as Reference from "@ociman/oci/Reference"
import type * as Duration from "effect/Duration"
import type * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import type * as Stream from "effect/Stream"
import type * as ExtraHost from "../../ExtraHost.js"
import type * as HostName from "../../HostName.js"
import type * as ImageId from "../../ImageId.js"
import type * as IpAddress from "../../IpAddress.js"
import type * as Label from "../../Label.js"
import type * as NetworkInfo from "../../NetworkInfo.js"
import type * as Subnet from "../../Subnet.js"
import type * as VolumeInfo from "../../VolumeInfo.js"

/**
 * Reference or id of an image.
 */
export type ImageKey = Reference.Reference | ImageId.ImageId

/**
 * Bytes of a tar archive. A failure of the stream becomes the `cause` of an `EngineFailed` with reason `InputFailed`.
 */
export type Archive = Stream.Stream<Uint8Array, unknown>

/**
 * Images found in an archive.
 */
export interface LoadedImages {
  /** References of the images in the archive. */
  readonly references: ReadonlyArray<Reference.Reference>
  /** Ids of images without a reference. */
  readonly ids: ReadonlyArray<ImageId.ImageId>
}

/**
 * User name and password for a registry.
 */
export interface Credentials {
  readonly username: string
  readonly password: Redacted.Redacted<string>
}

export interface PushOptions {
  /** Default: credentials stored by the engine's `login`. */
  readonly credentials: Option.Option<Credentials>
}

export interface ImportOptions {
  /** Dockerfile instructions applied to the image's configuration, such as `CMD ["sh"]`. Default: none. */
  readonly changes?: ReadonlyArray<string> | undefined
  /** Message in the image's history. */
  readonly message?: string | undefined
}

export interface PruneImagesOptions {
  /** Label filters, all of which must match. */
  readonly labels: ReadonlyArray<Label.Filter>
  /** If true, includes images with a reference. */
  readonly all: boolean
}

/**
 * Network to create. Users pass `Network.Options` to `Network.make`.
 */
export interface NetworkRequest {
  readonly name: NetworkInfo.Name
  readonly driver: Option.Option<string>
  readonly subnets: ReadonlyArray<{
    readonly subnet: Subnet.Subnet
    readonly gateway: Option.Option<IpAddress.IpAddress>
  }>
  readonly internal: boolean
  readonly ipv6: boolean
  readonly labels: Label.Labels
  readonly driverOptions: Readonly<Record<string, string>>
}

/**
 * Aliases and addresses of a container in a network.
 */
export interface Endpoint {
  readonly aliases: ReadonlyArray<HostName.HostName>
  readonly addresses: ReadonlyArray<IpAddress.IpAddress>
}

/**
 * Volume to create. Users pass `Volume.Options` to `Volume.make`.
 */
export interface VolumeRequest {
  readonly name: VolumeInfo.Name
  readonly driver: Option.Option<string>
  readonly driverOptions: Readonly<Record<string, string>>
  readonly labels: Label.Labels
}

export interface RemoveOptions {
  /** If true, stops a running container first, and kills it after `grace`. */
  readonly force: boolean
  /** If true, also removes its anonymous volumes. */
  readonly volumes: boolean
  /** Time between the stop signal and `SIGKILL`, with `force`. */
  readonly grace: Duration.Duration
}

export interface LogOptions {
  /** If true, streams further output until the process ends. Default: false. */
  readonly follow?: boolean | undefined
  /** Start of the output, as a time or a duration before now. Default: the first output. */
  readonly since?: Date | Duration.DurationInput | undefined
  /** Number of lines from the end. Default: all. */
  readonly tail?: number | undefined
}

export interface CommitOptions {
  /**
   * If true, pauses the container meanwhile, so that its files do not change. Default: true, except on rootless Podman
   * with version 1 of control groups, which cannot pause.
   */
  readonly pause?: boolean | undefined
  readonly author?: string | undefined
  readonly message?: string | undefined
  /** Dockerfile instructions applied to the image's configuration, such as `ENV A=1`. */
  readonly changes?: ReadonlyArray<string> | undefined
}

export interface PullOptions {
  /** Default: the engine's own platform. */
  readonly platform: Option.Option<Platform.Platform>
  /** Default: credentials stored by the engine's `login`. */
  readonly credentials: Option.Option<Credentials>
}

/**
 * Image to build, see the combinators of `Build`.
 */
export interface BuildRequest {
  readonly image: Reference.Reference
  /** Directory on this machine, or the text of a Dockerfile that needs no files. */
  readonly source:
    | { readonly _tag: "Directory"; readonly path: string }
    | { readonly _tag: "Instructions"; readonly text: string }
  /** Build arguments. A redacted value does not appear in events and errors. */
  readonly arguments: Readonly<Record<string, string | Redacted.Redacted<string>>>
  readonly labels: Label.Labels
  /**
   * Dockerfile of a directory: an absolute path, or one relative to the directory, in which it need not be. Default:
   * the builder's.
   */
  readonly dockerfile?: string | undefined
  /** Last stage to build. Default: the last one of the Dockerfile. */
  readonly target?: string | undefined
  /** Default: the engine's own platform. */
  readonly platform?: Platform.Platform | undefined
  /** Build secrets by id, available to `RUN --mount=type=secret`. Default: none. */
  readonly secrets?: Readonly<Record<string, BuildSecret>> | undefined
  /** Images whose layers may be reused, besides the builder's own cache. Default: none. */
  readonly cacheFrom?: ReadonlyArray<Reference.Reference> | undefined
  /** If true, runs each step even if the builder has cached its result. Default: false. */
  readonly noCache?: boolean | undefined
  /** If true, pulls the base images even if the engine has them. Default: false. */
  readonly pullBase?: boolean | undefined
  /** Network of the steps: `none`, `host`, or another one that the builder knows. Default: the builder's own. */
  readonly network?: string | undefined
  /** Additional entries of the steps' `/etc/hosts`. Default: none. */
  readonly extraHosts?: ReadonlyArray<ExtraHost.ExtraHost> | undefined
}

/**
 * Secret of a build: a value, or a file on this machine that holds it.
 */
export type BuildSecret =
  | { readonly _tag: "Value"; readonly value: Redacted.Redacted<string> }
  | { readonly _tag: "File"; readonly path: string }
