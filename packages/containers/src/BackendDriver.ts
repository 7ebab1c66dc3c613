/**
 * Operations that a driver provides for one engine, grouped by theme. A
 * `Backend` derives everything else from them, see `Backend.make`.
 *
 * A driver reports success only if the engine confirms it. The end of a client, a connection or a stream is not the end
 * of a process, and the exit code of a client is not that of the process: the driver asks the engine how the process
 * ended, and fails if the engine contradicts the client or does not answer. Output of a process is never parsed as a
 * message of the engine while the engine can be asked.
 *
 * @since 0.1.0
 */
import type * as CommandExecutor from "@effect/platform/CommandExecutor"
import type * as Reference from "@ociman/oci/Reference"
import type * as Arr from "effect/Array"
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import type * as Stream from "effect/Stream"
import type * as BackendError from "./BackendError.js"
import type * as BuildEvent from "./BuildEvent.js"
import type * as ContainerId from "./ContainerId.js"
import type * as ContainerInfo from "./ContainerInfo.js"
import type * as ContainerName from "./ContainerName.js"
import type * as Definition from "./Definition.js"
import type * as Engine from "./Engine.js"
import type * as Exec from "./Exec.js"
import type * as HostName from "./HostName.js"
import type * as ImageId from "./ImageId.js"
import type * as ImageInfo from "./ImageInfo.js"
import type * as model from "./internal/model/events.js"
import type * as requests from "./internal/model/requests.js"
import type * as IpAddress from "./IpAddress.js"
import type * as Label from "./Label.js"
import type * as NetworkInfo from "./NetworkInfo.js"
import type * as Output from "./Output.js"
import type * as Transfer from "./Transfer.js"
import type * as VolumeInfo from "./VolumeInfo.js"

/**
 * Driver of one engine: its identity, and its operations by theme.
 *
 * @since 0.1.0
 * @category models
 */
export interface BackendDriver {
  readonly engine: Engine.Engine
  readonly containers: Containers
  readonly exec: Execs
  readonly files: Files
  readonly images: Images
  readonly builds: Builds
  readonly networks: Networks
  readonly volumes: Volumes
  readonly events: Events
}

/**
 * Operations on containers, which are addressed by id or name.
 *
 * @since 0.1.0
 * @category models
 */
export interface Containers {
  /** Creates a container with the given name. Neither pulls its image nor starts it. */
  readonly create: (
    definition: Definition.Definition,
    name: ContainerName.ContainerName
  ) => Effect.Effect<ContainerId.ContainerId, BackendError.CreateError>
  readonly start: (container: string) => Effect.Effect<void, BackendError.StartError>
  /**
   * Starts a container, feeds its standard input, and streams its output and exit code. The exit code is reported by
   * the engine; fails if the connection ends while the process runs.
   */
  readonly startAttached: (
    container: string,
    stdin: Option.Option<Exec.Stdin>
  ) => Stream.Stream<Output.ProcessEvent, BackendError.StartError>
  readonly stop: (
    container: string,
    grace: Option.Option<Duration.Duration>
  ) => Effect.Effect<void, BackendError.ContainerError>
  readonly kill: (container: string, signal: string) => Effect.Effect<void, BackendError.ContainerError>
  readonly restart: (
    container: string,
    grace: Option.Option<Duration.Duration>
  ) => Effect.Effect<void, BackendError.StartError>
  readonly pause: (container: string) => Effect.Effect<void, BackendError.ContainerError>
  readonly unpause: (container: string) => Effect.Effect<void, BackendError.ContainerError>
  readonly rename: (
    container: string,
    name: ContainerName.ContainerName
  ) => Effect.Effect<void, BackendError.ContainerError | BackendError.NameInUse>
  readonly remove: (
    container: string,
    options: RemoveOptions
  ) => Effect.Effect<void, BackendError.ContainerError>
  /** Waits until the container's process has ended, and returns its exit code. */
  readonly wait: (container: string) => Effect.Effect<number, BackendError.ContainerError>
  readonly inspect: (container: string) => Effect.Effect<ContainerInfo.ContainerInfo, BackendError.ContainerError>
  /** Lists containers in any state that match all label filters. */
  readonly list: (
    labels: ReadonlyArray<Label.Filter>
  ) => Effect.Effect<ReadonlyArray<ContainerInfo.ContainerInfo>, BackendError.EngineError>
  readonly logs: (
    container: string,
    options: LogOptions
  ) => Stream.Stream<Output.Output, BackendError.ContainerError>
  /** Samples the resource usage of a running container once, or with `follow` until it stops. */
  readonly stats: (
    container: string,
    options: { readonly follow: boolean }
  ) => Stream.Stream<ContainerInfo.Stats, BackendError.ContainerError>
  /** Lists the processes of a running container. */
  readonly processes: (
    container: string
  ) => Effect.Effect<ReadonlyArray<ContainerInfo.ProcessInfo>, BackendError.ContainerError>
  /** Creates an image from the container's file system, without volumes and other mounts. */
  readonly commit: (
    container: string,
    image: Reference.Reference,
    options: CommitOptions
  ) => Effect.Effect<ImageId.ImageId, BackendError.ContainerError>
}

