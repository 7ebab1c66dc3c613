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
 * An image by one of its names or by its id.
 */
export type ImageKey = Reference.Reference | ImageId.ImageId

/**
 * The bytes of a tar archive. The failure of the stream is the `cause` of an `EngineFailed`
 * whose reason is `InputFailed`.
 */
export type Archive = Stream.Stream<Uint8Array, unknown>

/**
 * What was in an archive.
 */
export interface LoadedImages {
  /** The names that the archive gives its images. */
  readonly references: ReadonlyArray<Reference.Reference>
  /** The images to which it gives none. */
  readonly ids: ReadonlyArray<ImageId.ImageId>
}

/**
 * Who one is to a registry.
 */
export interface Credentials {
  readonly username: string
  readonly password: Redacted.Redacted<string>
}

export interface PushOptions {
  /** Default: what the engine's own `login` has stored. */
  readonly credentials: Option.Option<Credentials>
}

export interface ImportOptions {
  /** Dockerfile instructions applied to the image's configuration, such as `CMD ["sh"]`. Default: none. */
  readonly changes?: ReadonlyArray<string> | undefined
  /** What the image's history says. */
  readonly message?: string | undefined
}

export interface PruneImagesOptions {
  /** Only images that carry all of them. */
  readonly labels: ReadonlyArray<Label.Filter>
  /** Also images that have a name. */
  readonly all: boolean
}

/**
 * What network is to be made; `Network.make` makes it of its options.
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
 * How a container is in a network: by which names it is found besides its own,
 * and at which addresses, where it matters.
 */
export interface Endpoint {
  readonly aliases: ReadonlyArray<HostName.HostName>
  readonly addresses: ReadonlyArray<IpAddress.IpAddress>
}

/**
 * What volume is to be made; `Volume.make` makes it of its options.
 */
export interface VolumeRequest {
  readonly name: VolumeInfo.Name
  readonly driver: Option.Option<string>
  readonly driverOptions: Readonly<Record<string, string>>
  readonly labels: Label.Labels
}

export interface RemoveOptions {
  /** Remove a running container too: it is asked to stop, and killed when `grace` is over. */
  readonly force: boolean
  /** Remove its anonymous volumes. */
  readonly volumes: boolean
  /** How long a running container has to stop when it is removed by force. */
  readonly grace: Duration.Duration
}

export interface LogOptions {
  /** Wait for more output until the container's process ends. Default: false. */
  readonly follow?: boolean | undefined
  /** Only what was written after this time, or within this duration before now. */
  readonly since?: Date | Duration.DurationInput | undefined
  /** Only this many lines from the end. Default: all. */
  readonly tail?: number | undefined
}

export interface CommitOptions {
  /**
   * Pause the container meanwhile, so that its files do not change. Default: true, where the engine can: Podman
   * without root on the first version of control groups cannot.
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
  /** Default: what the engine's own `login` has stored. */
  readonly credentials: Option.Option<Credentials>
}

/**
 * What is to be built; made by the combinators of `Build`.
 */
export interface BuildRequest {
  readonly image: Reference.Reference
  /** A directory on this machine, or the text of a Dockerfile that needs no directory. */
  readonly source:
    | { readonly _tag: "Directory"; readonly path: string }
    | { readonly _tag: "Instructions"; readonly text: string }
  /** Build arguments. A redacted value is not shown in events and errors. */
  readonly arguments: Readonly<Record<string, string | Redacted.Redacted<string>>>
  readonly labels: Label.Labels
  /**
   * The Dockerfile of a directory: an absolute path, or one relative to the directory, in which it need not be. Default:
   * the one that the builder finds.
   */
  readonly dockerfile?: string | undefined
  /** The stage that is wanted. Default: the last one. */
  readonly target?: string | undefined
  /** Default: the engine's own platform. */
  readonly platform?: Platform.Platform | undefined
  /** What `RUN --mount=type=secret` can read, by its id. Default: nothing. */
  readonly secrets?: Readonly<Record<string, BuildSecret>> | undefined
  /** Images whose layers may be used. Default: none but what the builder has itself. */
  readonly cacheFrom?: ReadonlyArray<Reference.Reference> | undefined
  /** Whether each step is run although the builder has its result. Default: false. */
  readonly noCache?: boolean | undefined
  /** Whether the images that are built from are pulled although they are there. Default: false. */
  readonly pullBase?: boolean | undefined
  /** The network of the steps: `none`, `host`, or another one that the builder knows. Default: the builder's own. */
  readonly network?: string | undefined
  /** Entries for the steps' `/etc/hosts`. Default: none. */
  readonly extraHosts?: ReadonlyArray<ExtraHost.ExtraHost> | undefined
}

/**
 * A value, or a file on this machine that holds it.
 */
export type BuildSecret =
  | { readonly _tag: "Value"; readonly value: Redacted.Redacted<string> }
  | { readonly _tag: "File"; readonly path: string }
