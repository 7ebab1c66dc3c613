/**
 * What an engine must be able to do, by what it does it to. Everything else a
 * backend offers is derived from this, see {@link Backend.make}.
 *
 * One rule holds for every driver: no success without the word of the engine.
 * A client, a connection or a stream that has ended is not a process that has
 * ended, and its exit code is not the process's. A driver asks the engine how
 * the process has ended (its exit code, or that it runs, or that it never ran),
 * and fails where the engine says something else or nothing. What a process
 * prints is never taken for the engine's word while the engine can be asked.
 *
 * @since 0.1.0
 */
import type * as CommandExecutor from "@effect/platform/CommandExecutor"
import type { Platform, Reference } from "@ociman/oci"
import type * as Arr from "effect/Array"
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import type * as Stream from "effect/Stream"
import type * as BackendError from "./BackendError.js"
import type * as BuildEvent from "./BuildEvent.js"
import type * as ContainerId from "./ContainerId.js"
import type * as ContainerInfo from "./ContainerInfo.js"
import type * as ContainerName from "./ContainerName.js"
import type * as Definition from "./Definition.js"
import type * as Engine from "./Engine.js"
import type * as Event from "./Event.js"
import type * as Exec from "./Exec.js"
import type * as ExtraHost from "./ExtraHost.js"
import type * as HostName from "./HostName.js"
import type * as ImageHistory from "./ImageHistory.js"
import type * as ImageId from "./ImageId.js"
import type * as ImageInfo from "./ImageInfo.js"
import type * as IpAddress from "./IpAddress.js"
import type * as Label from "./Label.js"
import type * as NetworkInfo from "./NetworkInfo.js"
import type * as Output from "./Output.js"
import type * as ProcessInfo from "./ProcessInfo.js"
import type * as Session from "./Session.js"
import type * as Stats from "./Stats.js"
import type * as Subnet from "./Subnet.js"
import type * as Transfer from "./Transfer.js"
import type * as VolumeInfo from "./VolumeInfo.js"

/**
 * All of it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Primitives
  extends Containers, Files, Observations, Images, Builds, Networks, Volumes, Hosts, Processes
{
  readonly engine: Engine.Engine
}

/**
 * The processes that use the engine, which are told by what they make.
 *
 * @since 0.1.0
 * @category models
 */
export interface Processes {
  /** The process that this is; `None` where it cannot be told, and then what it makes is never swept. */
  readonly currentProcess: Option.Option<Session.Process>
  readonly isProcessAlive: (process: Session.Process) => Effect.Effect<Session.Liveness>
}

/**
 * A container is addressed by its id or its name.
 *
 * @since 0.1.0
 * @category models
 */
export interface Containers {
  /** Creates a container under the given name without pulling its image or starting it. */
  readonly createContainer: (
    definition: Definition.Definition,
    name: ContainerName.ContainerName
  ) => Effect.Effect<ContainerId.ContainerId, BackendError.CreateError>
  readonly startContainer: (container: string) => Effect.Effect<void, BackendError.StartError>
  /**
   * Starts a container and follows its process to the end, feeding its standard input. The exit code is the engine's:
   * fails where the connection ends while the process runs.
   */
  readonly startAttached: (
    container: string,
    stdin: Option.Option<Exec.Stdin>
  ) => Stream.Stream<Output.ProcessEvent, BackendError.StartError>
  readonly stopContainer: (
    container: string,
    grace: Option.Option<Duration.Duration>
  ) => Effect.Effect<void, BackendError.ContainerError>
  readonly killContainer: (container: string, signal: string) => Effect.Effect<void, BackendError.ContainerError>
  readonly restartContainer: (
    container: string,
    grace: Option.Option<Duration.Duration>
  ) => Effect.Effect<void, BackendError.StartError>
  readonly pauseContainer: (container: string) => Effect.Effect<void, BackendError.ContainerError>
  readonly unpauseContainer: (container: string) => Effect.Effect<void, BackendError.ContainerError>
  readonly renameContainer: (
    container: string,
    name: ContainerName.ContainerName
  ) => Effect.Effect<void, BackendError.ContainerError | BackendError.NameInUse>
  readonly removeContainer: (
    container: string,
    options: RemoveOptions
  ) => Effect.Effect<void, BackendError.ContainerError>
  /** Waits until the container's process has ended, and gives its exit code. */
  readonly waitContainer: (container: string) => Effect.Effect<number, BackendError.ContainerError>
  readonly inspectContainer: (
    container: string
  ) => Effect.Effect<ContainerInfo.ContainerInfo, BackendError.ContainerError>
  /** Containers in any state that carry all the labels asked for. */
  readonly listContainers: (
    labels: ReadonlyArray<Label.Filter>
  ) => Effect.Effect<ReadonlyArray<ContainerInfo.ContainerInfo>, BackendError.EngineError>
  readonly containerLogs: (
    container: string,
    options: LogOptions
  ) => Stream.Stream<Output.Output, BackendError.ContainerError>
  /**
   * Runs a command in a running container and follows it to its end, whatever its exit code, which is the engine's.
   * Fails with `ExecFailed` where the command never ran, and with `EngineFailed` where the connection ends while it runs.
   */
  readonly exec: (
    container: string,
    exec: Exec.Exec
  ) => Stream.Stream<Output.ProcessEvent, BackendError.ContainerError | BackendError.ExecFailed>
  /** Processes of the platform's `Command`, inside a container. */
  readonly executor: (container: string) => CommandExecutor.CommandExecutor
  /** Makes an image of the container's file system, without volumes and other mounts. */
  readonly commitContainer: (
    container: string,
    image: Reference.Reference,
    options: CommitOptions
  ) => Effect.Effect<ImageId.ImageId, BackendError.ContainerError>
}