/**
 * Operations that run commands in running containers.
 *
 * @since 0.1.0
 * @category models
 */
export interface Execs {
  /**
   * Runs a command, and streams its output and exit code, which the engine reports. Does not fail on a non-zero exit
   * code. Fails with `ExecFailed` if the command was never run, and with `EngineFailed` if the connection ends while it
   * runs.
   */
  readonly run: (
    container: string,
    exec: Exec.Exec
  ) => Stream.Stream<Output.ProcessEvent, BackendError.ContainerError | BackendError.ExecFailed>
  /** Executes a `Command` of `@effect/platform` in the container. */
  readonly executor: (container: string) => CommandExecutor.CommandExecutor
  /** Resolves a host name as the processes of the container do. The preferred address comes first. */
  readonly resolveHost: (
    container: string,
    host: HostName.HostName
  ) => Effect.Effect<
    Arr.NonEmptyReadonlyArray<IpAddress.IpAddress>,
    BackendError.ContainerError | BackendError.ExecFailed | BackendError.HostNotResolved
  >
}

/**
 * Operations on files of containers in any state, as tar archives. Paths are absolute.
 *
 * @since 0.1.0
 * @category models
 */
export interface Files {
  /**
   * Unpacks an archive into an existing directory, with the owners and permissions of the archive. Missing directories
   * are created; existing entries of the same kind are replaced.
   */
  readonly copyInto: <E>(
    container: string,
    directory: string,
    archive: Stream.Stream<Uint8Array, E>
  ) => Effect.Effect<void, BackendError.CopyError | E>
  /**
   * Reads a file, or a directory with everything in it, as an archive. The first entry is the file or directory itself;
   * the names of all others begin with its name. A symbolic link at the path is followed.
   */
  readonly copyOutOf: (container: string, path: string) => Stream.Stream<Uint8Array, BackendError.CopyError>
}

/**
 * Operations on images, which are addressed by reference or id. References have Docker's meaning on every engine:
 * `alpine` is `docker.io/library/alpine:latest`, and a tag is ignored beside a digest. Short names of Podman, such as
 * `app` for `localhost/app`, are found by Podman too.
 *
 * @since 0.1.0
 * @category models
 */
