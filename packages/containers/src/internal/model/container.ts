import type * as CommandExecutor from "@effect/platform/CommandExecutor"
import type * as Reference from "@ociman/oci/Reference"
import type * as Tar from "@ociman/oci/Tar"
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type * as Inspectable from "effect/Inspectable"
import type * as Layer from "effect/Layer"
import type { Pipeable } from "effect/Pipeable"
import type * as Stream from "effect/Stream"
import type * as BackendError from "../../BackendError.js"
import type * as ContainerId from "../../ContainerId.js"
import type * as ContainerInfo from "../../ContainerInfo.js"
import type * as ContainerName from "../../ContainerName.js"
import type * as Exec from "../../Exec.js"
import type * as ImageId from "../../ImageId.js"
import type * as Output from "../../Output.js"
import type * as ProcessInfo from "../../ProcessInfo.js"
import type * as Stats from "../../Stats.js"
import type { CommitOptions, LogOptions } from "./requests.js"

export const ContainerTypeId: unique symbol = Symbol.for("@ociman/containers/Container")

/**
 * The handle of a container.
 */
export interface Container extends Pipeable, Inspectable.Inspectable {
  readonly [ContainerTypeId]: typeof ContainerTypeId
  readonly id: ContainerId.ContainerId

  /** Runs a command inside and captures what it writes. An exit code other than zero is an `ExecFailed`. */
  readonly exec: (exec: Exec.Exec) => Effect.Effect<Exec.Result, ExecError>
  /** Runs a command inside and gives what it writes as it comes; fails at the end as {@link exec} does. */
  readonly execStream: (exec: Exec.Exec) => Stream.Stream<Output.Output, ExecError>
  /** Provides the platform's `Command` with processes inside this container. */
  readonly executor: Layer.Layer<CommandExecutor.CommandExecutor>

  /** Starts the process, if it is not running. */
  readonly start: Effect.Effect<void, BackendError.StartError>
  /** Asks the process to stop, and kills it when the grace period is over. A stopped container is no error. */
  readonly stop: (options?: StopOptions) => Effect.Effect<void, BackendError.ContainerError>
  /** Sends a signal, `SIGKILL` by default. */
  readonly kill: (signal?: string) => Effect.Effect<void, BackendError.ContainerError>
  readonly restart: (options?: StopOptions) => Effect.Effect<void, BackendError.StartError>
  /** Freezes all processes. */
  readonly pause: Effect.Effect<void, BackendError.ContainerError>
  readonly unpause: Effect.Effect<void, BackendError.ContainerError>
  /** Removes the container with its anonymous volumes. */
  readonly remove: (options?: RemoveOptions) => Effect.Effect<void, BackendError.ContainerError>
  /** Waits until the process has ended, and gives its exit code. */
  readonly wait: Effect.Effect<number, BackendError.ContainerError>
  readonly rename: (
    name: ContainerName.ContainerName
  ) => Effect.Effect<void, BackendError.ContainerError | BackendError.NameInUse>

  /**
   * Writes a file, whether the container runs or not; text as UTF-8. Owned by root and readable by all, if not said
   * otherwise. Directories that are not there are made.
   */
  readonly writeFile: (
    path: string,
    content: string | Uint8Array,
    attributes?: Tar.Attributes
  ) => Effect.Effect<void, BackendError.CopyError>
  /** The content of a file, whether the container runs or not. */
  readonly readFile: (path: string) => Effect.Effect<Uint8Array, BackendError.CopyError>
  /** The content of a file, as it comes. */
  readonly readFileStream: (path: string) => Stream.Stream<Uint8Array, BackendError.CopyError>
  /** The content of a file as UTF-8. */
  readonly readFileString: (path: string) => Effect.Effect<string, BackendError.CopyError>
  /** Unpacks an archive in the format of tar, such as one of `Tar.write`, into a directory that is there. */
  readonly copyInTar: <E>(
    directory: string,
    archive: Stream.Stream<Uint8Array, E>
  ) => Effect.Effect<void, BackendError.CopyError | E>
  /**
   * The archive of a file or directory, for `Tar.read`. Podman gives all in it to the user of the container's process;
   * what it holds is the container's word and may be hostile.
   */
  readonly copyOutTar: (path: string) => Stream.Stream<Uint8Array, BackendError.CopyError>

  /** What the running container uses now. */
  readonly stats: Effect.Effect<Stats.Stats, BackendError.ContainerError>
  /** What the container uses, about once a second until it stops. */
  readonly statsStream: Stream.Stream<Stats.Stats, BackendError.ContainerError>
  /** The processes of the running container. */
  readonly processes: Effect.Effect<ReadonlyArray<ProcessInfo.ProcessInfo>, BackendError.ContainerError>

  readonly inspect: Effect.Effect<ContainerInfo.ContainerInfo, BackendError.ContainerError>
  readonly name: Effect.Effect<string, BackendError.ContainerError>
  /** The labels that the definition and the image gave it, without those this library adds. */
  readonly labels: Effect.Effect<Readonly<Record<string, string>>, BackendError.ContainerError>
  readonly state: Effect.Effect<ContainerInfo.ContainerState, BackendError.ContainerError>
  /** What the container's process has written. */
  readonly logs: (options?: LogOptions) => Stream.Stream<Output.Output, BackendError.ContainerError>
  /** Where a port of the container is reached from here. */
  readonly address: (
    port: number,
    protocol?: "tcp" | "udp" | "sctp"
  ) => Effect.Effect<Address, BackendError.ContainerError | BackendError.PortNotPublished>
  /**
   * Stores the container's file system as an image, and gives the image's id. Volumes and other mounts are not part of
   * it: what was written there is not in the image.
   */
  readonly commit: (
    image: Reference.Reference,
    options?: CommitOptions
  ) => Effect.Effect<ImageId.ImageId, BackendError.ContainerError>
}

/**
 * What running a command inside a container may fail with.
 */
export type ExecError = BackendError.ContainerError | BackendError.ExecFailed

/**
 * Where something is reached. An IPv6 host stands without brackets.
 */
export interface Address {
  readonly host: string
  readonly port: number
}

export interface StopOptions {
  /** How long the process has to stop. Default: the definition's stop timeout, else 10 seconds. */
  readonly grace?: Duration.DurationInput | undefined
}

export interface RemoveOptions {
  /** Stop it first if it runs. Default: false, which makes removing a running container an error. */
  readonly force?: boolean | undefined
  /** Remove its anonymous volumes too. Default: true. */
  readonly volumes?: boolean | undefined
  /** How long a running container has to stop. Default: none, it is killed at once. */
  readonly grace?: Duration.DurationInput | undefined
}

export interface RunOptions {
  /** What the container's process reads. Default: nothing. */
  readonly stdin?: Exec.Stdin | undefined
  /** Take any exit code for a result. Default: an exit code other than zero is a `RunFailed`. */
  readonly anyExitCode?: boolean | undefined
  /** How many bytes of each of stdout and stderr are captured. Default: 16 MiB. */
  readonly outputLimit?: number | undefined
}