/**
 * An image is addressed by its name or its id. Names mean on every engine what
 * they mean on Docker: `alpine` is `docker.io/library/alpine:latest`, and a tag
 * says nothing where there is a digest. One of Podman's own short names, such as
 * `app` for `localhost/app`, is found by Podman all the same.
 *
 * @since 0.1.0
 * @category models
 */
export interface Images {
  /** Asks the registry, and fails if the image is not there afterwards. */
  readonly pullImage: (
    image: Reference.Reference,
    options: PullOptions
  ) => Stream.Stream<Transfer.Event, BackendError.TransferError>
  readonly pushImage: (
    image: Reference.Reference,
    options: PushOptions
  ) => Stream.Stream<Transfer.Event, BackendError.TransferError>
  readonly inspectImage: (image: ImageKey) => Effect.Effect<ImageInfo.ImageInfo, BackendError.ImageError>
  /** From the last step to the first. */
  readonly imageHistory: (
    image: ImageKey
  ) => Effect.Effect<ReadonlyArray<ImageHistory.Step>, BackendError.ImageError>
  /** Images that carry all the labels asked for. */
  readonly listImages: (
    labels: ReadonlyArray<Label.Filter>
  ) => Effect.Effect<ReadonlyArray<ImageInfo.ImageInfo>, BackendError.EngineError>
  /** Gives an image one more name, which another image loses. */
  readonly tagImage: (
    image: ImageKey,
    name: Reference.Reference
  ) => Effect.Effect<void, BackendError.ImageError>
  /** By force, a name is removed also while containers use the image, which goes on without it. */
  readonly removeImage: (
    image: ImageKey,
    options: { readonly force: boolean }
  ) => Effect.Effect<void, BackendError.ImageError>
  /** Stores the images of an archive, which is read as it is needed. */
  readonly loadImages: (
    archive: Archive
  ) => Effect.Effect<LoadedImages, BackendError.EngineError>
  /** One archive of all the images, in the format of `docker save`. */
  readonly saveImages: (
    images: Arr.NonEmptyReadonlyArray<ImageKey>
  ) => Stream.Stream<Uint8Array, BackendError.ImageError>
  /** Makes an image of the files in an archive. */
  readonly importImage: (
    archive: Archive,
    image: Reference.Reference,
    options: ImportOptions
  ) => Effect.Effect<ImageId.ImageId, BackendError.EngineError>
  /** Removes images that no container uses, and gives the ids of what was removed. */
  readonly pruneImages: (
    options: PruneImagesOptions
  ) => Effect.Effect<ReadonlyArray<ImageId.ImageId>, BackendError.EngineError>
}

/**
 * An image by one of its names or by its id.
 *
 * @since 0.1.0
 * @category models
 */
export type ImageKey = Reference.Reference | ImageId.ImageId

/**
 * The bytes of a tar archive. The failure of the stream is the `cause` of an `EngineFailed`
 * whose reason is `InputFailed`.
 *
 * @since 0.1.0
 * @category models
 */