export interface Images {
  /** Pulls an image from its registry. Fails if the engine does not have the image afterwards. */
  readonly pull: (
    image: Reference.Reference,
    options: PullOptions
  ) => Stream.Stream<Transfer.Event, BackendError.TransferError>
  readonly push: (
    image: Reference.Reference,
    options: PushOptions
  ) => Stream.Stream<Transfer.Event, BackendError.TransferError>
  readonly inspect: (image: ImageKey) => Effect.Effect<ImageInfo.ImageInfo, BackendError.ImageError>
  /** Returns the steps that created the image, the last one first. */
  readonly history: (image: ImageKey) => Effect.Effect<ReadonlyArray<ImageInfo.HistoryStep>, BackendError.ImageError>
  /** Lists images that match all label filters. */
  readonly list: (
    labels: ReadonlyArray<Label.Filter>
  ) => Effect.Effect<ReadonlyArray<ImageInfo.ImageInfo>, BackendError.EngineError>
  /** Adds a reference to an image. Another image that has the reference loses it. */
  readonly tag: (image: ImageKey, name: Reference.Reference) => Effect.Effect<void, BackendError.ImageError>
  /**
   * Removes a reference, and the image with its last one. With `force`, also while containers use the image, which they
   * keep.
   */
  readonly remove: (
    image: ImageKey,
    options: { readonly force: boolean }
  ) => Effect.Effect<void, BackendError.ImageError>
  /** Loads the images of an archive. */
  readonly load: (archive: Archive) => Effect.Effect<LoadedImages, BackendError.EngineError>
  /** Saves all images to one archive in the format of `docker save`. */
  readonly save: (
    images: Arr.NonEmptyReadonlyArray<ImageKey>
  ) => Stream.Stream<Uint8Array, BackendError.ImageError>
  /** Creates an image from the files in an archive. */
  readonly import: (
    archive: Archive,
    image: Reference.Reference,
    options: ImportOptions
  ) => Effect.Effect<ImageId.ImageId, BackendError.EngineError>
  /** Removes images that no container uses. Returns the ids of removed images. */
  readonly prune: (
    options: PruneImagesOptions
  ) => Effect.Effect<ReadonlyArray<ImageId.ImageId>, BackendError.EngineError>
}

/**
 * Operation that builds images.
 *
 * @since 0.1.0
 * @category models
 */
export interface Builds {
  /** Builds an image, stores it under its reference, and reports progress. */
  readonly build: (
    request: BuildRequest
  ) => Stream.Stream<BuildEvent.BuildEvent, BackendError.BuildFailed | BackendError.EngineError>
}

/**
 * Operations on networks, which are addressed by id, or by name if it is unique.
 *
 * @since 0.1.0
 * @category models
 */
export interface Networks {
  /** Creates a network. Fails with `NameInUse` if a network of that name exists. */
  readonly create: (request: NetworkRequest) => Effect.Effect<NetworkInfo.Id, BackendError.CreateNetworkError>
  readonly inspect: (network: string) => Effect.Effect<NetworkInfo.NetworkInfo, BackendError.NetworkError>
  /** Lists networks that match all label filters. */
  readonly list: (
    labels: ReadonlyArray<Label.Filter>
  ) => Effect.Effect<ReadonlyArray<NetworkInfo.NetworkInfo>, BackendError.EngineError>
  /**
   * Removes a network. With `force`, disconnects containers in any state first; otherwise fails if any is connected. With
   * `unusedOnly`, fails also for connected containers that do not run, which some engines ignore. Default: false.
   */
  readonly remove: (
    network: string,
    options: { readonly force: boolean; readonly unusedOnly?: boolean | undefined }
  ) => Effect.Effect<void, BackendError.NetworkError | BackendError.ResourceInUse>
  readonly connect: (
    network: string,
    container: string,
    endpoint: Endpoint
  ) => Effect.Effect<void, BackendError.NetworkError | BackendError.ContainerNotFound>
  /** Disconnects a container; with `force`, also one that is stopped or partly removed. */
  readonly disconnect: (
    network: string,
    container: string,
    options: { readonly force: boolean }
  ) => Effect.Effect<void, BackendError.NetworkError | BackendError.ContainerNotFound>
}

/**
 * Operations on volumes, which are addressed by their full name.
 *
 * @since 0.1.0
 * @category models
 */