export type Archive = Stream.Stream<Uint8Array, unknown>

/**
 * What was in an archive.
 *
 * @since 0.1.0
 * @category models
 */
export interface LoadedImages {
  /** The names that the archive gives its images. */
  readonly references: ReadonlyArray<Reference.Reference>
  /** The images to which it gives none. */
  readonly ids: ReadonlyArray<ImageId.ImageId>
}

/**
 * Who one is to a registry.
 *
 * @since 0.1.0
 * @category models
 */
export interface Credentials {
  readonly username: string
  readonly password: Redacted.Redacted<string>
}

/**
 * Files of a container in any state, as archives in the format of tar. Paths
 * are absolute.
 *
 * @since 0.1.0
 * @category models
 */
export interface Files {
  /**
   * Unpacks an archive into a directory that is there. Owners and permissions
   * are the archive's. Directories that it lacks are made; what is there and of
   * the same kind is replaced.
   */
  readonly copyInto: <E>(
    container: string,
    directory: string,
    archive: Stream.Stream<Uint8Array, E>
  ) => Effect.Effect<void, BackendError.CopyError | E>
  /**
   * The archive of a file or of a directory with all that is in it; the first
   * entry is the file or directory itself, and its name is the first part of all
   * other names. A symbolic link at the path is followed.
   */
  readonly copyOutOf: (container: string, path: string) => Stream.Stream<Uint8Array, BackendError.CopyError>
}

/**
 * What happens on an engine and in its containers.
 *
 * @since 0.1.0
 * @category models
 */
export interface Observations {
  /** What a running container uses: one sample, or one after the other until it stops. */
  readonly containerStats: (
    container: string,
    options: { readonly follow: boolean }
  ) => Stream.Stream<Stats.Stats, BackendError.ContainerError>
  /** The processes of a running container. */
  readonly containerProcesses: (
    container: string
  ) => Effect.Effect<ReadonlyArray<ProcessInfo.ProcessInfo>, BackendError.ContainerError>
  /**
   * Listens to what happens from the moment this succeeds, or from `since`,
   * until the scope closes. Each event is delivered once.
   */
  readonly events: (
    filter: Event.Filter
  ) => Effect.Effect<Stream.Stream<Event.Event, BackendError.EngineError>, BackendError.EngineError, Scope.Scope>
}

/**
 * @since 0.1.0
 * @category models
 */
export interface PushOptions {
  /** Default: what the engine's own `login` has stored. */
  readonly credentials: Option.Option<Credentials>
}

/**
 * @since 0.1.0
 * @category models
 */
export interface ImportOptions {
  /** Dockerfile instructions applied to the image's configuration, such as `CMD ["sh"]`. Default: none. */
  readonly changes?: ReadonlyArray<string> | undefined
  /** What the image's history says. */
  readonly message?: string | undefined
}

/**
 * @since 0.1.0
 * @category models
 */
export interface PruneImagesOptions {
  /** Only images that carry all of them. */
  readonly labels: ReadonlyArray<Label.Filter>
  /** Also images that have a name. */
  readonly all: boolean
}

/**
 * @since 0.1.0
 * @category models
 */
export interface Builds {
  /** Builds an image, stores it under a name, and tells what happens meanwhile. */
  readonly buildImage: (
    request: BuildRequest
  ) => Stream.Stream<BuildEvent.BuildEvent, BackendError.BuildFailed | BackendError.EngineError>
  /**
   * Waits until nobody else on this machine who uses this engine holds the lock of that image, and holds it until the
   * scope closes. The lock of somebody who no longer runs counts for nothing.
   */
  readonly lockImage: (image: Reference.Reference) => Effect.Effect<void, BackendError.EngineError, Scope.Scope>
}

/**
 * A network is addressed by its id, or by its name where only one has it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Networks {
  /** An engine makes no second network of a name. */
  readonly createNetwork: (
    request: NetworkRequest
  ) => Effect.Effect<NetworkInfo.Id, BackendError.CreateNetworkError>
  readonly inspectNetwork: (network: string) => Effect.Effect<NetworkInfo.NetworkInfo, BackendError.NetworkError>
  /** Networks that carry all the labels asked for. */
  readonly listNetworks: (
    labels: ReadonlyArray<Label.Filter>
  ) => Effect.Effect<ReadonlyArray<NetworkInfo.NetworkInfo>, BackendError.EngineError>
  /**
   * By force, containers of any state are disconnected first; else connected ones are a reason to refuse. With
   * `unusedOnly`, containers that do not run are one too, on engines that otherwise disregard them. Default: false.
   */
  readonly removeNetwork: (
    network: string,
    options: { readonly force: boolean; readonly unusedOnly?: boolean | undefined }
  ) => Effect.Effect<void, BackendError.NetworkError | BackendError.ResourceInUse>
  readonly connectContainer: (
    network: string,
    container: string,
    endpoint: Endpoint
  ) => Effect.Effect<void, BackendError.NetworkError | BackendError.ContainerNotFound>
  /** By force, also a container that is stopped or half removed. */
  readonly disconnectContainer: (
    network: string,
    container: string,
    options: { readonly force: boolean }
  ) => Effect.Effect<void, BackendError.NetworkError | BackendError.ContainerNotFound>
}

/**
 * A volume is addressed by its whole name.
 *
 * @since 0.1.0
 * @category models
 */
export interface Volumes {
  /** An engine may leave it at that where there is a volume of the name. */
  readonly createVolume: (
    request: VolumeRequest
  ) => Effect.Effect<void, BackendError.NameInUse | BackendError.EngineError>
  readonly inspectVolume: (volume: string) => Effect.Effect<VolumeInfo.VolumeInfo, BackendError.VolumeError>
  /** Volumes that carry all the labels asked for. */
  readonly listVolumes: (
    labels: ReadonlyArray<Label.Filter>
  ) => Effect.Effect<ReadonlyArray<VolumeInfo.VolumeInfo>, BackendError.EngineError>
  /** By force, containers that use it are removed first; else they are a reason to refuse. */
  readonly removeVolume: (
    volume: string,
    options: { readonly force: boolean }
  ) => Effect.Effect<void, BackendError.VolumeError | BackendError.ResourceInUse>
}

/**
 * @since 0.1.0
 * @category models
 */
export interface Hosts {
  /** The addresses of a host name for the processes of a running container, the preferred one first. */
  readonly resolveHost: (
    container: string,
    host: HostName.HostName
  ) => Effect.Effect<
    Arr.NonEmptyReadonlyArray<IpAddress.IpAddress>,
    BackendError.ContainerError | BackendError.ExecFailed | BackendError.HostNotResolved
  >
}

/**
 * What network is to be made; `Network.make` makes it of its options.
 *
 * @since 0.1.0
 * @category models
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
 *
 * @since 0.1.0
 * @category models
 */
export interface Endpoint {
  readonly aliases: ReadonlyArray<HostName.HostName>
  readonly addresses: ReadonlyArray<IpAddress.IpAddress>
}

/**
 * What volume is to be made; `Volume.make` makes it of its options.
 *
 * @since 0.1.0
 * @category models
 */
export interface VolumeRequest {
  readonly name: VolumeInfo.Name
  readonly driver: Option.Option<string>
  readonly driverOptions: Readonly<Record<string, string>>
  readonly labels: Label.Labels
}

/**
 * @since 0.1.0
 * @category models
 */
export interface RemoveOptions {
  /** Remove a running container too: it is asked to stop, and killed when `grace` is over. */
  readonly force: boolean
  /** Remove its anonymous volumes. */
  readonly volumes: boolean
  /** How long a running container has to stop when it is removed by force. */
  readonly grace: Duration.Duration
}

/**
 * @since 0.1.0
 * @category models
 */
export interface LogOptions {
  /** Wait for more output until the container's process ends. Default: false. */
  readonly follow?: boolean | undefined
  /** Only what was written after this time, or within this duration before now. */
  readonly since?: Date | Duration.DurationInput | undefined
  /** Only this many lines from the end. Default: all. */
  readonly tail?: number | undefined
}

/**
 * @since 0.1.0
 * @category models
 */
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

/**
 * @since 0.1.0
 * @category models
 */
export interface PullOptions {
  /** Default: the engine's own platform. */
  readonly platform: Option.Option<Platform.Platform>
  /** Default: what the engine's own `login` has stored. */
  readonly credentials: Option.Option<Credentials>
}

/**
 * What is to be built; made by the combinators of `Build`.
 *
 * @since 0.1.0
 * @category models
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
 *
 * @since 0.1.0
 * @category models
 */
export type BuildSecret =
  | { readonly _tag: "Value"; readonly value: Redacted.Redacted<string> }
  | { readonly _tag: "File"; readonly path: string }