export interface Volumes {
  /** Creates a volume. An engine may succeed without a change if a volume of that name exists. */
  readonly create: (request: VolumeRequest) => Effect.Effect<void, BackendError.NameInUse | BackendError.EngineError>
  readonly inspect: (volume: string) => Effect.Effect<VolumeInfo.VolumeInfo, BackendError.VolumeError>
  /** Lists volumes that match all label filters. */
  readonly list: (
    labels: ReadonlyArray<Label.Filter>
  ) => Effect.Effect<ReadonlyArray<VolumeInfo.VolumeInfo>, BackendError.EngineError>
  /** Removes a volume. With `force`, removes containers that use it first; otherwise fails if there are any. */
  readonly remove: (
    volume: string,
    options: { readonly force: boolean }
  ) => Effect.Effect<void, BackendError.VolumeError | BackendError.ResourceInUse>
}

/**
 * Subscription to events of the engine.
 *
 * @since 0.1.0
 * @category models
 */
export interface Events {
  /**
   * Subscribes to events from the moment this succeeds, or from `since`, until the scope closes. Each event is delivered
   * once.
   */
  readonly subscribe: (
    filter: model.Filter
  ) => Effect.Effect<Stream.Stream<model.Event, BackendError.EngineError>, BackendError.EngineError, Scope.Scope>
}

/**
 * Reference or id of an image.
 *
 * @since 0.1.0
 * @category models
 */
export type ImageKey = requests.ImageKey

/**
 * Bytes of a tar archive. A failure of the stream becomes the `cause` of an `EngineFailed` with reason `InputFailed`.
 *
 * @since 0.1.0
 * @category models
 */
export type Archive = requests.Archive

/**
 * Images found in an archive.
 *
 * @since 0.1.0
 * @category models
 */
export type LoadedImages = requests.LoadedImages

/**
 * User name and password for a registry.
 *
 * @since 0.1.0
 * @category models
 */
export type Credentials = requests.Credentials

/**
 * Options of `images.push`.
 *
 * @since 0.1.0
 * @category models
 */
export type PushOptions = requests.PushOptions

/**
 * Options of `images.import`.
 *
 * @since 0.1.0
 * @category models
 */
export type ImportOptions = requests.ImportOptions

/**
 * Options of `images.prune`.
 *
 * @since 0.1.0
 * @category models
 */
export type PruneImagesOptions = requests.PruneImagesOptions

/**
 * Network to create. Users pass `Network.Options` to `Network.make`.
 *
 * @since 0.1.0
 * @category models
 */
export type NetworkRequest = requests.NetworkRequest

/**
 * Aliases and addresses of a container in a network.
 *
 * @since 0.1.0
 * @category models
 */
export type Endpoint = requests.Endpoint

/**
 * Volume to create. Users pass `Volume.Options` to `Volume.make`.
 *
 * @since 0.1.0
 * @category models
 */
export type VolumeRequest = requests.VolumeRequest

/**
 * Options of `containers.remove`.
 *
 * @since 0.1.0
 * @category models
 */
export type RemoveOptions = requests.RemoveOptions

/**
 * Options of `containers.logs`.
 *
 * @since 0.1.0
 * @category models
 */
export type LogOptions = requests.LogOptions

/**
 * Options of `containers.commit`.
 *
 * @since 0.1.0
 * @category models
 */
export type CommitOptions = requests.CommitOptions

/**
 * Options of `images.pull`.
 *
 * @since 0.1.0
 * @category models
 */
export type PullOptions = requests.PullOptions

/**
 * Image to build, see the combinators of `Build`.
 *
 * @since 0.1.0
 * @category models
 */
export type BuildRequest = requests.BuildRequest

/**
 * Secret of a build: a value, or a file on this machine that holds it.
 *
 * @since 0.1.0
 * @category models
 */
export type BuildSecret = requests.BuildSecret
